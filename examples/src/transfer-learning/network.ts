import * as tf from '@tensorflow/tfjs'
import { constant, createStudy, maximize, MemoryArtifacts, type Evaluator, type Trainer } from 'attune'
import { loadModel, tfjsTrainer, transferLearning, wasm, type TrainingData } from '@attune/tfjs-adapter'
import type { Samples, Tasks } from './tasks.ts'

/** Layers of the base that have weights. */
export const units = 5

/** A small convolutional network for five digits. */
function buildNetwork(): tf.LayersModel {
  return tf.sequential({ layers: [
    tf.layers.conv2d({ name: 'conv1', filters: 8, kernelSize: 3, padding: 'same', activation: 'relu', inputShape: [14, 14, 1] }),
    tf.layers.maxPooling2d({ poolSize: 2 }),
    tf.layers.conv2d({ name: 'conv2', filters: 16, kernelSize: 3, padding: 'same', activation: 'relu' }),
    tf.layers.maxPooling2d({ poolSize: 2 }),
    tf.layers.conv2d({ name: 'conv3', filters: 16, kernelSize: 3, padding: 'same', activation: 'relu' }),
    tf.layers.flatten(),
    tf.layers.dense({ name: 'dense1', units: 32, activation: 'relu' }),
    tf.layers.dense({ name: 'dense2', units: 16, activation: 'relu' }),
    tf.layers.dense({ name: 'digits', units: 5, activation: 'softmax' }),
  ] })
}

/** How everything here is trained. */
const training = { tf, backend: wasm(), loss: 'categoricalCrossentropy', metrics: ['accuracy'], optimizer: { type: 'adam', learningRate: 0.003 } } as const

/** The base: the network, trained on the digits 0 to 4. Its bytes, and its accuracy on digits that it has not seen. */
export async function trainBase({ source }: Tasks): Promise<{ readonly bytes: Uint8Array; readonly accuracy: number }> {
  const study = await createStudy({ name: 'base', space: { epochs: constant(5) }, objective: maximize('valAccuracy'), artifacts: new MemoryArtifacts(), seed: 1, progress: false })
  await study.optimize(tfjsTrainer({ ...training, build: buildNetwork, data: source, epochs: ({ epochs }) => epochs }), { trials: 1 })
  const artifact = await study.best.artifact()
  return { bytes: artifact!.bytes, accuracy: study.best.value }
}

/** Few samples of the new digits, and how often they are gone through. */
export interface Lesson {
  readonly data: TrainingData
  readonly epochs: number
}

/** One report, at the end: judging after each of these short epochs would take longer than they do. */
function once({ data, epochs }: Lesson): { readonly data: TrainingData; readonly epochs: number; readonly batchSize: number; readonly report: { readonly steps: number } } {
  const batchSize = 10
  return { data, epochs, batchSize, report: { steps: epochs * Math.ceil((data.train as Samples).y.length / batchSize) } }
}

/** Moves the base to the new digits. */
export function transfer(base: Uint8Array, lesson: Lesson): Trainer<{ readonly freezeRatio: number }> {
  return transferLearning({
    ...training,
    ...once(lesson),
    base,
    baseOutput: 'dense2',
    head: (features) => tf.layers.dense({ units: 5, activation: 'softmax' }).apply(features),
    freeze: (params) => params,
  })
}

/** Learns the new digits without the base. */
export function fromScratch(lesson: Lesson): Trainer<{ readonly freezeRatio: number }> {
  return tfjsTrainer({ ...training, ...once(lesson), build: buildNetwork })
}

/** Judges a trained network on digits that neither training nor the choice of a ratio has seen. */
export function onTest({ x, y }: Samples): Evaluator {
  return {
    specVersion: 'v1',
    id: 'test digits',
    exclusive: false,
    async evaluate(artifact) {
      const model = await loadModel(tf, await artifact.bytes())
      try {
        const correct = tf.tidy(() => {
          const answers = model.predict(tf.tensor(x.data, [...x.shape]), { batchSize: 500 }) as tf.Tensor
          return tf.sum(tf.equal(tf.argMax(answers, 1), tf.tensor1d(y, 'int32'))).dataSync()[0]!
        })
        return { testAccuracy: correct / y.length }
      } finally {
        model.dispose()
      }
    },
  }
}
