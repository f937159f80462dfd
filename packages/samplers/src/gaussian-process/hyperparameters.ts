import type { Json } from '@attune/core'
import type { Layout } from './layout.ts'

/**
 * The hyperparameters of a Gaussian process as one vector of logarithms: signal variance, noise variance, a weight for each axis, then
 * a and b of the warp for each number. Those of axes that a growing space gains come last of their kind.
 */
export type LogHyperparameters = Float64Array

export const atSignal = 0
export const atNoise = 1
export const atWeights = 2

export function atWarps({ width }: Layout): number {
  return atWeights + width
}

export function lengthOf({ width, numbers }: Layout): number {
  return atWeights + width + 2 * numbers.length
}

/** Where a first fit begins, and what is used when fits fail: all 1, noise .01. */
export function defaults(layout: Layout): LogHyperparameters {
  const vector = new Float64Array(lengthOf(layout))
  vector[atNoise] = Math.log(0.01)
  return vector
}

/** What the history keeps of a fit, in a note that has 4 kB with the explanation. */
export interface FitNote {
  /** Number of observations when it was fitted. */
  readonly fitted: number
  /** The logarithms with four decimals, three characters each: those of signal and noise, of the weights, and of the warps. */
  readonly scales: string
  readonly weights: string
  readonly warps: string
}

/** Longer notes are not kept. */
const mostCharacters = 3000
const perUnit = 1e4
/** Logarithms from −14 to 12.2 have a word of 18 bits. */
const lowest = 14 * perUnit
const words = 2 ** 18
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** What is kept in the note, as it will be read: rounded. */
export function rounded(vector: LogHyperparameters): LogHyperparameters {
  return vector.map((one) => (wordOf(one) - lowest) / perUnit)
}

/** @param fitted how many observations there were when it was fitted */
export function noteOf(layout: Layout, vector: LogHyperparameters, fitted: number): Json | undefined {
  if (3 * vector.length > mostCharacters) return undefined
  const warps = atWarps(layout)
  return { fitted, scales: written(vector.subarray(0, atWeights)), weights: written(vector.subarray(atWeights, warps)), warps: written(vector.subarray(warps)) }
}

export function isFitNote(note: unknown): note is FitNote {
  if (typeof note !== 'object' || note === null || Array.isArray(note)) return false
  const { fitted, scales, weights, warps } = note as Record<string, unknown>
  return typeof fitted === 'number' && [scales, weights, warps].every((one) => typeof one === 'string' && /^(?:[A-Za-z0-9+/]{3})*$/.test(one)) && (scales as string).length === 6
}

/** True if a note is of as many axes and numbers as there are: a space may have gained some. */
export function fits({ width, numbers }: Layout, { weights, warps }: FitNote): boolean {
  return weights.length === 3 * width && warps.length === 6 * numbers.length
}

/** The hyperparameters of a note, with defaults for axes that the space did not have then. */
export function fromNote(layout: Layout, { scales, weights, warps }: FitNote): LogHyperparameters {
  const vector = defaults(layout)
  vector.set(read(scales))
  vector.set(read(weights).slice(0, layout.width), atWeights)
  vector.set(read(warps).slice(0, 2 * layout.numbers.length), atWarps(layout))
  return vector
}

function wordOf(logarithm: number): number {
  return Math.min(words - 1, Math.max(0, Math.round(logarithm * perUnit) + lowest))
}

function written(vector: Float64Array): string {
  return Array.from(vector, (one) => {
    const word = wordOf(one)
    return `${alphabet[word >> 12]}${alphabet[(word >> 6) & 63]}${alphabet[word & 63]}`
  }).join('')
}

function read(text: string): Float64Array {
  return Float64Array.from({ length: text.length / 3 }, (_, i) => {
    const [a, b, c] = Array.from(text.slice(3 * i, 3 * i + 3), (letter) => Math.max(0, alphabet.indexOf(letter))) as [number, number, number]
    return ((a << 12) + (b << 6) + c - lowest) / perUnit
  })
}
