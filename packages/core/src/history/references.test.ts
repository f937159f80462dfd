import { describe, expect, it } from 'vitest'
import { References } from './references.ts'

const to = (hash: string): { readonly hash: string; readonly size: number; readonly kind: string } => ({ hash, size: 1, kind: 'test' })

describe('references', () => {
  it('count, and tell of what nothing refers to any more', () => {
    const references = new References()
    const unneeded: string[] = []
    references.onUnneeded = (hash) => unneeded.push(hash)
    references.change(undefined, to('a'))
    references.change(undefined, to('a'))
    references.change(to('a'), to('b'))
    references.change(to('b'), to('b'))
    expect([references.needs('a'), references.needs('b'), unneeded]).toEqual([true, true, []])
    references.change(to('a'), undefined)
    expect([references.needs('a'), unneeded]).toEqual([false, ['a']])
  })

  it.each([0, 1, 2, Infinity])('with %d kept for forks, whenever that is known', (trials) => {
    const early = new References()
    const late = new References()
    const smaller = new References()
    early.limitForks(trials)
    early.keepForForks()
    smaller.keepForForks()
    for (const references of [early, late, smaller]) {
      for (const hash of ['a', 'b', 'c']) {
        references.change(undefined, to(hash))
        references.ended(to(hash), undefined)
      }
    }
    late.limitForks(trials)
    expect(['a', 'b', 'c'].filter((hash) => late.needs(hash))).toEqual([])
    late.keepForForks()
    late.keepForForks()
    smaller.limitForks(trials)
    for (const references of [early, late, smaller]) expect(['a', 'b', 'c'].filter((hash) => references.needs(hash))).toEqual(['a', 'b', 'c'].slice(Math.max(0, 3 - trials)))
  })

  it('of a study that is copied stay needed: those before, and those that came while it was copied', () => {
    const references = new References()
    references.change(undefined, to('before'))
    references.copying('copy', 'begins')
    references.change(undefined, to('meanwhile'))
    references.change(to('meanwhile'), undefined)
    expect(references.needs('anything')).toBe(true)
    references.copying('copy', 'ends')
    references.change(undefined, to('after'))
    for (const hash of ['before', 'after']) references.change(to(hash), undefined)
    expect(['before', 'meanwhile', 'after'].map((hash) => references.needs(hash))).toEqual([true, true, false])
    expect(references.refersTo('before')).toBe(false)
  })

  it('of a study that is copied twice at once stay needed until both copies are made', () => {
    const references = new References()
    references.copying('one', 'begins')
    references.copying('two', 'begins')
    references.copying('one', 'ends')
    references.change(undefined, to('meanwhile'))
    references.change(to('meanwhile'), undefined)
    expect([references.needs('meanwhile'), references.needs('anything')]).toEqual([true, true])
    references.copying('two', 'ends')
    expect([references.needs('meanwhile'), references.needs('anything')]).toEqual([true, false])
  })
})
