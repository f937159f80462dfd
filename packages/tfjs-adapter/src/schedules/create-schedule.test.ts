import { readFileSync } from 'node:fs'
import { isAttuneError } from '@attune/core'
import { describe, expect, it } from 'vitest'
import { createSchedule } from './create-schedule.ts'
import type { RateSchedule, TrainingLength } from './rate-schedule.ts'
import { scaleRate } from './scale-rate.ts'
import type { ScheduleSpec } from './schedule-spec.ts'

/** Made by scripts/reference-rates.py. */
interface ReferenceRates {
  readonly base: number
  readonly metrics: readonly number[]
  readonly pytorch: { readonly [name: string]: readonly number[] }
  readonly keras: { readonly [name: string]: readonly number[] }
}
const reference = JSON.parse(readFileSync(new URL('../../fixtures/reference-rates.json', import.meta.url), 'utf8')) as ReferenceRates

const LENGTH: TrainingLength = { stepsPerEpoch: 5, epochs: 4 }

function rates(schedule: RateSchedule, { stepsPerEpoch, epochs }: TrainingLength = LENGTH): number[] {
  return Array.from({ length: stepsPerEpoch * epochs }, (_, step) => schedule.rateAt({ step, epoch: Math.floor(step / stepsPerEpoch) }))
}

function ratesOf(spec: ScheduleSpec, length: TrainingLength = LENGTH, base = 0.1): number[] {
  return rates(createSchedule(spec, base, length), length)
}

function near(expected: readonly number[], digits = 12): unknown[] {
  return expected.map((value) => expect.closeTo(value, digits) as unknown)
}

describe('against PyTorch', () => {
  it.each<[string, ScheduleSpec]>([
    ['step every 4', { type: 'step', factor: 0.5, every: { steps: 4 } }],
    ['exponential 0.9', { type: 'exponential', factor: 0.9, every: { steps: 1 } }],
    ['polynomial 2 over 20', { type: 'polynomial', power: 2 }],
    ['cosine over 20 to 0.01', { type: 'cosine', floor: 0.1 }],
    ['restarts 5', { type: 'cosineRestarts', period: { steps: 5 }, growth: 1, floor: 0.1 }],
    ['restarts 3 growing 2', { type: 'cosineRestarts', period: { steps: 3 }, floor: 0.1 }],
    ['one cycle of 20', { type: 'oneCycle' }],
    ['one cycle of 20, linear', { type: 'oneCycle', peakAt: 0.45, shape: 'linear', startDivisor: 10, endDivisor: 100 }],
  ])('%s', (name, spec) => {
    expect(ratesOf(spec)).toEqual(near(reference.pytorch[name]!))
  })
})

describe('against Keras, which computes with single precision', () => {
  it.each<[string, ScheduleSpec]>([
    ['exponential 0.5 every 4', { type: 'exponential', factor: 0.5, every: { steps: 4 } }],
    ['exponential 0.5 every 4, in stairs', { type: 'step', factor: 0.5, every: { steps: 4 } }],
    ['polynomial 0.5 over 20 to 0.02', { type: 'polynomial', power: 0.5, floor: 0.2 }],
    ['cosine over 20 to 0.01', { type: 'cosine', floor: 0.1 }],
    ['restarts 3 growing 1.5', { type: 'cosineRestarts', period: { steps: 3 }, growth: 1.5, floor: 0.2 }],
  ])('%s', (name, spec) => {
    expect(ratesOf(spec)).toEqual(near(reference.keras[name]!, 7))
  })

  it.each<[string, Partial<Extract<ScheduleSpec, { readonly type: 'plateau' }>>]>([
    ['plateau, patience 2', { factor: 0.5, patience: 2 }],
    ['plateau, cooldown 2, least 0.02', { factor: 0.5, patience: 1, cooldown: 2, minRate: 0.02, minDelta: 0.01 }],
  ])('%s', (name, settings) => {
    const byName = (sign: 1 | -1, spec: ScheduleSpec): number[] => {
      const schedule = createSchedule(spec, 0.1, LENGTH)
      return reference.metrics.map((value, epoch) => {
        const rate = schedule.rateAt({ step: epoch * 5, epoch })
        schedule.observe!({ loss: 3, valLoss: sign * value })
        return rate
      })
    }
    expect(byName(1, { type: 'plateau', ...settings })).toEqual(near(reference.keras[name]!, 7))
    expect(byName(-1, { type: 'plateau', ...settings, metric: 'valLoss', direction: 'maximize' })).toEqual(near(reference.keras[name]!, 7))
  })
})

