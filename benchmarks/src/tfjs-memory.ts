/**
 * What 400 trials leave in memory: resident memory and JavaScript heap after a collection, tensors and the heap of WebAssembly, every 50 trials of a study
 * that trains small convolutional nets: node --expose-gc --conditions=attune-source src/tfjs-memory.ts
 */
import { setImmediate as turn } from 'node:timers/promises'
import { createStudy, float, int, maximize, ThreefryRandom } from '@attune/core'
import { tfjsTrainer, wasm } from '@attune/tfjs-adapter'
import * as tf from '@tensorflow/tfjs'
import { storeResult } from './machine.ts'

const samples = 200
const stream = new ThreefryRandom(1).stream(0, 'benchmark')
const data = Float32Array.from({ length: samples * 144 }, () => stream.uniform())
const labels = Int32Array.from({ length: samples }, () => stream.integer(4))

const study = await createStudy({ name: 'memory', space: { filters: int(4, 12), learningRate: float(1e-4, 1e-2, { scale: 'log' }) }, objective: maximize('valAccuracy'), seed: 1 })
const trainer = tfjsTrainer<{ readonly filters: number; readonly learningRate: number }>({
  tf,
  backend: wasm(),
  build: ({ filters }) => tf.sequential({
    layers: [
      tf.layers.conv2d({ filters, kernelSize: 3, activation: 'relu', inputShape: [12, 12, 1] }),
      tf.layers.batchNormalization(),
      tf.layers.maxPooling2d({ poolSize: 2 }),
      tf.layers.flatten(),
      tf.layers.dropout({ rate: 0.2 }),
      tf.layers.dense({ units: 4, activation: 'softmax' }),
    ],
  }),
  data: { train: { x: { data, shape: [samples, 12, 12, 1] }, y: labels }, validation: { split: 0.25 } },
  epochs: 2,
  loss: 'categoricalCrossentropy',
  metrics: ['accuracy'],
  optimizer: ({ learningRate }) => ({ type: 'adam', learningRate }),
})

interface Row {
  readonly trials: number
  readonly residentMiB: number
  readonly heapMiB: number
  readonly wasmMiB: number
  readonly tensors: number
}

const mebibytes = (bytes: number): number => Number((bytes / 2 ** 20).toFixed(1))
const rows: Row[] = []
for (let trials = 0; trials < 400; trials += 50) {
  await study.optimize(trainer, { trials: 50 })
  for (let i = 0; i < 3; i++) {
    globalThis.gc?.()
    await turn()
  }
  const { rss, heapUsed } = process.memoryUsage()
  const { wasm: module } = tf.backend() as unknown as { readonly wasm: { readonly HEAPU8: Uint8Array } }
  rows.push({ trials: trials + 50, residentMiB: mebibytes(rss), heapMiB: mebibytes(heapUsed), wasmMiB: mebibytes(module.HEAPU8.length), tensors: tf.memory().numTensors })
  console.log(rows.at(-1))
}
await study.close()
storeResult('tfjs-memory', { command: 'node --expose-gc --conditions=attune-source benchmarks/src/tfjs-memory.ts', tfjs: tf.version_core, rows })
