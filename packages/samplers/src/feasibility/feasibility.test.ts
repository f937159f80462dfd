import { atLeast, atMost, choice, createStudy, float, log, normalCdf, oneOf, type Problem, space, ThreefryRandom, type TrialRecord } from '@attune/core'
import { describe, expect, it } from 'vitest'
import { SumOfTerms, type Term } from '../gaussian-process/acquisition.ts'
import { layoutOf } from '../gaussian-process/layout.ts'
import { axesOf } from '../model/axis.ts'
import { Observations } from '../model/observations.ts'
import { scaled } from '../model/scaled-margins.ts'
import { ConstraintModel } from './constraint-model.ts'
import { FailureModel } from './failure-model.ts'
import { sizeWithin } from './growing-fit.ts'
import { logProbit } from './probability.ts'

const tree = space({ x: float(0, 1), y: float(0, 1), kind: oneOf({ a: { z: float(0, 1) }, b: {}, c: { w: choice(['p', 'q']) } }) })
const layout = layoutOf(axesOf(tree))

interface Point {
  readonly x: number
  readonly y: number
  readonly kind: { readonly type: string; readonly z?: number; readonly w?: string }
}

const regions: Readonly<Record<string, (point: Point) => boolean>> = {
  'an edge': ({ x }) => x > 0.67,
  'a corner': ({ x, y }) => x > 0.42 && y > 0.42,
  'a diagonal': ({ x, y }) => x + y > 1.19,
  'a branch': ({ kind }) => kind.type === 'b',
  'a part of a branch': ({ kind }) => (kind.z ?? 0) > 0.4 || kind.w === 'p',
}

/** Trials drawn at random, of which some fail; `measures` gives metrics to the others. */
async function trialsOf(count: number, fails: (point: Point) => boolean, measures: (point: Point) => number = () => 1, seed = 1): Promise<readonly TrialRecord[]> {
  const study = await createStudy({ name: 'region', space: tree, constraints: { memory: atMost(0.6), speed: atLeast(-1) }, seed })
  for (let i = 0; i < count; i++) {
    const trial = await study.ask()
    if (fails(trial.params)) await study.fail(trial, new Error('out of memory'), 'out-of-memory')
    else await study.tell(trial, { value: 1, memory: measures(trial.params), speed: i % 7 === 0 ? NaN : 1 })
  }
  return study.trials()
}

function observe(records: readonly TrialRecord[]): Observations {
  const constraints = [{ metric: 'memory', bound: 'atMost', limit: 0.6 }, { metric: 'speed', bound: 'atLeast', limit: -1 }]
  const observations = new Observations({ space: tree, objectives: [{ metric: 'value', direction: 'minimize', from: 'last' }], constraints } as unknown as Problem)
  for (const record of records) observations.add(record)
  return observations
}

function finish<T>(steps: Generator<void, T, undefined>): T {
  let step = steps.next()
  while (step.done !== true) step = steps.next()
  return step.value
}

/** Probabilities at points drawn at random, beside whether these are in the region. */
function probabilities(term: Term, region: (point: Point) => boolean): { readonly probability: number; readonly inside: boolean }[] {
  const random = new ThreefryRandom(99).stream(0, 'test')
  const count = 400
  const units = new Float64Array(count * layout.width)
  const inside = Array.from({ length: count }, (_, i) => {
    const flat = tree.sample(random)
    tree.encode(flat, units.subarray(i * layout.width, (i + 1) * layout.width))
    const type = String(flat['kind.type'])
    return region({ x: Number(flat['x']), y: Number(flat['y']), kind: { type, ...(type === 'a' && { z: Number(flat['kind.a.z']) }), ...(type === 'c' && { w: String(flat['kind.c.w']) }) } })
  })
  const out = new Float64Array(count)
  new SumOfTerms([term]).values(units, count, out)
  return inside.map((one, i) => ({ probability: Math.exp(out[i] as number), inside: one }))
}

