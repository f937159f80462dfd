import { choice, float, int, oneOf, space, type Artifact, type Trainer } from '@attune/core'
import * as tf from '@tensorflow/tfjs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cpu } from '../backends/cpu.ts'
import { loadModel } from '../format/model-file.ts'
import { scheduleSpace } from '../schedules/schedule-space.ts'
import { noise, numbersOf, run, trialOf } from '../training.test-support.ts'
import { tfjsTrainer } from '../trainer.ts'
import type { TfjsTrainerOptions } from '../training/layers/options.ts'
import { optimizerSpace } from './optimizer-space.ts'

/** Everything of this package that remembers something between steps, and everything that may come between them. */
const everything = space({
  // A rate at which nothing diverges, since there would be nothing to compare.
  ...optimizerSpace({ learningRate: float(1e-4, 0.01, { scale: 'log' }) }),
  ...scheduleSpace(),
  from: choice(['attune', 'tfjs']),
  tfjs: choice(['sgd', 'momentum', 'adam', 'adamax', 'rmsprop', 'adagrad', 'adadelta']),
  clip: oneOf({ none: {}, norm: {}, value: {} }),
  batchSize: int(2, 6),
  accumulate: int(1, 3),
  reportSteps: int(0, 3),
})
type Drawn = ReturnType<typeof everything.nest>

const set = (samples: number, seed: number) => ({ x: { data: noise(samples * 2, seed), shape: [samples, 2] }, y: { data: noise(samples, seed + 1), shape: [samples, 1] } })
const data = { train: set(11, 1), validation: set(5, 9) }

function wrapped(name: Drawn['tfjs']): tf.Optimizer {
  return name === 'momentum' ? tf.train.momentum(0.05, 0.9, true) : name === 'rmsprop' ? tf.train.rmsprop(0.05, 0.9, 0.5) : tf.train[name](0.05)
}

const options: TfjsTrainerOptions<Drawn> = {
  tf,
  backend: cpu(),
  build: () => tf.sequential({ layers: [tf.layers.dense({ units: 3, activation: 'tanh', inputShape: [2] }), tf.layers.batchNormalization(), tf.layers.dropout({ rate: 0.2 }), tf.layers.dense({ units: 1 })] }),
  data,
  epochs: 4,
  batchSize: ({ batchSize }) => batchSize,
  accumulate: ({ accumulate }) => accumulate,
  report: ({ reportSteps }) => (reportSteps === 0 ? 'epoch' : { steps: reportSteps }),
  clip: ({ clip }) => (clip.type === 'none' ? undefined : clip.type === 'norm' ? { norm: 0.1 } : { value: 0.05 }),
  loss: 'meanSquaredError',
  optimizer: ({ from, tfjs, optimizer }) => (from === 'tfjs' ? wrapped(tfjs) : optimizer),
  schedule: ({ schedule }) => schedule,
  earlyStopping: () => ({ patience: 6 }),
}

/** Learns at half the rate in every second step, by a count that no checkpoint has. */
class Forgetful extends tf.SGDOptimizer {
  #steps = 0
  override applyGradients(gradients: Parameters<tf.SGDOptimizer['applyGradients']>[0]): void {
    const rate = this.learningRate
    if (this.#steps++ % 2 === 1) this.setLearningRate(rate / 2)
    super.applyGradients(gradients)
    this.setLearningRate(rate)
  }
}

/** Trains to its end, and once more from what was saved at report `stop`; the numbers after it, and the model, of both. */
async function bothWays(trainer: Trainer<Drawn>, params: Drawn, stop: number): Promise<readonly [unknown, unknown]> {
  const saved: Uint8Array[] = []
  const through = await run(trainer, trialOf(params), async ({ checkpoint }) => saved.push(await checkpoint!()))
  const at = stop % through.reports.length
  const resumed = await run(trainer, trialOf(params, { resumeFrom: { step: through.reports[at]!.step, bytes: saved[at]! } }))
  return [
    { reports: numbersOf(through.reports.slice(at + 1)), weights: await weightsOf(through.artifact!) },
    { reports: numbersOf(resumed.reports), weights: await weightsOf(resumed.artifact!) },
  ]
}

async function weightsOf(artifact: Artifact): Promise<number[][]> {
  const model = await loadModel(tf, await artifact.bytes())
  const weights = model.getWeights().map((weight) => [...weight.dataSync()])
  model.dispose()
  return weights
}

describe('a training that is stopped and restored', () => {
  it('goes on bit for bit, with every optimiser and every schedule', async () => {
    const trainer = tfjsTrainer(options)
    const anyPoint = fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { minLength: everything.dimensions.length, maxLength: everything.dimensions.length })
    await fc.assert(
      fc.asyncProperty(anyPoint, fc.nat(40), async (units, stop) => {
        const params = everything.nest(everything.decode(units))
        const [through, resumed] = await bothWays(trainer, params, stop)
        expect(resumed).toEqual(through)
      }),
      { numRuns: 20 },
    )
    await trainer.release?.()
  })

  it('does not, with an optimiser that remembers what is not saved', async () => {
    const trainer = tfjsTrainer({ ...options, optimizer: () => new Forgetful(0.1) })
    const params = { ...everything.nest(everything.decode(new Float64Array(everything.dimensions.length))), reportSteps: 1 }
    const [through, resumed] = await bothWays(trainer, params, 0)
    expect(resumed).not.toEqual(through)
    await trainer.release?.()
  })
})
