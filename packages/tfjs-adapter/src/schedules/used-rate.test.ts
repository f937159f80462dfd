import * as tf from '@tensorflow/tfjs'
import { beforeAll, describe, expect, it } from 'vitest'
import { cpu } from '../backends/cpu.ts'
import { createStepOptimizer } from '../optimizers/create-step-optimizer.ts'
import type { OptimizerSpec } from '../optimizers/optimizer-spec.ts'
import type { StepOptimizer } from '../optimizers/step-optimizer.ts'
import { run, trialOf } from '../training.test-support.ts'
import { tfjsTrainer } from '../trainer.ts'
import type { TfjsTrainerOptions } from '../training/layers/options.ts'
import { createSchedule } from './create-schedule.ts'
import type { ScheduleSpec } from './schedule-spec.ts'

const BASE = 0.08
const [PER_EPOCH, EPOCHS] = [4, 5]
const TOTAL = PER_EPOCH * EPOCHS
const { cos, floor, PI } = Math

/** Each schedule's formula written out for 20 steps in epochs of 4: the share of the base rate at step n. */
const SCHEDULES: readonly [string, ScheduleSpec, (n: number) => number][] = [
  ['constant', { type: 'constant' }, () => 1],
  ['step', { type: 'step', factor: 0.5, every: { share: 0.25 } }, (n) => [1, 0.5, 0.25, 0.125][floor(n / 5)]!],
  ['step by epoch', { type: 'step', factor: 0.5, every: { epochs: 2 }, by: 'epoch' }, (n) => [1, 0.5, 0.25][floor(n / 8)]!],
  ['exponential', { type: 'exponential', factor: 0.01 }, (n) => 10 ** (-n / 10)],
  ['exponential by epoch', { type: 'exponential', factor: 0.5, every: { epochs: 1 }, by: 'epoch' }, (n) => 0.5 ** floor(n / 4)],
  ['polynomial', { type: 'polynomial', power: 3, floor: 0.1 }, (n) => 0.1 + 0.9 * ((20 - n) / 20) ** 3],
  ['cosine', { type: 'cosine', floor: 0.2 }, (n) => 0.6 + 0.4 * cos((PI * n) / 20)],
  ['cosine by epoch', { type: 'cosine', by: 'epoch' }, (n) => 0.5 + 0.5 * cos((PI * floor(n / 4)) / 5)],
  ['cosine with warm-up', { type: 'cosine', warmup: { steps: 4 } }, (n) => (n < 4 ? [0.25, 0.5, 0.75, 1][n]! : 0.5 + 0.5 * cos((PI * (n - 4)) / 16))],
  ['cosine with restarts', { type: 'cosineRestarts', period: { steps: 6 }, growth: 2 }, (n) => (n < 6 ? 0.5 + 0.5 * cos((PI * n) / 6) : n < 18 ? 0.5 + 0.5 * cos((PI * (n - 6)) / 12) : 0.5 + 0.5 * cos((PI * (n - 18)) / 24))],
  ['one cycle', { type: 'oneCycle', peakAt: 0.5, startDivisor: 10, endDivisor: 5, shape: 'linear' }, (n) => (n < 9 ? 0.1 + (0.9 * n) / 9 : 1 - (0.98 * (n - 9)) / 10)],
  // Losses of the epochs are below: the second and the fourth are no progress.
  ['plateau', { type: 'plateau', factor: 0.5, patience: 1 }, (n) => [1, 1, 0.5, 0.5, 0.25][floor(n / 4)]!],
]
const LOSSES = [1, 1, 0.5, 0.6, 0.7]

/**
 * For each optimiser, the ratio of its step to the rate when every gradient is 1: so what is left of a step is the rate that it used.
 * `t` counts steps from 1.
 */
