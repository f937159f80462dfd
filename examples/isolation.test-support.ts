// Trainings of TensorFlow.js for isolation.test.ts, loaded by threads and child processes.
import { appendFileSync, existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'
import { threadId } from 'node:worker_threads'
import { cpu, node, tfjsTrainer, wasm, webgpu, type Backend, type TrainingData } from '@attune/tfjs-adapter'
import * as tf from '@tensorflow/tfjs'
import type { Trainer } from 'attune'

export interface Params {
  readonly learningRate: number
  readonly units: number
}

/** The folder in which trials meet, and in which loads are counted. */
export const meetingPlace = 'ATTUNE_TEST_FOLDER'

const samples = 64

function loadData(): TrainingData {
  const folder = process.env[meetingPlace]
  if (folder !== undefined) appendFileSync(join(folder, 'loads'), `${process.pid}.${threadId}\n`)
  const x = Float32Array.from({ length: samples * 6 }, (_, i) => Math.sin(i * 12.9898))
  return { train: { x: { data: x, shape: [samples, 6] }, y: Float32Array.from({ length: samples }, (_, i) => x[i * 6]! - x[i * 6 + 1]!) }, validation: { split: 0.25 } }
}

function trainerOn(backend: Backend): Trainer<Params> {
  const trainer = tfjsTrainer<Params>({
    tf,
    backend,
    build: ({ units }) => tf.sequential({ layers: [
      tf.layers.dense({ units, activation: 'tanh', inputShape: [6], ...(units > 1000 ? { kernelInitializer: 'zeros' } : {}) }),
      tf.layers.dropout({ rate: 0.2 }),
      tf.layers.dense({ units: 1, ...(units > 1000 ? { kernelInitializer: 'zeros' } : {}) }),
    ] }),
    data: loadData,
    epochs: 3,
    batchSize: 48,
    loss: 'meanSquaredError',
    optimizer: ({ learningRate }) => ({ type: 'adam', learningRate }),
  })
  return {
    ...trainer,
    async *train(trial) {
      await trial.setAttribute('where', `${process.pid}.${threadId}`)
      const folder = process.env[meetingPlace]
      // The first two wait for each other: run one after the other they would never begin.
      if (folder !== undefined && trial.number < 2) {
        writeFileSync(join(folder, `begun ${trial.number}`), '')
        while (!existsSync(join(folder, `begun ${1 - trial.number}`))) await delay(5)
      }
      return yield* trainer.train(trial)
    },
  }
}

export const onCpu: Trainer<Params> = trainerOn(cpu())
export const onWasm: Trainer<Params> = trainerOn(wasm())
export const onNode: Trainer<Params> = trainerOn(node())
export const onWebgpu: Trainer<Params> = trainerOn(webgpu())

/** Fills the JavaScript heap if it is to have many units. */
export const hungry: Trainer<Params> = {
  ...onWasm,
  async *train(trial) {
    const held: unknown[] = []
    while (trial.params.units > 1000) held.push(Array.from({ length: 100_000 }, (_, i) => ({ i })))
    return yield* onWasm.train(trial)
  },
}
