import { describe, expect, it } from 'vitest'
import { experimentName, runName, splitTags } from './plain-texts.ts'

describe('names that are given to MLflow', () => {
  it('stay as they are where MLflow keeps them', () => {
    for (const name of ['digits', ' Grüße 東京 🧪 ', 'a/b: (c)']) expect([runName(name), experimentName(name)]).toEqual([name, name])
  })

  it('lose what MLflow does not keep, and no more', () => {
    expect(runName('a\0b\ud83d')).toBe('a\u{FFFD}b\u{FFFD}')
    expect(runName('')).toBe('unnamed')
    expect(runName('  ')).toBe('unnamed')
    expect(runName('x'.repeat(300))).toBe(`${'x'.repeat(249)}…`)
    expect(experimentName('x'.repeat(600))).toHaveLength(500)
    expect(runName(`${'x'.repeat(248)}🧪yy`)).toBe(`${'x'.repeat(248)}…`)
  })
})

describe('tags that a run begins with', () => {
  it('are given when it is made where MLflow keeps them, and logged afterwards where they have to be cut or renamed', () => {
    expect(splitTags({ plain: 'a', number: 7, 'odd(name)': 'b', long: 'x'.repeat(6000), broken: '\ud83d' })).toEqual({ first: { plain: 'a', number: 7 }, later: { 'odd(name)': 'b', long: 'x'.repeat(6000), broken: '\ud83d' } })
  })
})
