import { describe, expect, it } from 'vitest'
import { countTogether, hasValues, mergeWrites } from './merge-writes.ts'

describe('writes to one run', () => {
  it('merge into one, of which the later ones count', () => {
    expect(
      mergeWrites([
        { name: 'a', tags: { state: 'RUNNING', void: 'yes' }, metrics: [{ key: 'm', value: 1 }], params: { x: '1' }, status: { status: 'RUNNING' } },
        { removedTags: ['void', 'gone'], metrics: [{ key: 'm', value: 2 }], params: { y: '2' } },
        { name: 'b', tags: { state: 'COMPLETE', gone: 'no' }, status: { status: 'FINISHED', endTime: 5 } },
      ]),
    ).toEqual({
      name: 'b',
      metrics: [{ key: 'm', value: 1 }, { key: 'm', value: 2 }],
      params: { x: '1', y: '2' },
      tags: { state: 'COMPLETE', gone: 'no' },
      removedTags: ['void'],
      status: { status: 'FINISHED', endTime: 5 },
    })
  })

  it('go together up to what one request takes, and at least one does', () => {
    const points = (count: number): { readonly metrics: readonly { readonly key: string; readonly value: number }[] } => ({ metrics: Array.from({ length: count }, (_, value) => ({ key: 'm', value })) })
    expect(countTogether([points(400), points(400), points(400)], 1000)).toBe(2)
    expect(countTogether([points(2000), points(1)], 1000)).toBe(1)
    expect(countTogether([], 1000)).toBe(0)
  })

  it('do not go together with another value of the same parameter, of which MLflow keeps the first', () => {
    expect(countTogether([{ params: { x: 1 } }, { params: { x: '1', y: 2 } }, { params: { y: 3 } }], 1000)).toBe(2)
  })

  it('are none where nothing is in them', () => {
    expect(hasValues({ metrics: [], params: {}, tags: {} })).toBe(false)
    expect(hasValues({ tags: { a: '' } })).toBe(true)
    expect(hasValues({ status: { status: 'RUNNING' } })).toBe(true)
  })
})
