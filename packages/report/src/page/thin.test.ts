import { expect, it } from 'vitest'
import { thin, thinLine } from './thin.ts'

it('thins evenly and keeps what must stay', () => {
  const items = Array.from({ length: 1000 }, (_, index) => index)
  const kept = thin(items, 100, (item) => item === 555)
  expect(kept.length).toBe(101)
  expect(kept).toContain(555)
  expect(kept.slice(0, 3)).toEqual([0, 10, 20])
  expect(thin(items, 1000)).toBe(items)
})

it('thins a line without losing a spike or its end', () => {
  const points = Array.from({ length: 10_000 }, (_, index): [number, number] => [index, index === 4321 ? 1000 : Math.sin(index)])
  const kept = thinLine(points, 240)
  expect(kept.length).toBeLessThanOrEqual(245)
  expect(kept).toContain(points[4321])
  expect(kept.at(-1)).toBe(points.at(-1))
  expect(kept.map(([x]) => x)).toEqual(kept.map(([x]) => x).toSorted((a, b) => a - b))
})
