import { readFileSync } from 'node:fs'

/** Digits of 8 × 8 pixels, as scikit-learn's `load_digits`: rows of 64 grey values from 0 to 16, and what they show. */
export interface Digits {
  readonly x: readonly Float32Array[]
  readonly y: readonly number[]
}

/** The first `count` of the 1,797 digits. */
export function loadDigits(count = 1797): Digits {
  const lines = readFileSync(new URL('../../data/digits-8x8.txt', import.meta.url), 'utf8').trim().split('\n').slice(0, count)
  return { x: lines.map((line) => Float32Array.from(line.slice(1), (pixel) => parseInt(pixel, 17))), y: lines.map((line) => Number(line[0])) }
}

/** Rows from `begin` to `end`, flat and scaled to [0, 1], with their shape: as TensorFlow.js takes them. */
export function tensorsOf({ x, y }: Digits, begin: number, end: number): { readonly x: { readonly data: Float32Array; readonly shape: readonly [number, 64] }; readonly y: readonly number[] } {
  const rows = x.slice(begin, end)
  return { x: { data: Float32Array.from(rows.flatMap((row) => Array.from(row, (pixel) => pixel / 16))), shape: [rows.length, 64] }, y: y.slice(begin, end) }
}

/** Training and test rows of each fold: consecutive rows of equal number, not shuffled, as scikit-learn's `KFold(folds)`. The rows must divide evenly. */
export function kFold({ x, y }: Digits, folds: number): readonly { readonly training: Digits; readonly test: Digits }[] {
  const size = x.length / folds
  return Array.from({ length: folds }, (_, fold) => {
    const [begin, end] = [fold * size, (fold + 1) * size]
    return {
      training: { x: [...x.slice(0, begin), ...x.slice(end)], y: [...y.slice(0, begin), ...y.slice(end)] },
      test: { x: x.slice(begin, end), y: y.slice(begin, end) },
    }
  })
}
