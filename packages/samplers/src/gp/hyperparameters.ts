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

/** A larger note than so many characters is not kept: notes have 4 kB with the explanation. */
const longestNote = 3000
const digits = 1e4

/** What the history keeps of a fit: `signal`, `noise`, `weights` and `warps` in logarithms with four decimals. */
export interface FitNote {
  readonly fitted: number
  readonly signal: number
  readonly noise: number
  readonly weights: readonly number[]
  readonly warps: readonly number[]
}

/** What is kept in the note, as it will be read: rounded. */
export function rounded(vector: LogHyperparameters): LogHyperparameters {
  return vector.map((one) => Math.round(one * digits) / digits + 0) // −0 is not what JSON reads back
}

/** @param fitted how many observations the fit saw */
export function noteOf(layout: Layout, vector: LogHyperparameters, fitted: number): Json | undefined {
  const warps = atWarps(layout)
  const note = { fitted, signal: vector[atSignal] as number, noise: vector[atNoise] as number, weights: [...vector.subarray(atWeights, warps)], warps: [...vector.subarray(warps)] }
  return JSON.stringify(note).length > longestNote ? undefined : note
}

export function isFitNote(note: unknown): note is FitNote {
  if (typeof note !== 'object' || note === null || Array.isArray(note)) return false
  const { fitted, signal, noise, weights, warps } = note as Record<string, unknown>
  const areNumbers = (list: unknown): boolean => Array.isArray(list) && list.every((one) => typeof one === 'number')
  return [fitted, signal, noise].every((one) => typeof one === 'number') && areNumbers(weights) && areNumbers(warps)
}

/** The hyperparameters of a note, with defaults for axes that the space did not have then. */
export function fromNote(layout: Layout, { signal, noise, weights, warps }: FitNote): LogHyperparameters {
  const vector = defaults(layout)
  vector[atSignal] = signal
  vector[atNoise] = noise
  vector.set(weights.slice(0, layout.width), atWeights)
  vector.set(warps.slice(0, 2 * layout.numbers.length), atWarps(layout))
  return vector
}
