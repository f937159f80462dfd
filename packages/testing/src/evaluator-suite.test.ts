import { describe, expect, it } from 'vitest'
import { brokenEvaluators, plainEvaluator } from './broken/evaluators.test-support.ts'
import { weightsArtifact } from './broken/trainers.test-support.ts'
import { evaluatorCases, evaluatorSuite } from './evaluator-suite.ts'
import { failingCases } from './suite.ts'

evaluatorSuite('a plain evaluator', () => ({ evaluator: plainEvaluator(), artifact: weightsArtifact(0.5) }))

describe('the evaluator suite rejects an evaluator that', () => {
  for (const { what, setup, fails } of brokenEvaluators) {
    it(what, async () => {
      const failures = await failingCases(evaluatorCases(setup))
      expect([...failures.keys()]).toEqual(fails)
    })
  }
})