const logLoss = (all: readonly { readonly probability: number; readonly inside: boolean }[]): number => all.reduce((sum, { probability, inside }) => sum - log(inside ? 1 - probability : probability) / all.length, 0)

describe('FailureModel', () => {
  it('says nothing while nothing fails', async () => {
    expect(finish(new FailureModel().probability(observe(await trialsOf(5, () => false)), layout))).toBeUndefined()
  })

  it.each(Object.entries(regions))('learns that %s fails, and is more often right the more it has seen', async (_, region) => {
    const losses: number[] = []
    for (const count of [15, 40, 120]) {
      let sum = 0
      for (let seed = 0; seed < 3; seed++) sum += logLoss(probabilities(finish(new FailureModel().probability(observe(await trialsOf(count, region, undefined, seed)), layout)) as Term, region)) / 3
      losses.push(sum)
    }
    const [few, some, many] = losses as [number, number, number]
    // A model that knows the share of failures only has .6 to .65.
    expect(few).toBeLessThan(0.6)
    expect(some).toBeLessThan(Math.min(0.4, few))
    expect(many).toBeLessThan(Math.min(0.22, some))
  })

  it('means what it says where failures are chance: about as many fail as it expects', async () => {
    const random = new ThreefryRandom(7).stream(0, 'test')
    const records = await trialsOf(150, ({ x }) => random.uniform() < (x > 0.7 ? 0.8 : 0.1))
    const all = probabilities(finish(new FailureModel().probability(observe(records), layout)) as Term, ({ x }) => x > 0.7)
    const mean = (inside: boolean): number => {
      const some = all.filter((one) => one.inside === inside)
      return some.reduce((sum, { probability }) => sum + probability / some.length, 0)
    }
    expect(mean(true)).toBeGreaterThan(0.1)
    expect(mean(true)).toBeLessThan(0.35)
    expect(mean(false)).toBeGreaterThan(0.8)
    expect(mean(false)).toBeLessThan(0.97)
  })

  it('answers by the history, not by the order in which it was told or asked', async () => {
    const records = await trialsOf(40, regions['a corner'] as (point: Point) => boolean)
    const model = new FailureModel()
    for (let count = 10; count < 40; count += 7) finish(model.probability(observe(records.slice(0, count)), layout))
    const asked = probabilities(finish(model.probability(observe(records), layout)) as Term, () => false)
    expect(probabilities(finish(new FailureModel().probability(observe(records.toReversed()), layout)) as Term, () => false)).toEqual(asked)
  })

  it('counts the more the more of the latest trials failed', async () => {
    const factor = async (share: number): Promise<number> => {
      let count = 0
      const observations = observe(await trialsOf(40, () => ++count > 20 && count % 10 < share))
      const out = [new Float64Array(1), new Float64Array(1)] as const
      const units = tree.encode({ x: 0.6, y: 0.5, 'kind.type': 'b' })
      const model = new FailureModel()
      new SumOfTerms([finish(model.term(observations, layout)) as Term]).values(units, 1, out[0])
      new SumOfTerms([finish(model.probability(observations, layout)) as Term]).values(units, 1, out[1])
      return (out[0][0] as number) / (out[1][0] as number)
    }
    expect(await factor(1)).toBeCloseTo(6, 9)
    expect(await factor(5)).toBeCloseTo(46, 9)
  })

  it('has the slopes that differences show', async () => {
    const term = finish(new FailureModel().term(observe(await trialsOf(30, regions['a diagonal'] as (point: Point) => boolean)), layout)) as Term
    const sum = new SumOfTerms([term])
    const units = tree.encode({ x: 0.6, y: 0.5, 'kind.type': 'a', 'kind.a.z': 0.3 })
    const slopes = new Float64Array(layout.width)
    const out = new Float64Array(1)
    expect(sum.valueWithSlopes(units, 0, slopes)).toBeLessThan(0)
    for (const [axis, unit] of units.entries()) {
      if (Number.isNaN(unit) || tree.dimensions[axis]?.kind === 'categorical') continue
      const at = (moved: number): number => {
        const other = units.slice()
        other[axis] = moved
        sum.values(other, 1, out)
        return out[0] as number
      }
      expect((at(unit + 1e-5) - at(unit - 1e-5)) / 2e-5).toBeCloseTo(slopes[axis] as number, 5)
    }
  })
})

