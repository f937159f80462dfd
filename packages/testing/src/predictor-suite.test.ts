import { describe, expect, it } from 'vitest'
import { brokenPredictors, plainSubject } from './broken/predictors.test-support.ts'
import { predictorCases, predictorSuite } from './predictor-suite.ts'
import { failingCases } from './suite.ts'

predictorSuite('a plain predictor', plainSubject)

describe('the predictor suite rejects a predictor that', () => {
  for (const { what, setup, fails } of brokenPredictors) {
    it(what, async () => {
      const failures = await failingCases(predictorCases(setup))
      expect([...failures.keys()]).toEqual(fails)
    })
  }
})
