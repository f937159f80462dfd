import { describe, expect, it } from 'vitest'
import type { Change, ChangeBody } from '../contracts/change.ts'
import type { StudyDefinition } from '../contracts/storage.ts'
import { atMost, maximize } from '../objective/objectives.ts'
import { float, oneOf } from '../space/builders.ts'
import { space } from '../space/space.ts'
import { StudyHistory } from './study-history.ts'

const definition: StudyDefinition = { name: 'test', space: {}, fingerprint: '', objectives: [maximize('score')], constraints: [{ metric: 'cost', ...atMost(10) }], metrics: null, seed: 1 }
const built = space({ x: float(0, 10), branch: oneOf({ a: { y: float(0, 1) }, b: {} }) })

function historyOf(...bodies: readonly ChangeBody[]): StudyHistory {
  const history = new StudyHistory(definition, built)
  for (const [i, body] of bodies.entries()) history.apply({ revision: i + 1, time: 100 + i, body } satisfies Change)
  return history
}

const create = (number: number, x: number, owner = 'me'): ChangeBody => ({ type: 'create', number, origin: 'sampler', params: { x, 'branch.type': 'b' }, owner })
const finish = (number: number, score: number, cost = 0): ChangeBody => ({ type: 'finish', number, outcome: { state: 'complete', metrics: { score, cost } } })
const report = (number: number, step: number, score: number): ChangeBody => ({ type: 'report', number, step, metrics: { score } })

