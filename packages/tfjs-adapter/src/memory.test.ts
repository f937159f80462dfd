import * as tf from '@tensorflow/tfjs'
import { expect, it } from 'vitest'
import { cpu, wasm, type Backend, type OptimizerSpec } from './index.ts'
import { buildConvnet, buildDense, convnetTrainer, data, run, trialOf } from './training.test-support.ts'

const optimizers: readonly OptimizerSpec['type'][] = ['sgd', 'momentum', 'nesterov', 'adam', 'adamw', 'rmsprop', 'adagrad', 'adamax']

/** What TensorFlow.js holds: tensors, their bytes, and variables by name. */
function held(): readonly [tensors: number, bytes: number, variables: number] {
  const { numTensors, numBytes } = tf.memory()
  return [numTensors, numBytes, Object.keys((tf.engine() as unknown as { readonly registeredVariables: object }).registeredVariables).length]
}

/** Fails in the middle of a gradient. */
function broken(truth: tf.Tensor, prediction: tf.Tensor): tf.Tensor {
  tf.sub(truth, tf.mean(prediction))
  throw new Error('no such metric')
}

it.each<[Backend, boolean]>([[wasm(), true], [cpu(), false]])('two hundred trials on $name, however they end, leave not a tensor, byte or variable behind', async (backend, convolution) => {
  await backend.activate(tf)
  const trainer = convnetTrainer({
    backend,
    build: convolution ? buildConvnet : buildDense,
    metrics: ({ learningRate }) => (learningRate > 1 ? [broken] : ['accuracy']),
    data: { train: data.train, validation: { split: 0.25, stratify: true } },
    epochs: 2,
    optimizer: ({ learningRate }) => ({ type: optimizers[Math.round(learningRate * 1e4) % optimizers.length]!, learningRate }),
  })
  const outcomes = { complete: 0, restored: 0, 'given up': 0, aborted: 0, failed: 0 }
  let checkpoint: Uint8Array | undefined
  let before: ReturnType<typeof held> | undefined
  let heap = 0
  for (let number = 0; number < 200; number++) {
    const controller = new AbortController()
    const kind = (['complete', 'restored', 'given up', 'aborted', 'failed'] as const)[number % 5]!
    const trial = trialOf(kind === 'failed' ? { learningRate: 2 } : { learningRate: (number + 1) * 1e-4 }, { number, seed: number, signal: controller.signal, resumeFrom: kind === 'restored' ? { step: 1, bytes: checkpoint! } : undefined })
    if (kind === 'given up') {
      const training = trainer.train(trial)
      await training.next()
      await training.return(undefined)
    } else if (kind === 'failed') {
      await expect(run(trainer, trial)).rejects.toThrow('no such metric')
    } else {
      await run(trainer, trial, async (report) => {
        if (report.step === 1) checkpoint = await report.checkpoint!()
        if (kind === 'aborted') controller.abort()
      })
    }
    outcomes[kind]++
    expect(trial.warnings.filter((warning) => warning.includes('in memory'))).toEqual([])
    before ??= held()
    expect(held(), `after trial ${number}, which was ${kind}`).toEqual(before)
    if (backend.name === 'wasm') {
      const { HEAPU8 } = (tf.backend() as unknown as { readonly wasm: { readonly HEAPU8: Uint8Array } }).wasm
      if (number === 9) heap = HEAPU8.length
      if (number > 9) expect(HEAPU8.length).toBe(heap)
    }
  }
  expect(outcomes).toEqual({ complete: 40, restored: 40, 'given up': 40, aborted: 40, failed: 40 })
  await trainer.release?.()
})
