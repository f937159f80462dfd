import { describe, expect, it } from 'vitest'
import { brokenTrainers, descend, subjectOf } from './broken/trainers.test-support.ts'
import { failingCases } from './suite.ts'
import { trainerCases, trainerSuite } from './trainer-suite.ts'

trainerSuite('a plain trainer', () => subjectOf(descend))

describe('the trainer suite rejects a trainer that', () => {
  for (const { what, setup, fails } of brokenTrainers) {
    it(what, async () => {
      const failures = await failingCases(trainerCases(setup))
      expect([...failures.keys()]).toEqual(fails)
    })
  }
})
