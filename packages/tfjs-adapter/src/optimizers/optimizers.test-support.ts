import * as tf from '@tensorflow/tfjs'
import type { OptimizerSpec } from './optimizer-spec.ts'
import type { StepOptimizer, TrainableWeight } from './step-optimizer.ts'

/** One of each, every optional part of each at least once. */
export const SPECS: readonly OptimizerSpec[] = [
  { type: 'sgd', learningRate: 0.1 },
  { type: 'sgd', learningRate: 0.1, momentum: 0.8, nesterov: true },
  { type: 'momentum', learningRate: 0.05 },
  { type: 'nesterov', learningRate: 0.05, momentum: 0.7 },
  { type: 'adam', learningRate: 0.01 },
  { type: 'adam', learningRate: 0.01, beta1: 0, beta2: 0.9, epsilon: 1e-3 },
  { type: 'adamw', learningRate: 0.01 },
  { type: 'adamax', learningRate: 0.02 },
  { type: 'rmsprop', learningRate: 0.01 },
  { type: 'rmsprop', learningRate: 0.01, momentum: 0.9, rho: 0.95 },
  { type: 'rmsprop', learningRate: 0.01, centered: true, epsilon: 1e-3 },
  { type: 'rmsprop', learningRate: 0.01, centered: true, momentum: 0.5, epsilon: 1e-3 },
  { type: 'adagrad', learningRate: 0.1 },
  { type: 'adagrad', learningRate: 0.1, initialAccumulator: 0 },
  { type: 'lamb', learningRate: 0.01 },
  { type: 'lion', learningRate: 0.003 },
]

export function nameOf(spec: OptimizerSpec): string {
  return JSON.stringify(spec).replaceAll('"', '')
}

export const SHAPES: { readonly [key: string]: readonly number[] } = { '0/kernel': [3, 3, 2, 4], '0/bias': [4], '2/kernel': [5, 2] }

/** Three weights that a network might have: the bias does not decay, the last layer moves at half the rate. */
export function weightsOf(): TrainableWeight[] {
  return Object.entries(SHAPES).map(([key, shape], index) => ({ key, variable: tf.tidy(() => tf.variable(tf.tensor(noise(sizeOf(shape), 11 + index), [...shape]))), rateScale: key.startsWith('2') ? 0.5 : 1, decay: key.endsWith('kernel') }))
}

/** Numbers that depend on step and key alone. */
export function gradientNumbers(step: number, key: string): Float32Array {
  return noise(sizeOf(SHAPES[key]!), 1000 * step + key.charCodeAt(0) * 7 + key.length)
}

/** `count` steps from `first` on, at the rates of `rateOf`. */
export function descend(optimizer: StepOptimizer, weights: readonly TrainableWeight[], first: number, count: number, rateOf: (step: number) => number): void {
  for (let step = first; step < first + count; step++) {
    const gradients = Object.fromEntries(weights.map(({ key, variable }) => [key, tf.tensor(gradientNumbers(step, key), variable.shape)]))
    optimizer.apply(weights, gradients, rateOf(step))
    tf.dispose(gradients)
  }
}

export function valuesOf(weights: readonly TrainableWeight[]): Float32Array[] {
  return weights.map(({ variable }) => Float32Array.from(variable.dataSync()))
}

export function disposeWeights(weights: readonly TrainableWeight[]): void {
  for (const { variable } of weights) variable.dispose()
}

/** From -1 to 1, the same in every run. */
function noise(length: number, seed: number): Float32Array {
  let state = seed
  return Float32Array.from({ length }, () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 31 - 1)
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, length) => size * length, 1)
}