describe('ConstraintModel', () => {
  const memory = ({ x, y, kind }: Point): number => 0.8 * x + 0.4 * y ** 2 + (kind.type === 'c' ? 0.2 : 0)

  it('learns where an outcome is within its limit', async () => {
    const records = await trialsOf(60, () => false, memory)
    const all = probabilities(finish(new ConstraintModel(0).term(observe(records), layout)) as Term, (point) => memory(point) > 0.6)
    expect(logLoss(all)).toBeLessThan(0.15)
    expect(all.filter(({ inside }) => inside).length).toBeGreaterThan(100)
  })

  it('goes on when nothing was measured, all was the same, or something was infinite', async () => {
    expect(finish(new ConstraintModel(0).term(observe(await trialsOf(5, () => true)), layout))).toBeUndefined()
    const same = probabilities(finish(new ConstraintModel(1).term(observe(await trialsOf(20, () => false)), layout)) as Term, () => false)
    expect(logLoss(same)).toBeLessThan(0.3)
    const infinite = probabilities(finish(new ConstraintModel(0).term(observe(await trialsOf(60, () => false, (point) => (memory(point) > 0.6 ? Infinity : memory(point)))), layout)) as Term, (point) => memory(point) > 0.6)
    expect(logLoss(infinite)).toBeLessThan(0.3)
  })

  it('keeps the sign of margins, and counts large ones by their logarithms', () => {
    const { targets, limit } = scaled([-1, 0, 1, 2, 1e9, Infinity])
    const ranks = [...targets]
    expect(ranks).toEqual(ranks.toSorted((a, b) => a - b))
    expect(limit).toBeCloseTo(ranks[1] as number, 12)
    expect(scaled([0, 0]).targets).toEqual(new Float64Array(2))
    expect(scaled([Infinity, Infinity]).limit).toBeLessThan(0)
    expect(scaled([1e308, -1e-10, 2e-10, 1e-10]).targets.every(Number.isFinite)).toBe(true)
  })
})

describe('logProbit', () => {
  it('is the logarithm of the normal distribution function, with its slopes', () => {
    for (const [mean, variance] of [[0.3, 0.5], [-2, 0.1], [5, 2], [-40, 0.2]] as const) {
      const utility = logProbit({ constant: 0.4, byMean: 1.5, byVariance: -0.2, noise: 0.1, power: 2 })
      const z = (0.4 + 1.5 * mean - 0.2 * variance) / Math.sqrt(variance + 0.1)
      if (z > -30) expect(utility.value(mean, variance)).toBeCloseTo(2 * log(normalCdf(z)), 10)
      const out = new Float64Array(2)
      utility.slopes(mean, variance, out)
      expect((utility.value(mean + 1e-6, variance) - utility.value(mean - 1e-6, variance)) / 2e-6 / (out[0] as number)).toBeCloseTo(1, 4)
      expect((utility.value(mean, variance + 1e-6) - utility.value(mean, variance - 1e-6)) / 2e-6 / (out[1] as number)).toBeCloseTo(1, 4)
    }
  })
})

describe('sizeWithin', () => {
  it('grows by a quarter, so that few sizes occur', () => {
    expect(Array.from({ length: 13 }, (_, count) => sizeWithin(count, 100))).toEqual([0, 1, 2, 3, 4, 5, 5, 7, 7, 9, 9, 9, 12])
    expect(sizeWithin(1e6, 64)).toBe(60)
    expect(new Set(Array.from({ length: 200 }, (_, count) => sizeWithin(count, 64))).size).toBeLessThan(20)
  })
})
