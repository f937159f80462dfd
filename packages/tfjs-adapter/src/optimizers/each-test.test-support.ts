import * as tf from '@tensorflow/tfjs'
import { afterEach, beforeEach } from 'vitest'
import { cpu } from '../backends/cpu.ts'
import { disposeWeights, weightsOf } from './optimizers.test-support.ts'
import type { TrainableWeight } from './step-optimizer.ts'

/** Gives every test weights of its own, on cpu, and the number of tensors before they were made; fails tests that leave more behind. */
export function forEachTest(give: (weights: readonly TrainableWeight[], before: number) => void): void {
  let weights: readonly TrainableWeight[]
  let before: number

  beforeEach(async () => {
    await cpu().activate(tf)
    before = tf.memory().numTensors
    weights = weightsOf()
    give(weights, before)
  })

  afterEach(() => {
    disposeWeights(weights)
    if (tf.memory().numTensors !== before) throw new Error(`${tf.memory().numTensors - before} tensors are left behind.`)
  })
}
