import { describe, expect, it } from 'vitest'
import { exemptionProblems, failingCases, registerSuite, type SuiteCase } from './suite.ts'

const passes: SuiteCase = { name: 'keeps its promise', run: () => undefined }
const breaks: SuiteCase = {
  name: 'breaks its promise',
  run: () => {
    throw new Error('broken')
  },
}

describe('exemptions', () => {
  it('refuses a misspelt name and lists the real ones', () => {
    const [problem] = exemptionProblems([passes, breaks], { 'break its promise': 'cannot' })
    expect(problem).toContain('"break its promise"')
    expect(problem).toContain('breaks its promise')
  })

  it('refuses an empty reason', () => {
    expect(exemptionProblems([passes], { 'keeps its promise': ' ' })).toHaveLength(1)
  })

  it('accepts a named case with its reason', () => {
    expect(exemptionProblems([passes, breaks], { 'breaks its promise': 'shown on purpose' })).toEqual([])
  })
})

describe('failingCases', () => {
  it('answers the errors of the cases that fail', async () => {
    const failures = await failingCases([passes, breaks, { name: 'rejects', run: () => Promise.reject(new Error('later')) }])
    expect([...failures.keys()]).toEqual(['breaks its promise', 'rejects'])
  })
})

registerSuite('a registered suite', [passes, breaks], { exempt: { 'breaks its promise': 'shown on purpose' } })
