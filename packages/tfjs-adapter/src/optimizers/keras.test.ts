import { readFileSync } from 'node:fs'
import * as tf from '@tensorflow/tfjs'
import { beforeAll, expect, it } from 'vitest'
import { cpu } from '../backends/cpu.ts'
import { createStepOptimizer } from './create-step-optimizer.ts'
import type { OptimizerSpec } from './optimizer-spec.ts'

/** Weights by optimiser and step; made by scripts/reference-rates.py. */
const reference = JSON.parse(readFileSync(new URL('../../fixtures/reference-optimizers.json', import.meta.url), 'utf8')) as { readonly [name: string]: { readonly [step: string]: readonly number[] } }

beforeAll(() => cpu().activate(tf))

it.each<[string, OptimizerSpec]>([
  ['sgd', { type: 'sgd', learningRate: 0.1 }],
  ['momentum', { type: 'momentum', learningRate: 0.1 }],
  ['nesterov', { type: 'nesterov', learningRate: 0.1 }],
  ['adam', { type: 'adam', learningRate: 0.01 }],
  ['adamw', { type: 'adamw', learningRate: 0.01 }],
  ['adamax', { type: 'adamax', learningRate: 0.01 }],
  ['rmsprop', { type: 'rmsprop', learningRate: 0.01 }],
  ['rmsprop with momentum', { type: 'rmsprop', learningRate: 0.01, momentum: 0.9 }],
  ['rmsprop, centred', { type: 'rmsprop', learningRate: 0.01, momentum: 0.5, centered: true, epsilon: 1e-3 }],
  ['adagrad', { type: 'adagrad', learningRate: 0.1 }],
  ['lamb', { type: 'lamb', learningRate: 0.01 }],
  ['lion', { type: 'lion', learningRate: 0.01 }],
  ['lion with decay', { type: 'lion', learningRate: 0.01, weightDecay: 0.1 }],
])('%s is that of Keras, with its defaults', (name, spec) => {
  const weight = { key: 'kernel', variable: tf.tidy(() => tf.variable(tf.tensor1d([0.5, -1, 2, 0.01]))), rateScale: 1, decay: true }
  const optimizer = createStepOptimizer(tf, spec)
  const found: { [step: string]: number[] } = {}
  for (let step = 1; step <= 30; step++) {
    const gradient = tf.tensor1d([0, 1, 2, 3].map((i) => Math.sin(1.3 * step + i) * 0.5 + 0.1))
    optimizer.apply([weight], { kernel: gradient }, spec.learningRate)
    gradient.dispose()
    if (String(step) in reference[name]!) found[step] = [...weight.variable.dataSync()]
  }
  optimizer.dispose()
  weight.variable.dispose()
  expect(found).toEqual(Object.fromEntries(Object.entries(reference[name]!).map(([step, values]) => [step, values.map((value) => expect.closeTo(value, 5) as unknown)])))
})
