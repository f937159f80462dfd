import type { ArtifactStore } from '@attune/core'
import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { artifactStoreCases, artifactStoreSuite } from './artifact-store-suite.ts'
import { brokenArtifactStores } from './broken/artifact-stores.test-support.ts'
import { failingCases } from './suite.ts'

/** A store as simple as can be. */
function plainStore(): ArtifactStore {
  const kept = new Map<string, Uint8Array>()
  return {
    specVersion: 'v1',
    persistent: false,
    put(bytes) {
      const hash = createHash('sha256').update(bytes).digest('hex')
      kept.set(hash, bytes.slice())
      return hash
    },
    get: (hash) => kept.get(hash)?.slice(),
    list: () => Array.from(kept, ([hash, { length }]) => ({ hash, size: length })),
    delete: (hash) => kept.delete(hash),
  }
}

artifactStoreSuite('a plain store', () => ({ store: plainStore() }))

describe('the artefact store suite rejects a store that', () => {
  for (const { what, setup, fails } of brokenArtifactStores(plainStore)) {
    it(what, async () => {
      const failures = await failingCases(artifactStoreCases(setup))
      expect([...failures.keys()]).toEqual(fails)
    })
  }
})