describe('StudyHistory', () => {
  it('keeps coordinates and losses in columns by trial number', () => {
    const history = historyOf({ type: 'create', number: 0, origin: 'added', params: { x: 5, 'branch.type': 'a', 'branch.a.y': 0.25 }, outcome: { state: 'complete', metrics: { score: 3, cost: 1 } } }, create(1, 10))
    const row = (number: number): number[] => ['x', 'branch.type', 'branch.a.y'].map((path) => history.units(built.dimensions.find((dimension) => dimension.path === path)!.index)[number]!)
    expect(row(0)).toEqual([0.5, 0.25, 0.25])
    expect(row(1)).toEqual([1, 0.75, NaN])
    expect([history.losses()[0], history.losses()[1]]).toEqual([-3, NaN])
    expect(() => history.units(3)).toThrow(/has 3 dimensions/)
    expect(() => history.losses(1)).toThrow(/has 1 objectives/)
  })

  it('gives snapshots of a trial that reports which do not copy its reports before they are read, and stay as they were', () => {
    const history = historyOf(create(0, 1))
    const snapshots = [1, 2, 3].map((step) => {
      history.apply({ revision: 1 + step, time: 0, body: report(0, step, step) })
      return history.trial(0)
    })
    // Not read so far: what they have of the list is fixed all the same.
    history.apply({ revision: 5, time: 0, body: { type: 'requeue', number: 0, failure: { reason: 'lost', message: 'gone' } } })
    history.apply({ revision: 6, time: 0, body: { type: 'claim', number: 0, owner: 'other', attempt: 2 } })
    history.apply({ revision: 7, time: 0, body: report(0, 9, 9) })
    const steps = (record: { readonly reports: readonly { readonly step: number }[] }): readonly number[] => record.reports.map(({ step }) => step)
    expect(snapshots.map(steps)).toEqual([[1], [1, 2], [1, 2, 3]])
    expect(steps(history.trial(0))).toEqual([9])
    expect(snapshots[1]!.reports).toBe(snapshots[1]!.reports)
    expect(Object.isFrozen(snapshots[1]!.reports)).toBe(true)
    expect([steps({ ...snapshots[1]! }), steps(structuredClone(snapshots[1]!)), steps(JSON.parse(JSON.stringify(snapshots[1])) as { reports: [] })]).toEqual([[1, 2], [1, 2], [1, 2]])
  })

  it('knows the best trial at all times: complete, feasible, not void, the first of equals', () => {
    const history = historyOf(create(0, 1), finish(0, 5, 11), create(1, 1), finish(1, 3), create(2, 1), finish(2, 3), create(3, 1), finish(3, 4))
    expect(history.best).toBe(3)
    expect(history.violations()[0]).toBe(1)
    history.apply({ revision: 9, time: 0, body: { type: 'amend', number: 3, amendment: { void: 'wrong data' }, by: 'me' } })
    expect([history.best, history.completeCount, history.losses()[3]]).toEqual([1, 3, NaN])
    history.apply({ revision: 10, time: 0, body: { type: 'amend', number: 0, amendment: { metrics: { cost: 9 }, note: 'measured again' }, by: 'me' } })
    expect(history.best).toBe(0)
  })

  it('holds a constraint that a pruned trial did not come to measure for kept, and one that it broke for broken', () => {
    const pruned = (number: number, metrics: { readonly [metric: string]: number }): ChangeBody => ({ type: 'finish', number, outcome: { state: 'pruned', metrics } })
    const history = historyOf(create(0, 1), pruned(0, { score: 1 }), create(1, 1), pruned(1, { score: 1, cost: 12 }), create(2, 1), { type: 'finish', number: 2, outcome: { state: 'complete', metrics: { score: 1 } } })
    expect([0, 1, 2].map((number) => history.trial(number).violation)).toEqual([0, 2, Infinity])
  })

  it('keeps curves by trial and by step', () => {
    const history = historyOf(create(0, 1), create(1, 1), report(0, 1, 5), report(1, 1, 6), report(0, 2, 7))
    const curve = history.curve(0)
    expect([Array.from(curve.steps.subarray(0, curve.length)), Array.from(curve.losses.subarray(0, curve.length))]).toEqual([[1, 2], [-5, -7]])
    const step = history.atStep(1)
    expect([Array.from(step.numbers.subarray(0, step.length)), Array.from(step.losses.subarray(0, step.length))]).toEqual([[0, 1], [-5, -6]])
    expect([history.atStep(9).length, history.curve(9).length]).toEqual([0, 0])
  })

  it('forgets what a lost attempt reported after its checkpoint, once the trial starts again', () => {
    const artifact = { hash: 'h', size: 1, kind: 'checkpoint' }
    const history = historyOf(
      create(0, 1), report(0, 1, 5), { type: 'checkpoint', number: 0, step: 1, artifact }, report(0, 2, 6), create(1, 1), report(1, 2, 1),
      { type: 'requeue', number: 0, failure: { reason: 'lost', message: 'gone' } },
    )
    expect(history.trial(0)).toMatchObject({ state: 'waiting', attempt: 1, earlierFailures: [{ reason: 'lost' }] })
    expect(history.running()).toEqual([1])
    history.apply({ revision: 8, time: 0, body: { type: 'claim', number: 0, owner: 'other', attempt: 2 } })
    expect(history.trial(0)).toMatchObject({ state: 'running', attempt: 2, owner: 'other', reports: [{ step: 1 }] })
    expect([history.curve(0).length, Array.from(history.atStep(2).numbers.subarray(0, history.atStep(2).length))]).toEqual([1, [1]])
    expect(history.running()).toEqual([0, 1])
  })

  it('answers snapshots, the same one until something changes', () => {
    const history = historyOf(create(0, 1))
    const before = history.trial(0)
    expect(history.trial(0)).toBe(before)
    history.apply({ revision: 2, time: 0, body: report(0, 1, 5) })
    expect(before.reports).toEqual([])
    expect(history.trial(0).reports.length).toBe(1)
    expect(before.params).toBe(before.params)
    expect(JSON.parse(JSON.stringify(before))).toMatchObject({ number: 0, params: { x: 1, branch: { type: 'b' } } })
    expect(() => history.trial(7)).toThrow(/There is no trial 7 in study "test": it has 1 trials/)
  })
})