describe('warm-up', () => {
  it('rises in a straight line to the base rate, and leaves the rest of the training to the schedule', () => {
    const warm = ratesOf({ type: 'cosine', warmup: { steps: 8 } })
    expect(warm.slice(0, 8)).toEqual(near([1, 2, 3, 4, 5, 6, 7, 8].map((step) => (0.1 * step) / 8)))
    expect(warm.slice(8)).toEqual(near(ratesOf({ type: 'cosine' }, { stepsPerEpoch: 12, epochs: 1 })))
  })

  it.each<[string, ScheduleSpec]>([
    ['constant', { type: 'constant' }],
    ['step', { type: 'step', every: { steps: 4 } }],
    ['exponential', { type: 'exponential', factor: 0.5 }],
    ['polynomial', { type: 'polynomial' }],
    ['cosineRestarts', { type: 'cosineRestarts', period: { steps: 4 } }],
    ['plateau', { type: 'plateau' }],
  ])('is before %s too', (_name, spec) => {
    const [warm, cold] = [ratesOf({ ...spec, warmup: { share: 0.2 } } as ScheduleSpec), ratesOf(spec, { stepsPerEpoch: 16, epochs: 1 })]
    expect(warm.slice(0, 4)).toEqual(near([0.025, 0.05, 0.075, 0.1]))
    expect(warm.slice(4)).toEqual(near(cold))
  })

  it('may be as long as the training, or longer', () => {
    expect(ratesOf({ type: 'cosine', warmup: { share: 1 } }).at(-1)).toBeCloseTo(0.1, 12)
    expect(ratesOf({ type: 'cosine', warmup: { steps: 40 } }).at(-1)).toBeCloseTo(0.05, 12)
  })

  it('and all stretches may be given in epochs', () => {
    expect(ratesOf({ type: 'step', every: { epochs: 1.2 }, warmup: { epochs: 0.4 } })).toEqual(ratesOf({ type: 'step', every: { steps: 6 }, warmup: { steps: 2 } }))
  })
})

describe('by epoch', () => {
  it.each<[string, Exclude<ScheduleSpec, { readonly type: 'sweep' }>]>([
    ['cosine', { type: 'cosine' }],
    ['exponential', { type: 'exponential', factor: 0.01 }],
    ['cosineRestarts', { type: 'cosineRestarts', period: { epochs: 2 }, growth: 1 }],
    ['oneCycle', { type: 'oneCycle' }],
  ])('%s has the rate of each epoch’s first step', (_name, spec) => {
    const byStep = ratesOf(spec)
    expect(ratesOf({ ...spec, by: 'epoch' })).toEqual(byStep.map((_, step) => byStep[step - (step % 5)]))
  })

  it('warms up by step all the same', () => {
    const byEpoch = ratesOf({ type: 'polynomial', by: 'epoch', warmup: { steps: 7 } })
    expect(byEpoch).toEqual(near([...[1, 2, 3, 4, 5, 6, 7].map((step) => (0.1 * step) / 7), 0.1, 0.1, 0.1, ...Array.from({ length: 5 }, () => (0.1 * 10) / 13), ...Array.from({ length: 5 }, () => (0.1 * 5) / 13)]))
  })
})

