import { ThreefryRandom } from '@attune/core'
import { expect, test } from 'vitest'
import { dominates } from '../model/domination.ts'
import { NearFront } from './near-front.ts'

test.each([2, 3])('keeps what fewer than so many rows dominate, told in any order, for %i objectives', (objectives) => {
  const random = new ThreefryRandom(5).stream(0, 'losses')
  const losses = Array.from({ length: 300 }, () => Float64Array.from({ length: objectives }, () => random.integer(40)))
  const expected = [...losses.keys()].filter((i) => losses.filter((other) => dominates(other, losses[i] as Float64Array)).length < 6)
  expect(expected.length).toBeLessThan(150)
  for (const order of [[...losses.keys()], [...losses.keys()].reverse(), [...losses.keys()].sort((a, b) => ((a * 7) % 11) - ((b * 7) % 11))]) {
    const near = new NearFront(6)
    for (const row of order) near.add(row, losses[row] as Float64Array)
    expect([...near.rows].sort((a, b) => a - b)).toEqual(expected)
    expect([...near.front].sort((a, b) => a - b)).toEqual([...losses.keys()].filter((i) => !losses.some((other) => dominates(other, losses[i] as Float64Array))))
  }
})
