import { random } from '@attune/core'
import { describe, expect, it } from 'vitest'
import { brokenSamplers, climb } from './broken/samplers.test-support.ts'
import { samplerCases, samplerSuite } from './sampler-suite.ts'
import { failingCases } from './suite.ts'

samplerSuite('random', () => random())
samplerSuite('climb', () => climb())

describe('the sampler suite rejects a sampler that', () => {
  for (const { what, make, fails } of brokenSamplers) {
    it(what, async () => {
      const failures = await failingCases(samplerCases(make))
      expect([...failures.keys()]).toEqual(expect.arrayContaining([...fails]))
    })
  }
})
