import { describe, expect, it } from 'vitest'
import { compare } from './comparison.ts'
import type { ProblemEntry } from './problems/problem.ts'
import type { StoredCurves } from './stored-curves.ts'

const entries: readonly ProblemEntry[] = ['a', 'b', 'c', 'd', 'e', 'f'].map((id) => ({ id, family: id < 'd' ? 'numeric' : 'conditional', direction: 'minimize' }))
const anchors = Object.fromEntries(entries.map(({ id }) => [id, { optimum: 0, median: 10 }]))

/** Curves that fall to a value at a trial, on each problem, for two seeds. */
function curves(optimiser: string, ends: Readonly<Record<string, number>>, at = 10): StoredCurves {
  return { optimiser, settings: '', command: '', date: '', seeds: [0, 1], trials: 100, curves: Object.fromEntries(Object.entries(ends).map(([id, value]) => [id, [[[1, 12], [at, value]], [[1, 8], [at, value]]]])) }
}

const same = (value: number): Record<string, number> => Object.fromEntries(entries.map(({ id }) => [id, value]))
const tpe = curves('optuna 5.0.0 tpe', same(2), 60)
const gp = curves('optuna 5.0.0 gp', { ...same(1), e: 4 }, 40)
const random = curves('optuna 5.0.0 random', same(5))

describe('compare', () => {
  it('means over seeds, clipped, then over the problems of a family', () => {
    const { ours } = compare(curves('attune x@1', { ...same(1), a: 4 }), [tpe, gp, random], entries, anchors)
    // Before its trial 10 the seeds have 1 (12 is clipped) and 0.8.
    expect(ours.curves['all']?.[0]).toBeCloseTo(0.9, 12)
    expect(ours.families['all']?.regret).toEqual([0.15, 0.15, 0.15].map((value) => expect.closeTo(value, 12)))
    expect(ours.families['numeric']?.regret[2]).toBeCloseTo(0.2, 12)
    expect(ours.families['conditional']?.problems).toBe(3)
    const [low = 0, high = 0] = ours.families['all']?.interval[2] ?? []
    expect(low).toBeCloseTo(0.1, 12)
    expect(high).toBeGreaterThan(0.15)
  })

  it('ranks only those that were run on all problems', () => {
    const partial = curves('hebo 1 gp', { a: 0, b: 0 })
    const found = compare(curves('attune x@1', same(0.5)), [tpe, gp, partial, random], entries, anchors)
    expect(found.ours.meanRank).toEqual([1, 1, 1])
    // At 20 trials neither TPE nor GP has moved from the first values: both have 0.9.
    expect(found.peers.map(({ meanRank }) => meanRank?.[0])).toEqual([3.5, 3.5, undefined, 2])
    expect(found.peers[2]?.notRun).toEqual(['c', 'd', 'e', 'f'])
    expect(found.peers[2]?.families).toEqual({})
    const duel = found.duels.find(({ peer }) => peer === 'hebo 1 gp')
    expect(duel?.problems).toBe(2)
    expect(duel?.losses).toEqual([2, 2, 2])
  })

  it('counts the trials to match, and says never', () => {
    expect(compare(curves('attune x@1', same(2), 30), [tpe], entries, anchors).ours.trialsToMatch).toEqual({ median: 30, ofMeanCurve: 30, never: 0 })
    const never = compare(curves('attune x@1', { a: 1, b: 1, c: 3, d: 3, e: 3, f: 3 }), [tpe], entries, anchors).ours.trialsToMatch
    expect(never).toEqual({ median: null, ofMeanCurve: null, never: 4 })
    // An even number of problems: the middle of the two in the middle.
    const half = compare(curves('attune x@1', { a: 1, b: 1, c: 1, d: 1, e: 3, f: 3 }, 20), [tpe], entries, anchors).ours.trialsToMatch
    expect(half?.median).toBe(20)
  })

  it('finds the worst cases against the better of two peers', () => {
    // Bounds: 1.25 × 0.1 on most problems, and 1.25 × 0.2 on e.
    const { worstCase } = compare(curves('attune x@1', { ...same(1.2), a: 1.3, e: 2.6, f: 1.24 }), [tpe, gp], entries, anchors)
    expect(Object.keys(worstCase?.above ?? {})).toEqual(['a', 'e'])
    expect(worstCase?.above['e']?.bound).toBeCloseTo(0.25, 12)
    // Near the optimum 0.01 is allowed.
    const near = compare(curves('attune x@1', same(0.15)), [tpe, curves('optuna 5.0.0 gp', same(0.06))], entries, anchors)
    expect(near.worstCase?.above).toEqual({})
    expect(compare(curves('attune x@1', same(1)), [tpe], entries, anchors).worstCase).toBeUndefined()
  })

  it('corrects p over all peers and checkpoints', () => {
    const { duels } = compare(curves('attune x@1', same(0.5)), [tpe, gp, random], entries, anchors)
    // Six equal differences: 2 / 64 each, times nine comparisons.
    expect(duels.map(({ p }) => p)).toEqual(Array.from({ length: 3 }, () => [0.28125, 0.28125, 0.28125]))
    expect(duels[0]?.wins).toEqual([6, 6, 6])
  })

  it('refuses a problem without an anchor', () => {
    expect(() => compare(tpe, [gp], entries, {})).toThrow('anchors')
  })
})
