import { MemoryStorage } from '@attune/core'
import { describe, expect, it } from 'vitest'
import { brokenStorages, otherBrokenStorages, plainSubject } from './broken/storages.test-support.ts'
import { modelCaseName } from './storage-suite-model.ts'
import { storageCases, storageSuite } from './storage-suite.ts'
import { failingCases } from './suite.ts'

storageSuite('the in-memory storage', () => ({ storage: new MemoryStorage({ now: () => Date.now() }) }))

storageSuite('a plain storage', () => plainSubject())

describe('the storage suite rejects a storage that', () => {
  for (const { what, setup, fails } of [...brokenStorages, ...otherBrokenStorages]) {
    it(what, async () => {
      const failures = await failingCases(storageCases(setup).filter(({ name }) => fails.includes(name)))
      expect([...failures.keys()].sort()).toEqual([...fails].sort())
    })
  }

  it('says how to repeat a random failure', async () => {
    const stale = brokenStorages.find(({ what }) => what === 'takes writes of former owners')
    const failures = await failingCases(storageCases(stale?.setup ?? plainSubject).filter(({ name }) => name === modelCaseName))
    expect(String(failures.get(modelCaseName))).toMatch(/ATTUNE_SEED=-?\d+ ATTUNE_PATH=[\d:]+ npx vitest run -t "/)
  })
})
