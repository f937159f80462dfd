import { choice, constraint, float, int, oneOf, space, type Space, ThreefryRandom } from '@attune/core'
import { expect, it } from 'vitest'
import { Points } from './points.ts'
import { unseenPoint } from './unseen-point.ts'

function collect(of: Space<unknown>, most: number): { readonly points: Points; readonly keys: ReadonlySet<string>; readonly found: readonly Float64Array[] } {
  const points = new Points(of)
  const random = new ThreefryRandom(2).stream(0, 'unseen')
  const keys = new Set<string>()
  const found: Float64Array[] = []
  for (let i = 0; i < most; i++) {
    const point = unseenPoint(points, (key) => keys.has(key), random)
    if (point === undefined) break
    keys.add(points.key(point, 0) as string)
    found.push(point)
  }
  return { points, keys, found }
}

it('finds every point of a small space once, and then none', () => {
  const of = space({ a: int(0, 9), wide: int(1, 70), kind: oneOf({ p: { q: int(0, 1) }, r: {} }) })
  const { keys, found } = collect(of, 3000)
  expect(found).toHaveLength(10 * 70 * 3)
  expect(keys.size).toBe(found.length)
})

it('finds those only that keep the constraints', () => {
  const of = space({ a: int(1, 12), b: choice(['x', 'y']) }, { constraints: [constraint<{ readonly a: number }>('seven', ({ a }) => Math.abs(a - 7))] })
  const { points, found } = collect(of, 30)
  expect(found.map((units) => points.space.decode(units)).sort((one, other) => (String(one['b']) < String(other['b']) ? -1 : 1))).toEqual([{ a: 7, b: 'x' }, { a: 7, b: 'y' }])
})

it('draws where there are numbers without cells', () => {
  expect(collect(space({ x: float(0, 1) }), 50).found).toHaveLength(50)
})
