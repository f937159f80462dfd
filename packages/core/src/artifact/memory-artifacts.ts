import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import type { ArtifactStore } from '../contracts/artifact.ts'
import type { ArtifactReference } from '../contracts/trial-record.ts'

/** Keeps artefacts in memory: for tests, browsers and studies that need them only while they run. */
export class MemoryArtifacts implements ArtifactStore {
  readonly specVersion = 'v1' as const
  readonly persistent = false
  readonly #bytes = new Map<string, Uint8Array>()

  put(bytes: Uint8Array): string {
    const hash = bytesToHex(sha256(bytes))
    if (!this.#bytes.has(hash)) this.#bytes.set(hash, bytes.slice())
    return hash
  }

  get(hash: string): Uint8Array | undefined {
    return this.#bytes.get(hash)?.slice()
  }

  list(): readonly Pick<ArtifactReference, 'hash' | 'size'>[] {
    return Array.from(this.#bytes, ([hash, { length }]) => ({ hash, size: length }))
  }

  delete(hash: string): boolean {
    return this.#bytes.delete(hash)
  }
}
