import { atLeast, atMost, createStudy, float, int, maximize, minimize, type Objective, type OutcomeConstraint, type Problem, type SearchSpace, space, type Study, type TrialRecord } from '@attune/core'
import { describe, expect, it } from 'vitest'
import { goodRows } from '../tpe/good-rows.ts'
import { NearFront } from '../tpe/near-front.ts'
import { Observations } from './observations.ts'

const plane = space({ x: float(0, 1), y: int(0, 9) })

function observe(records: readonly TrialRecord[], objectives: readonly Objective[] = [minimize('value')], of: SearchSpace = plane, constraints: readonly OutcomeConstraint[] = []): Observations {
  // Observations read the space, the objectives and the constraints only.
  const observations = new Observations({ space: of, objectives, constraints } as unknown as Problem)
  for (const record of records) observations.add(record)
  return observations
}

const numbersOf = (observations: Observations, rows: Int32Array): number[] => Array.from(rows, (row) => observations.numberOf(row))

async function studyOfEveryEnd(): Promise<Study<unknown>> {
  const study = await createStudy({ name: 'ends', space: plane, objective: minimize('value'), constraints: { latency: atMost(1) }, seed: 2 })
  const results: readonly (readonly [value: number, latency: number])[] = [[3, 0], [1, 0], [2, 5], [0, 3], [1, 1]]
  for (const [value, latency] of results) await study.tell(await study.ask(), { value, latency })
  const reports: readonly (readonly [step: number, value: number])[][] = [[[1, 9]], [[1, 5], [2, 8]], [[1, 5], [2, 7]], []]
  for (const list of reports) {
    const trial = await study.ask()
    for (const [step, value] of list) await trial.report({ step, value, latency: 0 })
    await study.prune(trial)
  }
  await study.fail(await study.ask(), new Error('broken'))
  await study.fail(await study.ask(), new Error('stopped'), 'aborted')
  return study
}

describe('observations', () => {
  it('come in the order complete, pruned (longest and lowest first), infeasible, failed; what was aborted says nothing', async () => {
    const records = (await studyOfEveryEnd()).trials()
    const observations = observe(records)
    expect(numbersOf(observations, observations.order)).toEqual([1, 4, 0, 7, 6, 5, 8, 3, 2, 9])
    expect([observations.length, observations.endedCount, observations.feasibleCount]).toEqual([10, 9, 3])
  })

  it('know what failed, and by how much each constraint is violated', async () => {
    const study = await createStudy({ name: 'margins', space: plane, constraints: { latency: atMost(2), accuracy: atLeast(0.5) }, seed: 2 })
    await study.tell(await study.ask(), { value: 1, latency: 5, accuracy: 0.75 })
    await study.tell(await study.ask(), { value: 1, latency: 1, accuracy: -Infinity })
    const pruned = await study.ask()
    await pruned.report({ step: 1, value: 1, latency: 2.5 })
    await study.prune(pruned)
    await study.fail(await study.ask(), new Error('broken'), 'timeout')
    const observations = observe(study.trials(), undefined, plane, study.definition.constraints)
    expect([0, 1, 2, 3].map((row) => [...observations.margins(row)])).toEqual([[3, -0.25], [-1, Infinity], [0.5, NaN], [NaN, NaN]])
    expect([0, 1, 2, 3].map((row) => observations.hasFailed(row))).toEqual([false, false, false, true])
  })

  it('come in the same order whatever order they were told in', async () => {
    const records = (await studyOfEveryEnd()).trials()
    const expected = observe(records)
    for (const told of [records.toReversed(), [...records].sort((a, b) => (a.number * 7) % 11 - (b.number * 7) % 11)]) {
      const observations = observe(told)
      expect(numbersOf(observations, observations.order)).toEqual(numbersOf(expected, expected.order))
    }
  })

  it('put a complete trial whose value an amendment took away beside the failed ones', async () => {
    const records = (await studyOfEveryEnd()).trials().map((record): TrialRecord => (record.number === 1 ? { ...record, metrics: { value: NaN, latency: 0 }, values: undefined, value: undefined } : record))
    for (const told of [records, records.toReversed()]) {
      const observations = observe(told)
      expect(numbersOf(observations, observations.order)).toEqual([4, 0, 7, 6, 5, 8, 3, 2, 1, 9])
      expect(observations.feasibleCount).toBe(2)
    }
  })

  it('order by the direction of the objective', async () => {
    const study = await createStudy({ name: 'up', space: plane, objective: maximize('value'), seed: 2 })
    for (const value of [1, 5, Infinity, -Infinity, 3]) await study.tell(await study.ask(), value)
    const observations = observe(study.trials(), [maximize('value')])
    expect(numbersOf(observations, observations.order)).toEqual([2, 1, 4, 0, 3])
  })

  it('keep coordinates by column while they grow', async () => {
    const study = await createStudy({ name: 'many', space: plane, seed: 2 })
    await study.optimize((trial) => trial.params.x, { trials: 100 })
    const observations = observe(study.trials())
    for (const { number, flatParams } of study.trials()) {
      const row = Array.from({ length: 100 }, (_, i) => i).find((one) => observations.numberOf(one) === number) as number
      expect([observations.column(0)[row], observations.column(1)[row]]).toEqual([...plane.encode(flatParams)])
    }
  })
})

