import { atMost, createStudy, type FlatParams, float, int, maximize, type Problem, type PrunerFactory, type SamplerFactory, type Space, space, type Study } from '@attune/core'
import { describe, expect, it } from 'vitest'
import { annealing } from '../annealing/annealing.ts'
import { cmaEs } from '../cma-es/cma-es.ts'
import { differentialEvolution } from '../differential-evolution/differential-evolution.ts'
import { auto } from '../auto/auto.ts'
import { forest } from '../forest/forest.ts'
import { gp } from '../gp/gp.ts'
import { nsgaII } from '../nsga/nsga.ts'
import { tpe } from '../tpe/tpe.ts'
import { pausedTrials } from './paused-trials.ts'

/** Starts every trial, pauses it after its first step, and lets none go on. */
const pausing: PrunerFactory = { specVersion: 'v1', id: 'pausing', create: () => ({ judge: () => 'continue', next: () => ({ suggest: true, toStep: 1 }) }) }

/** A study of trials that are all paused, and the problem that its sampler was told. */
async function studyOf(of: Space<unknown>, sampler: SamplerFactory, trials: number, loss: (flat: FlatParams) => number): Promise<{ readonly study: Study<unknown>; readonly problem: Problem }> {
  let problem: Problem | undefined
  const watched: SamplerFactory = { ...sampler, create: (known) => sampler.create((problem = known)) }
  const study = await createStudy({ name: 'paused', space: of, objective: maximize('value'), constraints: { memory: atMost(2) }, pruner: pausing, sampler: watched, seed: 1 })
  await study.optimize(async function* ({ flatParams }) {
    for (let step = 1; step <= 4; step++) yield { step, value: -loss(flatParams), memory: 2.5 * Number(flatParams['x'] ?? 0) }
  }, { trials })
  expect(study.counts).toMatchObject({ paused: trials, complete: 0 })
  return { study, problem: problem as Problem }
}

describe('paused trials', () => {
  it('are as if they had been pruned where they are', async () => {
    const { study, problem } = await studyOf(space({ x: float(0, 1) }), tpe(), 8, ({ x }) => Number(x))
    const trials = pausedTrials(problem, 20)
    expect(trials.map(({ number, state }) => [number, state])).toEqual(study.trials().map(({ number }) => [number, 'pruned']))
    for (const [i, { value, values, violation }] of trials.entries()) {
      const x = Number(study.trial(i).flatParams['x'])
      expect([value, values, violation]).toEqual([-x, [-x], Math.max(0, 2.5 * x - 2)])
    }
  })

  it('are represented by some of them, from the best to the worst, where there are very many', async () => {
    const { problem } = await studyOf(space({ x: float(0, 1) }), tpe(), 60, ({ x }) => Number(x))
    const all = pausedTrials(problem, 60).toSorted((a, b) => (b.value as number) - (a.value as number))
    const some = pausedTrials(problem, 6)
    expect(some.toSorted((a, b) => (b.value as number) - (a.value as number)).map(({ number }) => number)).toEqual([5, 15, 25, 35, 45, 55].map((rank) => all[rank]?.number))
    expect(some.map(({ number }) => number)).toEqual(some.map(({ number }) => number).toSorted((a, b) => a - b))
  })

  it.each([tpe(), annealing(), auto()])('teach $id', async (sampler) => {
    const { study } = await studyOf(space({ x: float(0, 1), y: float(0, 1) }), sampler, 60, ({ x, y }) => (Number(x) - 0.3) ** 2 + (Number(y) - 0.6) ** 2)
    const late = study.trials().slice(40).map(({ flatParams: { x, y } }) => Math.hypot(Number(x) - 0.3, Number(y) - 0.6))
    expect(late.reduce((sum, one) => sum + one / late.length, 0)).toBeLessThan(0.2) // .42 from the priors
    expect(study.explain(59).why).toContain('best trials')
  })

  it.each([gp(), forest()])('teach $id', async (sampler) => {
    const { study } = await studyOf(space({ x: float(0, 1), y: float(0, 1) }), sampler, 30, ({ x, y }) => (Number(x) - 0.3) ** 2 + (Number(y) - 0.6) ** 2)
    const late = study.trials().slice(20).map(({ flatParams: { x, y } }) => Math.hypot(Number(x) - 0.3, Number(y) - 0.6))
    expect(late.reduce((sum, one) => sum + one / late.length, 0)).toBeLessThan(0.25) // .42 from the priors
    expect(study.explain(29).model).not.toBe('prior')
    expect(study.explain(29).predicted).toBeUndefined() // No trial has a loss that is final.
  })

  it.each([tpe(), cmaEs(), differentialEvolution(), annealing(), nsgaII(), forest(), gp(), auto()])('are not suggested again by $id, with the first trials too', async (sampler) => {
    const { study } = await studyOf(space({ a: int(0, 4), b: int(0, 4) }), sampler, 25, ({ a, b }) => Number(a) + Number(b))
    expect(new Set(study.trials().map(({ flatParams }) => JSON.stringify(flatParams))).size).toBe(25)
  })
})