describe('a schedule', () => {
  it('of a training of one step does not fail', () => {
    for (const spec of [{ type: 'oneCycle' }, { type: 'cosine' }, { type: 'polynomial' }, { type: 'step', every: { share: 0.1 } }, { type: 'cosineRestarts', period: { share: 0.1 } }] as const) {
      expect(ratesOf(spec, { stepsPerEpoch: 1, epochs: 1 })).toEqual([0.1])
    }
  })

  it('stays at its end when the training goes on', () => {
    const late = { step: 1000, epoch: 200 }
    expect(createSchedule({ type: 'cosine', floor: 0.3 }, 1, LENGTH).rateAt(late)).toBeCloseTo(0.3, 12)
    expect(createSchedule({ type: 'exponential', factor: 0.2 }, 1, LENGTH).rateAt(late)).toBeCloseTo(0.2, 12)
    expect(createSchedule({ type: 'oneCycle' }, 1, LENGTH).rateAt(late)).toBeCloseTo(4e-6, 12)
  })

  it('that sweeps goes through its rates, whatever the base rate is', () => {
    expect(ratesOf({ type: 'sweep', from: 0.001, to: 10, steps: 5 }, { stepsPerEpoch: 3, epochs: 2 }, 7)).toEqual(near([0.001, 0.01, 0.1, 1, 10, 10]))
  })

  it('without observations has no state', () => {
    const schedule = createSchedule({ type: 'cosine' }, 1, LENGTH)
    expect(schedule.state()).toBeNull()
    expect(schedule.observe).toBeUndefined()
    schedule.restore(null)
  })
})

describe('a plateau', () => {
  const spec: ScheduleSpec = { type: 'plateau', factor: 0.5, patience: 2, cooldown: 1, warmup: { steps: 4 } }

  it('goes on from its state', () => {
    const [through, first] = [createSchedule(spec, 0.1, LENGTH), createSchedule(spec, 0.1, LENGTH)]
    for (const value of reference.metrics.slice(0, 7)) for (const schedule of [through, first]) schedule.observe!({ loss: value })
    const second = createSchedule(spec, 0.1, LENGTH)
    second.restore(JSON.parse(JSON.stringify(first.state())) as never)
    for (const value of reference.metrics.slice(7)) {
      for (const schedule of [through, second]) schedule.observe!({ loss: value })
      expect(second.rateAt({ step: 50, epoch: 9 })).toBe(through.rateAt({ step: 50, epoch: 9 }))
    }
    expect(second.state()).toEqual(through.state())
  })

  it('keeps what is left of the rate, not the rate: a fork may have another', () => {
    const [first, fork] = [createSchedule({ type: 'plateau', patience: 1 }, 0.1, LENGTH), createSchedule({ type: 'plateau', patience: 1 }, 0.4, LENGTH)]
    for (const loss of [1, 1]) first.observe!({ loss })
    fork.restore(first.state())
    expect(fork.rateAt({ step: 10, epoch: 2 })).toBeCloseTo(0.04, 12)
  })

  it('starts from a state without observations', () => {
    const schedule = createSchedule(spec, 0.1, LENGTH)
    schedule.restore(JSON.parse(JSON.stringify(createSchedule(spec, 0.1, LENGTH).state())) as never)
    schedule.observe!({ loss: 1 })
    expect(schedule.state()).toMatchObject({ best: 1, wait: 0 })
  })

  it('takes what is not a number for no progress', () => {
    const schedule = createSchedule({ type: 'plateau', patience: 1 }, 0.1, LENGTH)
    schedule.observe!({ loss: Number.NaN })
    schedule.observe!({ loss: 1 })
    schedule.observe!({ loss: Number.NaN })
    expect(schedule.state()).toMatchObject({ best: 1, share: expect.closeTo(0.01, 12) as unknown })
  })

  it('names the metrics that there are when its own is missing, before the first step', () => {
    const schedule = createSchedule({ type: 'plateau', metric: 'valF1' }, 0.1, LENGTH)
    const message = /schedule names the metric "valF1", which is not reported; there are loss, valLoss/
    expect(() => schedule.follows!(['loss', 'valLoss'])).toThrow(message)
    expect(() => schedule.observe!({ loss: 1, valLoss: 2 })).toThrow(message)
  })

  it('knows from a metric’s name which way is better, or asks', () => {
    const schedule = createSchedule({ type: 'plateau', metric: 'valAccuracy', patience: 1 }, 0.1, LENGTH)
    for (const valAccuracy of [0.5, 0.6, 0.7]) schedule.observe!({ valAccuracy })
    expect(schedule.state()).toMatchObject({ best: 0.7, share: 1 })
    expect(() => createSchedule({ type: 'plateau', metric: 'agreement' }, 0.1, LENGTH).follows!(['agreement'])).toThrow(/schedule\.direction is 'minimize' or 'maximize': the name "agreement" does not say which/)
  })

  it('refuses the state of another', () => {
    expect(() => createSchedule(spec, 0.1, LENGTH).restore(null)).toThrow(/does not hold the state of a plateau schedule/)
  })
})

