import { choice, createStudy, float, minimize, oneOf, type OutcomeConstraint, type Problem, space, type TrialRecord } from '@attune/core'
import { describe, expect, it } from 'vitest'
import { atOnce } from '../in-parts.ts'
import { Observations } from '../model/observations.ts'
import { Points } from '../model/points.ts'
import { Layout } from './layout.ts'
import { warmStart } from './warm-start.ts'

type Of = Parameters<typeof space>[0]

async function sourcesOf(definition: Of, results: readonly { readonly params: unknown; readonly value: number }[]): Promise<{ readonly layout: Layout; readonly observations: Observations; readonly rows: readonly number[] }> {
  const of = space(definition)
  const study = await createStudy({ name: 'sources', space: of, seed: 1 })
  for (const { params, value } of results) await study.add({ params: params as never, value })
  const observations = new Observations({ space: of, objectives: [minimize('value')], constraints: [] as readonly OutcomeConstraint[] } as unknown as Problem)
  for (const record of study.trials() as readonly TrialRecord[]) observations.add(record)
  return { layout: new Layout(new Points(of)), observations, rows: [...observations.order] }
}

describe('warmStart', () => {
  it('agrees with the Python package cmaes', async () => {
    // cmaes 0.13.1: get_warm_start_mgd of forty points, gamma=.1, alpha=.1.
    const results = Array.from({ length: 40 }, (_, i) => ({ params: { x: 0.3 + 0.01 * ((i * 7) % 20), y: 0.6 - 0.005 * ((i * 3) % 20) + (0.1 * ((i * 7) % 20)) / 20 }, value: i }))
    const { layout, observations, rows } = await sourcesOf({ x: float(0, 1), y: float(0, 1) }, results)
    const { normal } = atOnce(warmStart(layout, observations, rows, 1 / 6))
    expect([...normal.mean].map((one) => one.toFixed(12))).toEqual(['0.355000000000', '0.605000000000'])
    expect(normal.deviation).toBeCloseTo(0.1089392534921086, 12)
    ;[1.105937341822839, 0.11586010247667734, 0.11586010247667734, 0.9163480832246356].forEach((one, at) => expect(normal.covariance[at]).toBeCloseTo(one, 10))
  })

  it('learns a branch from the good results that took it, and the categories from how many did', async () => {
    const definition = { kind: oneOf({ a: { x: float(0, 1) }, b: {} }), z: float(0, 1), c: choice(['p', 'q', 'r']) }
    const results = Array.from({ length: 40 }, (_, i) => ({ params: { kind: i === 1 ? { type: 'a', x: 0.9 } : { type: 'b' }, z: 0.25, c: 'q' }, value: i }))
    const { layout, observations, rows } = await sourcesOf(definition, results)
    const { normal, categories } = atOnce(warmStart(layout, observations, rows, 1 / 6))
    const dimension = (path: string): number => layout.points.axes.find((axis) => axis.dimension.path === path)!.dimension.index
    expect(normal.mean[layout.normal.indexOf(dimension('kind.a.x'))]).toBeCloseTo(0.9, 12)
    expect(normal.mean[layout.normal.indexOf(dimension('z'))]).toBeCloseTo(0.25, 12)
    // One of four took branch a, and the prior counts as one more.
    expect([...categories[layout.categorical.indexOf(dimension('kind.type'))]!]).toEqual([0.3, 0.7])
    expect(categories[layout.categorical.indexOf(dimension('c'))]![1]).toBeCloseTo(13 / 15, 12)
  })

  it('begins at the best of few results, with the priors for what it did not have', async () => {
    const definition = { kind: oneOf({ a: { x: float(0, 1) }, b: {} }), z: float(0, 1) }
    const { layout, observations, rows } = await sourcesOf(definition, [{ params: { kind: { type: 'a', x: 0.9 }, z: 0.1 }, value: 2 }, { params: { kind: { type: 'b' }, z: 0.8 }, value: 1 }])
    const { normal, categories } = atOnce(warmStart(layout, observations, rows, 0.2))
    expect([...normal.mean].sort((a, b) => a - b)).toEqual([0.5, 0.8])
    expect(normal.deviation).toBe(0.2)
    expect([...categories[0]!]).toEqual([0.5, 0.5])
  })
})
