import { InProcessExecutor } from '@attune/core'
import { describe, it } from 'vitest'
import { brokenExecutors, plainExecutor } from './broken/executors.test-support.ts'
import { executorCases, executorSuite } from './executor-suite.ts'
import { failingCases } from './suite.ts'

executorSuite('the executor of this process', () => ({ executor: new InProcessExecutor() }))
executorSuite('an executor with slots and a gate', () => ({ executor: plainExecutor() }))

describe('the executor suite rejects an executor that', () => {
  for (const { what, make, fails } of brokenExecutors) {
    it.concurrent(what, async ({ expect }) => {
      const failures = await failingCases(executorCases(() => ({ executor: make() })))
      expect([...failures.keys()]).toEqual(fails)
    })
  }
})