describe('a spec', () => {
  it.each<[string, unknown, RegExp]>([
    ['an unknown type', { type: 'cosin' }, /type "cosin" is not one of constant, step, /],
    ['nothing', null, /type undefined is not one of/],
    ['no stretch', { type: 'step' }, /"step" needs the setting "every", \{ steps \}/],
    ['no factor', { type: 'exponential' }, /"exponential" needs the setting "factor", a number above 0 and at most 1/],
    ['no period', { type: 'cosineRestarts' }, /needs the setting "period"/],
    ['no end', { type: 'sweep', from: 0.1 }, /"sweep" needs the setting "to", a number above 0/],
    ['a sweep of one step', { type: 'sweep', from: 0.1, to: 1, steps: 1 }, /steps must be a whole number of at least 2, got 1/],
    ['a stretch of nothing', { type: 'step', every: { steps: 0 } }, /every must be \{ steps \}, a whole number above 0/],
    ['a stretch in two units', { type: 'step', every: { steps: 1, epochs: 1 } }, /every must be .*got \{"steps":1,"epochs":1\}/],
    ['half a step', { type: 'cosine', warmup: { steps: 1.5 } }, /warmup must be \{ steps \}, a whole number of at least 0/],
    ['a share above 1', { type: 'cosine', warmup: { share: 1.5 } }, /warmup must be .*\{ share \}, from 0 to 1/],
    ['a growth below 1', { type: 'cosineRestarts', period: { share: 0.1 }, growth: 0.5 }, /growth must be a number of at least 1, got 0\.5/],
    ['a setting of another', { type: 'cosine', factor: 1 }, /"cosine" does not know the setting "factor"; it has warmup, by, floor/],
    ['a warm-up besides its own', { type: 'oneCycle', warmup: { steps: 1 } }, /"oneCycle" does not know the setting "warmup"/],
    ['an unknown unit', { type: 'cosine', by: 'batch' }, /by must be 'step' or 'epoch', got "batch"/],
    ['no patience', { type: 'plateau', patience: 0 }, /patience must be a whole number of at least 1, got 0/],
  ])('with %s is refused', (_name, spec, message) => {
    const attempt = (): unknown => createSchedule(spec as ScheduleSpec, 0.1, LENGTH)
    expect(attempt).toThrow(message)
    try {
      attempt()
    } catch (error) {
      expect(isAttuneError(error, 'TFJS_OPTION')).toBe(true)
    }
  })

  it('with a base rate that is no number is refused', () => {
    expect(() => createSchedule({ type: 'constant' }, Number.NaN, LENGTH)).toThrow(/the base rate must be a number of at least 0, got NaN/)
  })
})

describe('a rate for another batch size', () => {
  it('follows the rule', () => {
    expect(scaleRate(0.1, { batchSize: 1024, referenceBatchSize: 256, rule: 'linear' })).toBeCloseTo(0.4, 12)
    expect(scaleRate(0.001, { batchSize: 1024, referenceBatchSize: 256, rule: 'sqrt' })).toBeCloseTo(0.002, 12)
  })

  it.each<[number, Parameters<typeof scaleRate>[1], RegExp]>([
    [0, { batchSize: 1, referenceBatchSize: 1, rule: 'sqrt' }, /rate must be a number above 0, got 0/],
    [1, { batchSize: Number.NaN, referenceBatchSize: 1, rule: 'sqrt' }, /batchSize must be a number above 0, got NaN/],
    [1, { batchSize: 1, referenceBatchSize: 1, rule: 'cubic' as 'sqrt' }, /by the rule 'linear' or 'sqrt', got "cubic"/],
  ])('%d with %j is refused', (rate, scaling, message) => {
    expect(() => scaleRate(rate, scaling)).toThrow(message)
  })
})
