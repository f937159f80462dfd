import type { Awaitable } from '@attune/core'
import { keepAliveCases } from './storage-suite-keep-alive.ts'
import { correctionCases } from './storage-suite-corrections.ts'
import { modelCases } from './storage-suite-model.ts'
import { persistenceCases } from './storage-suite-persistence.ts'
import { requestCases } from './storage-suite-requests.ts'
import { studyCases } from './storage-suite-studies.ts'
import type { StorageSubject } from './storage-suite-support.ts'
import { trialCases } from './storage-suite-trials.ts'
import { valueCases } from './storage-suite-values.ts'
import { caseMaker } from './subject.ts'
import { registerSuite, type SuiteCase, type SuiteOptions } from './suite.ts'

export type { StorageSubject } from './storage-suite-support.ts'

/** The cases of `storageSuite`, to run without vitest. */
export function storageCases(setup: () => Awaitable<StorageSubject>): readonly SuiteCase[] {
  const test = caseMaker(async () => {
    const subject = await setup()
    const dispose = async (): Promise<void> => {
      await subject.storage.close()
      await subject.dispose?.()
    }
    return { ...subject, dispose }
  })
  return [studyCases, trialCases, correctionCases, requestCases, keepAliveCases, valueCases, persistenceCases, modelCases].flatMap((cases) => cases(test))
}

/**
 * Shows that a storage keeps the contract. `setup` makes an empty storage for each case; the suite closes it.
 * ```ts
 * storageSuite('my storage', () => ({ storage: new MyStorage() }))
 * ```
 */
export function storageSuite(name: string, setup: () => Awaitable<StorageSubject>, options?: SuiteOptions): void {
  registerSuite(name, storageCases(setup), options)
}
