/** A training that computes on one core, loaded by the child processes of cores.ts. */
import { readFileSync } from 'node:fs'
import type { Trainer } from '@attune/core'
import { tfjsTrainer, wasm } from '@attune/tfjs-adapter'
import * as tf from '@tensorflow/tfjs'

interface Params {
  readonly epochs: number
}

/** The 1,797 digits of 8 × 8 pixels that the examples bring: what they show, then 64 grey values from 0 to 16. */
function digits(): { readonly x: { readonly data: Float32Array; readonly shape: readonly [number, 64] }; readonly y: readonly number[] } {
  const lines = readFileSync(new URL('../../examples/data/digits-8x8.txt', import.meta.url), 'utf8').trim().split('\n')
  return {
    x: { data: Float32Array.from(lines.flatMap((line) => Array.from(line.slice(1), (pixel) => parseInt(pixel, 17) / 16))), shape: [lines.length, 64] },
    y: lines.map((line) => Number(line[0])),
  }
}

/** A network of two hidden layers with 256 units, by TensorFlow.js on WebAssembly: one thread. */
export const training: Trainer<Params> = tfjsTrainer<Params>({
  tf,
  backend: wasm(),
  build: () => {
    const model = tf.sequential()
    model.add(tf.layers.dense({ units: 256, activation: 'relu', inputShape: [64] }))
    model.add(tf.layers.dense({ units: 256, activation: 'relu' }))
    model.add(tf.layers.dense({ units: 10, activation: 'softmax' }))
    return model
  },
  data: () => ({ train: digits() }),
  epochs: ({ epochs }) => epochs,
  loss: 'categoricalCrossentropy',
  restoreBest: false,
})
