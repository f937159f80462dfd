import type { Artifact, Report, Trainer, TrainerTrial } from '@attune/core'
import * as tf from '@tensorflow/tfjs'
import { afterEach, beforeEach } from 'vitest'
import { tfjsTrainer, wasm, type TfjsTrainerOptions, type TrainingData } from './index.ts'

export interface Params {
  readonly learningRate: number
}

/** A trial, as a study would give it, that keeps its warnings. */
export function trialOf<P>(params: P, part: Partial<TrainerTrial<P>> = {}): TrainerTrial<P> & { readonly warnings: string[] } {
  const warnings: string[] = []
  return { number: 0, attempt: 1, params, seed: 7, signal: new AbortController().signal, resumeFrom: undefined, toStep: undefined, warn: (message) => warnings.push(message), setAttribute: async () => undefined, setArtifact: async () => undefined, warnings, ...part }
}

/** Pulls a training to its end. */
export async function run<P>(trainer: Trainer<P>, trial: TrainerTrial<P>, each: (report: Report) => unknown = () => undefined): Promise<{ readonly reports: Report[]; readonly artifact: Artifact | undefined }> {
  const training = trainer.train(trial)
  const reports: Report[] = []
  for (;;) {
    const result = await training.next()
    if (result.done === true) return { reports, artifact: typeof result.value === 'object' && typeof result.value.bytes === 'function' ? (result.value as Artifact) : undefined }
    reports.push(result.value)
    await each(result.value)
  }
}

/** The numbers of a report, without its checkpoint. */
export function numbersOf(reports: readonly Report[]): { readonly [metric: string]: unknown }[] {
  return reports.map((report) => Object.fromEntries(Object.entries(report).filter(([, value]) => typeof value === 'number')))
}

/** Every test of this file has to leave as many tensors as it found. */
export function countTensors(): void {
  let before = 0
  beforeEach(() => {
    before = tf.memory().numTensors
  })
  afterEach(() => {
    const left = tf.memory().numTensors - before
    if (left !== 0) throw new Error(`${left} tensors are left`)
  })
}

/** Noise that is the same in every run. */
export function noise(length: number, seed = 1): Float32Array {
  let state = seed
  return Float32Array.from({ length }, () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 31 - 1)
}

/** Two classes of 6×6 images: bright in the upper or in the lower half. */
export function images(samples: number, seed = 1): { readonly x: { readonly data: Float32Array; readonly shape: readonly number[] }; readonly y: Uint8Array } {
  const data = noise(samples * 36, seed)
  const y = Uint8Array.from({ length: samples }, (_, sample) => (sample * 7 + seed) % 2)
  for (let sample = 0; sample < samples; sample++) {
    for (let pixel = 0; pixel < 18; pixel++) data[sample * 36 + (y[sample] === 1 ? 18 : 0) + pixel]! += 1
  }
  return { x: { data, shape: [samples, 6, 6, 1] }, y }
}

export const data: TrainingData = { train: images(40), validation: images(20, 3) }

/** Everything that has state: convolution, batch normalisation, dropout. */
export function buildConvnet(): tf.LayersModel {
  return tf.sequential({
    layers: [
      tf.layers.conv2d({ filters: 3, kernelSize: 3, activation: 'relu', inputShape: [6, 6, 1] }),
      tf.layers.batchNormalization(),
      tf.layers.maxPooling2d({ poolSize: 2 }),
      tf.layers.flatten(),
      tf.layers.dropout({ rate: 0.3 }),
      tf.layers.dense({ units: 2, activation: 'softmax' }),
    ],
  })
}

export function buildDense(): tf.LayersModel {
  return tf.sequential({ layers: [tf.layers.flatten({ inputShape: [6, 6, 1] }), tf.layers.dense({ units: 4, activation: 'relu' }), tf.layers.dense({ units: 2, activation: 'softmax' })] })
}

export function convnetTrainer(part: Partial<TfjsTrainerOptions<Params>> = {}): Trainer<Params> {
  return tfjsTrainer<Params>({
    tf,
    backend: wasm(),
    build: buildConvnet,
    data,
    epochs: 4,
    batchSize: 16,
    loss: 'categoricalCrossentropy',
    metrics: ['accuracy'],
    optimizer: ({ learningRate }) => ({ type: 'adam', learningRate }),
    ...part,
  })
}
