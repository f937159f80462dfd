import { choice, float, normal, normalCdf, oneOf, space } from '@attune/core'
import { expect, it } from 'vitest'
import { Points } from '../model/points.ts'
import { spreadPoint } from './spread-point.ts'

it('spread points follow the priors, down the tree, more evenly than chance', () => {
  const tree = space({ x: float(0, 1), z: float(-4, 4, { prior: normal(0, 1) }), kind: oneOf({ a: { y: float(0, 1) }, b: {} }, { weights: { a: 1, b: 3 } }), c: choice(['p', 'q']) })
  const points = new Points(tree)
  const decoded = Array.from({ length: 64 }, (_, index) => tree.decode(spreadPoint(points, index, 5)!))
  for (const flat of decoded) expect(tree.problems(flat)).toEqual([])
  // Of 64 points of a scrambled sequence each sixteenth of a dimension holds four.
  const counts = (of: (flat: (typeof decoded)[number]) => number): number[] => decoded.reduce((sum, flat) => sum.with(Math.floor(16 * of(flat)), (sum[Math.floor(16 * of(flat))] as number) + 1), Array.from({ length: 16 }, () => 0))
  expect(counts((flat) => Number(flat['x']))).toEqual(Array.from({ length: 16 }, () => 4))
  // Its bounds cut the normal prior off at four deviations.
  expect(counts((flat) => normalCdf(Number(flat['z'])))).toEqual(Array.from({ length: 16 }, () => 4))
  expect(decoded.filter((flat) => flat['kind.type'] === 'a')).toHaveLength(16)
  expect(decoded.filter((flat) => 'kind.a.y' in flat)).toHaveLength(16)
  expect(decoded.filter((flat) => flat['c'] === 'p')).toHaveLength(32)
})

it('there is none for a space with more dimensions than the sequence has', () => {
  const wide = space(Object.fromEntries(Array.from({ length: 1112 }, (_, i) => [`x${i}`, choice([0, 1])])))
  expect(spreadPoint(new Points(wide), 0, 5)).toBeUndefined()
})
