import { claimName, type ArtifactClaim, type ArtifactStore } from '@attune/core'
import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { artifactStoreCases, artifactStoreSuite } from './artifact-store-suite.ts'
import { brokenArtifactStores } from './broken/artifact-stores.test-support.ts'
import { failingCases } from './suite.ts'

/** A store as simple as can be. */
function plainStore(): ArtifactStore {
  const kept = new Map<string, { readonly bytes: Uint8Array; putAt: number; claims: { readonly claim: ArtifactClaim; readonly at: number }[] }>()
  const is = (a: ArtifactClaim, b: ArtifactClaim): boolean => claimName(a) === claimName(b)
  return {
    specVersion: 'v1',
    persistent: false,
    put(bytes, claim) {
      if (claim !== undefined) claimName(claim)
      const hash = createHash('sha256').update(bytes).digest('hex')
      const at = performance.now()
      const entry = kept.get(hash) ?? { bytes: bytes.slice(), putAt: at, claims: [] }
      entry.putAt = at
      if (claim !== undefined) entry.claims = [...entry.claims.filter((other) => !is(other.claim, claim)), { claim, at }]
      kept.set(hash, entry)
      return hash
    },
    get: (hash) => kept.get(hash)?.bytes.slice(),
    list: (study) => Array.from(kept, ([hash, { bytes, putAt, claims }]) => ({ hash, size: bytes.length, age: performance.now() - putAt, claims: claims.map(({ claim }) => claim) })).filter(({ claims }) => study === undefined || claims.some((claim) => claim.study === study)),
    release(hash, claim, age) {
      claimName(claim)
      const entry = kept.get(hash)
      const left = entry?.claims.filter((other) => !is(other.claim, claim) && (other.claim.study !== claim.study || performance.now() - other.at <= age))
      if (entry === undefined || left === undefined || left.length === entry.claims.length) return false
      entry.claims = left
      return left.length === 0 && kept.delete(hash)
    },
    delete: (hash, { olderThan } = {}) => (olderThan === undefined || performance.now() - (kept.get(hash)?.putAt ?? 0) > olderThan) && kept.delete(hash),
  }
}

artifactStoreSuite('a plain store', () => ({ store: plainStore() }))

describe('the artefact store suite rejects a store that', () => {
  for (const { promise = '', what, setup, fails } of brokenArtifactStores(plainStore)) {
    it(`${promise}${what}`, async () => {
      const failures = await failingCases(artifactStoreCases(setup))
      expect([...failures.keys()]).toEqual(fails)
    })
  }
})
