import type { Json } from '@attune/core'
import * as tf from '@tensorflow/tfjs'
import { convnetTrainer, numbersOf, run, trialOf } from '../training.test-support.ts'
import type { Backend } from './backend.ts'

/** What the net came to on one backend. */
export interface SameNet {
  readonly backend: string
  readonly reports: readonly { readonly [metric: string]: unknown }[]
  readonly meta: Json | undefined
  /** Bytes of the exported model. */
  readonly onnx: number
  readonly warnings: readonly string[]
  readonly tensors: number
}

/** The same small convolutional net on the same 40 images of 6×6 with the same seeds: six steps, in two epochs. */
export async function trainSameNet(backend: Backend): Promise<SameNet> {
  const before = tf.memory().numTensors
  const trainer = convnetTrainer({ backend, epochs: 2, optimizer: { type: 'momentum', learningRate: 0.02, momentum: 0.9 } })
  const trial = trialOf({ learningRate: 0.01 })
  const { reports, artifact } = await run(trainer, trial)
  await trainer.release?.()
  const onnx = await (await artifact!.as('onnx')).bytes()
  return { backend: tf.getBackend(), reports: numbersOf(reports), meta: artifact!.meta, onnx: onnx.length, warnings: trial.warnings, tensors: tf.memory().numTensors - before }
}

/** The largest difference of a metric, relative to it where it is above 1. */
export function largestDifference(one: SameNet, other: SameNet): number {
  return Math.max(...one.reports.flatMap((report, index) => Object.entries(report).map(([metric, value]) => Math.abs(Number(value) - Number(other.reports[index]?.[metric])) / Math.max(1, Math.abs(Number(value))))))
}