const OPTIMIZERS: readonly [string, () => StepOptimizer, (t: number) => number][] = [
  ...([['sgd', 1], ['adam', 1], ['adamax', 1], ['lion', 1]] as const).map(([type, ratio]) => ours({ type, learningRate: 1 }, () => ratio)),
  ours({ type: 'adamw', learningRate: 1, weightDecay: 0 }, () => 1),
  ours({ type: 'momentum', learningRate: 1, momentum: 0.5 }, (t) => 2 - 0.5 ** (t - 1)),
  ours({ type: 'nesterov', learningRate: 1, momentum: 0.5 }, (t) => 2 - 0.5 ** t),
  ours({ type: 'rmsprop', learningRate: 1, rho: 0.5 }, (t) => 1 / Math.sqrt(1 - 0.5 ** t)),
  ours({ type: 'adagrad', learningRate: 1, initialAccumulator: 1 }, (t) => 1 / Math.sqrt(1 + t)),
  ours({ type: 'lamb', learningRate: 1, weightDecay: 0 }, () => 1),
  theirs('sgd', () => tf.train.sgd(1), () => 1),
  theirs('momentum', () => tf.train.momentum(1, 0.5), (t) => 2 - 0.5 ** (t - 1)),
  theirs('nesterov', () => tf.train.momentum(1, 0.5, true), (t) => 2 - 0.5 ** t),
  theirs('adam', () => tf.train.adam(1), () => 1),
  theirs('adamax', () => tf.train.adamax(1), () => 1),
  theirs('rmsprop', () => tf.train.rmsprop(1, 0.5), (t) => 1 / Math.sqrt(1 - 0.5 ** t)),
  theirs('adagrad', () => tf.train.adagrad(1, 1), (t) => 1 / Math.sqrt(1 + t)),
  theirs('adadelta', () => tf.train.adadelta(1, 0.5, 0.1), adadeltaRatio),
]

/** tfjs divides by the average before this gradient; its update does not have the rate in it. */
function adadeltaRatio(t: number): number {
  let [square, update] = [0, 0]
  for (let step = 1; ; step++) {
    const ratio = Math.sqrt((update + 0.1) / (square + 0.1))
    if (step === t) return ratio
    square = 0.5 * square + 0.5
    update = 0.5 * update + 0.5 * ratio ** 2
  }
}

function ours(spec: OptimizerSpec, ratio: (t: number) => number): [string, () => StepOptimizer, (t: number) => number] {
  return [spec.type, () => createStepOptimizer(tf, spec), ratio]
}

function theirs(name: string, make: () => tf.Optimizer, ratio: (t: number) => number): [string, () => StepOptimizer, (t: number) => number] {
  return [`tf.train.${name}`, () => createStepOptimizer(tf, make()), ratio]
}

describe.each(OPTIMIZERS)('%s', (_optimizer, make, ratioAt) => {
  beforeAll(() => cpu().activate(tf))

  it.each(SCHEDULES)('uses the rates of %s', (_schedule, spec, shareAt) => {
    const schedule = createSchedule(spec, BASE, { stepsPerEpoch: PER_EPOCH, epochs: EPOCHS })
    const optimizer = make()
    const weight = { key: 'bias', variable: tf.tidy(() => tf.variable(tf.zeros([1]))), rateScale: 1, decay: false }
    const gradient = tf.ones([1])
    const used: number[] = []
    for (let step = 0; step < TOTAL; step++) {
      if (step > 0 && step % PER_EPOCH === 0) schedule.observe?.({ valLoss: LOSSES[step / PER_EPOCH - 1]! })
      // From 0, so that the difference loses no digits.
      tf.tidy(() => weight.variable.assign(tf.zeros([1])))
      optimizer.apply([weight], { bias: gradient }, schedule.rateAt({ step, epoch: floor(step / PER_EPOCH) }))
      used.push(-weight.variable.dataSync()[0]! / ratioAt(step + 1))
    }
    tf.dispose([gradient, weight.variable])
    optimizer.dispose()
    const expected = Array.from({ length: TOTAL }, (_, n) => BASE * shareAt(n))
    expect(used.map((rate, step) => rate / expected[step]!)).toEqual(expected.map(() => expect.closeTo(1, 4) as unknown))
  })
})

