import { describe, expect, it } from 'vitest'
import { MemoryArtifacts } from './memory-artifacts.ts'

describe('limits of a store in memory', () => {
  const part = (number: number, length = 100): Uint8Array => new Uint8Array(length).fill(number)

  it('hold for one artefact and for all of them together; equal bytes take no more room', () => {
    const store = new MemoryArtifacts({ maxBytes: 150, maxTotalBytes: 250 })
    expect(() => store.put(part(0, 151))).toThrow(expect.objectContaining({ code: 'ARTIFACT_TOO_LARGE', details: { size: 151, maxBytes: 150 } }))
    const first = store.put(part(1))
    store.put(part(2))
    for (let again = 0; again < 3; again++) store.put(part(1))
    expect(() => store.put(part(3))).toThrow(expect.objectContaining({ code: 'ARTIFACT_STORE_FULL', details: { size: 100, held: 200, maxTotalBytes: 250 } }))
    store.put(part(4, 50))
    store.delete(first)
    const claim = { study: 'a', session: '1' }
    const fifth = store.put(part(5), claim)
    expect(() => store.put(part(6))).toThrow(expect.objectContaining({ code: 'ARTIFACT_STORE_FULL' }))
    store.release(fifth, claim, 0)
    store.put(part(7))
    expect(store.list().length).toBe(3)
  })

  it.each([-1, 0.5, Number.NaN, Infinity, '1' as unknown as number])('are whole numbers of bytes, not %d', (bytes) => {
    expect(() => new MemoryArtifacts({ maxBytes: bytes })).toThrow(expect.objectContaining({ code: 'OPTION' }))
    expect(() => new MemoryArtifacts({ maxTotalBytes: bytes })).toThrow(expect.objectContaining({ code: 'OPTION' }))
  })
})
