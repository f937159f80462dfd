import { ThreefryRandom } from 'attune'
import { pixels, readDigits } from '../mnist/digits.ts'

/** Images of 14 × 14 grey values, and which of five digits they show, counted from 0. */
export interface Samples {
  readonly x: { readonly data: Float32Array; readonly shape: readonly number[] }
  readonly y: Uint8Array
}

/** Five digits to learn from plenty of samples, and five others to which that is to be transferred. */
export interface Tasks {
  /** 0 to 4. */
  readonly source: { readonly train: Samples; readonly validation: Samples }
  /** 5 to 9: `draw` gives so many of each, others for each seed, out of samples that are in neither set. */
  readonly target: { draw(perDigit: number, seed: number): Samples; readonly validation: Samples; readonly test: Samples }
}

const side = 14

/** The split is the same in every run. */
export function readTasks(): Tasks {
  const { images, labels } = readDigits()
  const rows = shuffled(Array.from(labels, (_, row) => row), 0)
  const [source, target] = [rows.filter((row) => labels[row]! < 5), rows.filter((row) => labels[row]! >= 5)]
  const samples = (chosen: readonly number[]): Samples => ({ x: { data: halved(images, chosen), shape: [chosen.length, side, side, 1] }, y: Uint8Array.from(chosen, (row) => labels[row]! % 5) })
  const pool = target.slice(1800)
  return {
    source: { train: samples(source.slice(0, 2000)), validation: samples(source.slice(2000, 2400)) },
    target: {
      draw(perDigit, seed) {
        const order = shuffled(pool, seed)
        return samples([5, 6, 7, 8, 9].flatMap((digit) => order.filter((row) => labels[row] === digit).slice(0, perDigit)))
      },
      validation: samples(target.slice(0, 300)),
      test: samples(target.slice(300, 1800)),
    },
  }
}

function shuffled(rows: readonly number[], seed: number): number[] {
  const stream = new ThreefryRandom(seed).stream(-1, 'shuffle')
  const order = [...rows]
  for (let i = order.length - 1; i > 0; i--) {
    const j = stream.integer(i + 1)
    ;[order[i], order[j]] = [order[j]!, order[i]!]
  }
  return order
}

/** Means of 2 × 2 pixels: a quarter of the work. */
function halved(images: Float32Array, rows: readonly number[]): Float32Array {
  const small = new Float32Array(rows.length * side * side)
  for (const [i, row] of rows.entries()) {
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++) {
        const at = row * pixels + 2 * y * 28 + 2 * x
        small[(i * side + y) * side + x] = (images[at]! + images[at + 1]! + images[at + 28]! + images[at + 29]!) / 4
      }
    }
  }
  return small
}