describe('a training', () => {
  /** Its loss is its only weight, so the gradient is always 1, and from one loss to the next is one step. */
  async function ratesUsed(spec: ScheduleSpec, optimizer: TfjsTrainerOptions<object>['optimizer'], part: Partial<TfjsTrainerOptions<object>> = {}): Promise<number[]> {
    const rows = { data: new Float32Array(16).fill(1), shape: [16, 1] }
    const trainer = tfjsTrainer<object>({
      tf,
      backend: cpu(),
      build: () => tf.sequential({ layers: [tf.layers.dense({ units: 1, useBias: false, kernelInitializer: 'zeros', inputShape: [1] })] }),
      data: { train: { x: rows, y: rows }, validation: { x: rows, y: rows } },
      epochs: EPOCHS,
      batchSize: 4,
      loss: () => (_truth, prediction) => tf.mean(prediction),
      report: { steps: 1 },
      validate: 'epoch',
      schedule: spec,
      ...(optimizer === undefined ? {} : { optimizer }),
      ...part,
    })
    const { reports } = await run(trainer, trialOf({}))
    await trainer.release?.()
    const losses = [...reports.map(({ loss }) => loss as number), reports.at(-1)?.['valLoss'] as number]
    return losses.slice(1).map((loss, step) => losses[step]! - loss)
  }

  const near = (shares: readonly number[]): unknown[] => shares.map((share) => expect.closeTo(BASE * share, 5) as unknown)
  const steps = Array.from({ length: TOTAL }, (_, n) => n)

  it.each(SCHEDULES.filter(([name]) => name !== 'plateau'))('learns at the rates of %s', async (_name, spec, shareAt) => {
    expect(await ratesUsed(spec, { type: 'sgd', learningRate: BASE })).toEqual(near(steps.map(shareAt)))
  })

  it.each<[string, TfjsTrainerOptions<object>['optimizer']]>([
    ['adamw', { type: 'adamw', learningRate: BASE, weightDecay: 0 }],
    ['lion', { type: 'lion', learningRate: BASE }],
    ['tf.train.sgd', () => tf.train.sgd(BASE)],
    ['tf.train.momentum', () => tf.train.momentum(BASE, 0)],
    ['tf.train.adam', () => tf.train.adam(BASE)],
    ['tf.train.adamax', () => tf.train.adamax(BASE)],
  ])('learns at the rates of its schedule with %s', async (_name, optimizer) => {
    expect(await ratesUsed({ type: 'cosine', warmup: { steps: 4 } }, optimizer)).toEqual(near(steps.map((n) => (n < 4 ? (n + 1) / 4 : 0.5 + 0.5 * cos((PI * (n - 4)) / 16)))))
  })

  it('counts the steps of the optimiser, not the batches', async () => {
    expect(await ratesUsed({ type: 'polynomial' }, { type: 'sgd', learningRate: BASE }, { batchSize: 2, accumulate: 2 })).toEqual(near(steps.map((n) => 1 - n / 20)))
  })

  it('learns more slowly once its validations stand still', async () => {
    // A loss that always falls stands still for whoever asks for more.
    const spec: ScheduleSpec = { type: 'plateau', factor: 0.5, patience: 2, minDelta: 1000 }
    expect(await ratesUsed(spec, { type: 'sgd', learningRate: BASE })).toEqual(near(steps.map((n) => [1, 1, 1, 0.5, 0.5][floor(n / 4)]!)))
    expect(await ratesUsed({ ...spec, metric: 'loss' }, { type: 'sgd', learningRate: BASE })).toEqual(near(steps.map((n) => [1, 1, 1, 0.5, 0.5][floor(n / 4)]!)))
  })

  it('does not begin if its schedule follows a metric that will not be reported', async () => {
    await expect(ratesUsed({ type: 'plateau', metric: 'valF1' }, { type: 'sgd', learningRate: BASE })).rejects.toThrow(/schedule names the metric "valF1", which is not reported; there are loss, valLoss/)
  })

  it('slows down before it gives up, where early stopping has more patience', async () => {
    const spec: ScheduleSpec = { type: 'plateau', factor: 0.5, patience: 1, minDelta: 1000 }
    const used = await ratesUsed(spec, { type: 'sgd', learningRate: BASE }, { epochs: 20, earlyStopping: { patience: 3, minDelta: 1000, metric: 'valLoss' } })
    expect(used).toEqual(near(Array.from({ length: 4 * PER_EPOCH }, (_, n) => [1, 1, 0.5, 0.25][floor(n / 4)]!)))
  })
})