function nearFrontOf(observations: Observations): NearFront {
  const nearFront = new NearFront(100)
  for (const row of observations.order) nearFront.add(row, observations.losses(row))
  return nearFront
}

describe('goodRows', () => {
  it('takes whole ranks of non-domination, then what stands alone', async () => {
    const objectives = [minimize('a'), maximize('b')]
    const study = await createStudy({ name: 'two', space: plane, objective: objectives, seed: 2 })
    // Losses (a, −b): the first rank is 0, 1, 2; the second 3 … 7 on a line, of which 5 and 6 are crowded.
    const losses = [[0, 2], [1, 1], [2, 0], [1, 9], [3, 7], [4.9, 5.1], [5, 5], [9, 1], [9, 9]] as const
    for (const [a, b] of losses) await study.tell(await study.ask(), { a, b: -b })
    const observations = observe(study.trials(), objectives)
    const numbers = (count: number): number[] => numbersOf(observations, goodRows(observations, count, nearFrontOf(observations))).sort((a, b) => a - b)
    expect(numbers(3)).toEqual([0, 1, 2])
    expect(numbers(7)).toEqual([0, 1, 2, 3, 4, 6, 7])
    expect(numbers(8)).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
    expect(numbers(1)).toHaveLength(1)
  })

  it('agrees with the definition of rank, with ties, for two and three objectives', async () => {
    for (const count of [2, 3]) {
      const objectives = ['a', 'b', 'c'].slice(0, count).map((metric) => minimize(metric))
      const study = await createStudy({ name: 'ranks', space: plane, objective: objectives, seed: 2 })
      for (let i = 0; i < 80; i++) await study.tell(await study.ask(), Object.fromEntries(objectives.map(({ metric }, j) => [metric, (i * (7 + 4 * j) + j) % (9 + j)])))
      const values = study.trials().map(({ values: one = [] }) => one)
      const beats = (a: readonly number[], b: readonly number[]): boolean => a.every((x, j) => x <= (b[j] as number)) && a.some((x, j) => x < (b[j] as number))
      const rank = (of: ReadonlySet<number>): number[] => [...of].filter((i) => ![...of].some((j) => beats(values[j] as number[], values[i] as number[])))
      const first = rank(new Set(values.keys()))
      const second = rank(new Set([...values.keys()].filter((i) => !first.includes(i))))
      const observations = observe(study.trials(), objectives)
      const numbers = numbersOf(observations, goodRows(observations, first.length + second.length, nearFrontOf(observations)))
      expect(numbers.sort((a, b) => a - b)).toEqual([...first, ...second].sort((a, b) => a - b))
    }
  })

  it('know the points that there are, those counted in for a while too, in a space that grows', async () => {
    const source = await createStudy({ space: { x: float(0, 1), y: int(0, 9) }, seed: 4 })
    for (let i = 0; i < 30; i++) await source.tell(await source.ask(), i)
    const records = source.trials()
    const at = (record: TrialRecord): Float64Array => plane.encode(record.flatParams)
    const observations = observe(records.slice(0, 20))
    expect(records.map((record) => observations.hasPoint(at(record)))).toEqual(records.map(({ number }) => number < 20))
    for (const [from, to] of [[20, 25], [24, 30]] as const) {
      const counted = observations.with(records.slice(from, to), () => records.map((record) => observations.hasPoint(at(record))))
      expect(counted).toEqual(records.map(({ number }) => number < 20 || (number >= from && number < to)))
    }
    const [x = 0, y = 0] = at(records[0]!)
    expect([Float64Array.of(y, x), Float64Array.of(x, (y + 0.1) % 1)].map((units) => observations.hasPoint(units))).toEqual([false, false]) // The first is of the same sum.
    // To lack a parameter that came later is a coordinate as well.
    const problem = { space: space({ x: float(0, 1) }) as SearchSpace, objectives: [minimize('value')], constraints: [] }
    const growing = new Observations(problem as unknown as Problem)
    growing.add(records[0]!)
    problem.space = plane
    growing.add(records[1]!)
    expect([Float64Array.of(x, NaN), at(records[1]!), at(records[0]!)].map((units) => growing.hasPoint(units))).toEqual([true, true, false])
  })
})
