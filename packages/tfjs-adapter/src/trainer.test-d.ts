import type { Trainer } from '@attune/core'
import * as tf from '@tensorflow/tfjs'
import { expectTypeOf, test } from 'vitest'
import { tfjsTrainer, wasm, type OptimizerSpec } from './index.ts'

interface Params {
  readonly units: number
  readonly learningRate: number
  readonly optimizer: { readonly type: 'sgd'; readonly momentum: number } | { readonly type: 'adam' }
}

const data = { train: { x: { data: new Float32Array(4), shape: [2, 2] }, y: [0, 1] } }

test('the parameters of build are those of the study', () => {
  const trainer: Trainer<Params> = tfjsTrainer({
    tf,
    backend: wasm(),
    data,
    epochs: 3,
    loss: 'categoricalCrossentropy',
    build: (params, own, { seed }) => {
      expectTypeOf(params).toEqualTypeOf<Params>()
      expectTypeOf(own).toEqualTypeOf<typeof tf>()
      expectTypeOf(seed).toEqualTypeOf<number>()
      return own.sequential()
    },
    // A branch of the space is an optimiser as it is, but for the learning rate that the branches share.
    optimizer: ({ optimizer, learningRate }) => ({ ...optimizer, learningRate }),
  })
  expectTypeOf(trainer).toEqualTypeOf<Trainer<Params>>()
})

test('wrong names fail where they are', () => {
  // @ts-expect-error not a loss
  tfjsTrainer<Params>({ tf, backend: wasm(), data, epochs: 1, build: () => tf.sequential(), loss: 'crossEntropy' })
  // @ts-expect-error not a metric
  tfjsTrainer<Params>({ tf, backend: wasm(), data, epochs: 1, build: () => tf.sequential(), loss: 'hinge', metrics: ['acc'] })
  // @ts-expect-error adam has no momentum
  const spec: OptimizerSpec = { type: 'adam', learningRate: 1, momentum: 0.5 }
  expectTypeOf(spec).toExtend<OptimizerSpec>()
})
