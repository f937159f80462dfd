import { describe, expect, it } from 'vitest'
import { brokenPruners, half } from './broken/pruners.test-support.ts'
import { prunerCases, prunerSuite } from './pruner-suite.ts'
import { failingCases } from './suite.ts'

prunerSuite('half', () => half())

describe('the pruner suite rejects a pruner that', () => {
  for (const { what, make, fails } of brokenPruners) {
    it(what, async () => {
      const failures = await failingCases(prunerCases(make))
      expect([...failures.keys()]).toEqual(expect.arrayContaining([...fails]))
    })
  }
})
