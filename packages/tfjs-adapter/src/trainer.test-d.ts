import { createStudy, float, type Trainer } from '@attune/core'
import * as tf from '@tensorflow/tfjs'
import { expectTypeOf, test } from 'vitest'
import { customTrainer, tfjsTrainer, wasm, type OptimizerSpec } from './index.ts'

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

test('a loss for each output, and functions of the parameters', () => {
  tfjsTrainer<Params>({
    tf,
    backend: wasm(),
    data,
    epochs: ({ units }) => units,
    build: () => tf.sequential(),
    loss: ({ units }) => ({ kind: units > 3 ? 'hinge' : 'poisson', size: (truth, prediction) => tf.squaredDifference(truth, prediction) }),
    lossWeights: { kind: 0.5 },
    metrics: { kind: ['accuracy'] },
    schedule: ({ learningRate }) => ({ type: 'cosine', floor: learningRate }),
    clip: { norm: 1 },
    report: { steps: 10 },
    validate: 'epoch',
    earlyStopping: { patience: 3 },
    checkpoints: { keep: { best: 2, last: true }, maxBytes: 1e6 },
  })
  // @ts-expect-error either norm or value
  tfjsTrainer<Params>({ tf, backend: wasm(), data, epochs: 1, build: () => tf.sequential(), loss: 'hinge', clip: { size: 1 } })
  // @ts-expect-error not an interval
  tfjsTrainer<Params>({ tf, backend: wasm(), data, epochs: 1, build: () => tf.sequential(), loss: 'hinge', report: 'batch' })
})

test('the state of a custom trainer is what init returns, and its parameters are those of the study', async () => {
  const study = await createStudy({ space: { learningRate: float(0.1, 1) } })
  await study.optimize(customTrainer({
    tf,
    backend: wasm(),
    data,
    epochs: 1,
    init: (params: { readonly learningRate: number }) => ({ weight: tf.variable(tf.scalar(params.learningRate)), net: tf.sequential() }),
    step: ({ weight, net }, batch, { params, training, seed }) => {
      expectTypeOf(weight).toExtend<tf.Variable>()
      expectTypeOf(net).toEqualTypeOf<tf.Sequential>()
      expectTypeOf(batch.x).toEqualTypeOf<tf.Tensor>()
      expectTypeOf(params.learningRate).toEqualTypeOf<number>()
      expectTypeOf([training, seed] as const).toEqualTypeOf<readonly [boolean, number]>()
      return { loss: tf.mul(weight, params.learningRate) }
    },
    model: ({ net }) => net,
  }), { trials: 1 })
})
