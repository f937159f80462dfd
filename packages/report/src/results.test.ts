import { describe, expect, it } from 'vitest'
import { bestTrial, countSteps, improvements, leaders, paretoFront } from './results.ts'
import { objective, study, trial, uniforms } from './study-data.test-support.ts'

const numbers = (trials: readonly { readonly number: number }[]): readonly number[] => trials.map(({ number }) => number)

describe('bestTrial', () => {
  it('is the earliest of equals among complete, feasible trials that are not void', () => {
    const trials = [
      trial(0, { values: [3] }),
      trial(1, { values: [1], state: 'pruned' }),
      trial(2, { values: [1], violation: 0.1 }),
      trial(3, { values: [1], voided: 'wrong data' }),
      trial(4, { values: [2] }),
      trial(5, { values: [2] }),
      trial(6),
    ]
    expect(bestTrial(study({ trials }))?.number).toBe(4)
    expect(numbers(improvements(study({ trials })))).toEqual([0, 4])
    expect(bestTrial(study({ trials, objectives: [objective('loss', 'maximize')] }))?.number).toBe(0)
  })

  it('orders infinities and is undefined without results', () => {
    expect(bestTrial(study({}))).toBeUndefined()
    const trials = [trial(0, { values: [Number.POSITIVE_INFINITY] }), trial(1, { values: [5] }), trial(2, { values: [Number.NEGATIVE_INFINITY] })]
    expect(numbers(improvements(study({ trials })))).toEqual([0, 1, 2])
  })
})

describe('paretoFront', () => {
  it('equals the definition on random results', () => {
    const uniform = uniforms(3)
    const objectives = [objective('a'), objective('b', 'maximize'), objective('c')]
    const trials = Array.from({ length: 200 }, (_, number) => trial(number, { values: objectives.map(() => Math.floor(uniform() * 6)) }))
    const atLeast = (a: readonly number[], b: readonly number[]): boolean => a[0]! <= b[0]! && a[1]! >= b[1]! && a[2]! <= b[2]!
    const expected = trials.filter(({ values }) => !trials.some((other) => atLeast(other.values!, values!) && String(other.values) !== String(values)))
    expect(numbers(paretoFront(study({ objectives, trials })))).toEqual(numbers(expected))
    expect(leaders(study({ objectives, trials }))).toEqual(paretoFront(study({ objectives, trials })))
  })
})

describe('countSteps', () => {
  const steps = (last: number): { reports: { step: number; metrics: object; time: number }[] } => ({ reports: Array.from({ length: last }, (_, index) => ({ step: index + 1, metrics: {}, time: 0 })) })

  it('counts what pruned trials were spared, measured by the longest complete one', () => {
    const trials = [trial(0, steps(9) as never), trial(1, { ...steps(3), state: 'pruned' } as never), trial(2, { ...steps(1), state: 'failed' } as never)]
    expect(countSteps(trials)).toEqual({ run: 13, saved: 6 })
  })

  it('counts those of very long studies', () => {
    const one = trial(0, steps(2) as never)
    expect(countSteps(Array.from({ length: 300_000 }, () => one))).toEqual({ run: 600_000, saved: 0 })
  })

  it('says nothing where there are no steps', () => {
    expect(countSteps([trial(0, { values: [1] })])).toBeUndefined()
  })
})
