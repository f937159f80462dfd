import { createStudy, float, int, type Problem, type Space, space, ThreefryRandom } from '@attune/core'
import { describe, expect, it } from 'vitest'
import { Observations } from '../model/observations.ts'
import { Points } from '../model/points.ts'
import type { Acquisition } from '../gaussian-process/acquisition.ts'
import { LocalSearch } from './local-search.ts'
import { search, type SearchTask } from './search.ts'
import { Taken } from './taken.ts'

/** The higher, the nearer to 1 along every axis. */
const rising: Acquisition = {
  values(units, count, out) {
    for (let i = 0; i < count; i++) out[i] = (units[2 * i] as number) + (units[2 * i + 1] as number)
  },
  valueWithSlopes(units, offset, slopes) {
    slopes.fill(1)
    return (units[offset] as number) + (units[offset + 1] as number)
  },
}

/** Searches a space of two axes of which some points were measured. */
async function found(of: Space<unknown>, measured: readonly (readonly [number, number])[], task: Partial<SearchTask> = {}): Promise<Float64Array | undefined> {
  const study = await createStudy({ name: 'searched', space: of, seed: 1 })
  for (const [x, y] of measured) await study.add({ params: { x, y }, value: 1 })
  const observations = new Observations({ space: of, objectives: study.definition.objectives, constraints: [] } as unknown as Problem)
  for (const trial of study.trials()) observations.add(trial)
  const points = new Points(of)
  const taken = new Taken(of, observations, [])
  const steps = search({
    points,
    acquisition: rising,
    localSearch: new LocalSearch(points, rising, new Float64Array(2).fill(1), undefined, (units, offset) => taken.has(units, offset)),
    taken,
    incumbents: [],
    climbed: 0,
    isUnknown: undefined,
    mutate: false,
    region: undefined,
    random: new ThreefryRandom(1).stream(0, 'search'),
    ...task,
  })
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
  }
}

const plane = space({ x: float(0, 1), y: float(0, 1) })

describe('the search', () => {
  it('ends at the top', async () => {
    expect(await found(plane, [])).toEqual(Float64Array.of(1, 1))
  })

  it('takes the best of evenly spread points where nothing is known of the top', async () => {
    const point = (await found(plane, [], { isUnknown: () => true })) as Float64Array
    expect(Math.min(...point)).toBeGreaterThan(0.9)
    expect(Math.max(...point)).toBeLessThan(1)
    expect(await found(plane, [], { isUnknown: () => false })).toEqual(Float64Array.of(1, 1))
  })

  it('does not end at a point that was measured', async () => {
    const point = (await found(plane, [[1, 1]])) as Float64Array
    expect([...point]).not.toEqual([1, 1])
    expect(Math.min(...point)).toBeGreaterThan(0.9)
  })

  it('finds the best that is left of few cells, and a good one of many', async () => {
    const few = space({ x: int(0, 9), y: int(0, 9) })
    expect(few.decode((await found(few, [[9, 9], [8, 9]])) as Float64Array)).toEqual({ x: 9, y: 8 })
    const many = space({ x: int(0, 99), y: int(0, 99) })
    const { x, y } = many.decode((await found(many, [[99, 99], [98, 99]])) as Float64Array) as { readonly x: number; readonly y: number }
    expect(x + y).toBeLessThan(198)
    expect(x + y).toBeGreaterThan(190)
  })

  it('finds nothing where all was measured', async () => {
    const all = [0, 1, 2].flatMap((x) => [0, 1].map((y) => [x, y] as const))
    expect(await found(space({ x: int(0, 2), y: int(0, 1) }), all)).toBeUndefined()
  })
})
