import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import type { ArtifactClaim, ArtifactEntry, ArtifactStore } from '../contracts/artifact.ts'
import type { Clock } from '../contracts/clock.ts'
import { AttuneError } from '../errors.ts'
import { systemClock } from '../system.ts'
import { claimName } from './claim-name.ts'

interface Kept {
  readonly bytes: Uint8Array
  putAt: number
  /** When each claim was made or repeated. */
  readonly claims: Map<string, { readonly claim: ArtifactClaim; readonly at: number }>
}

/** How much `MemoryArtifacts` takes, in bytes, and its clock. */
export interface MemoryArtifactsOptions {
  /** Largest artefact in bytes that is taken. Default: no limit. */
  readonly maxBytes?: number
  /** Most bytes that the whole store holds. Default: no limit. */
  readonly maxTotalBytes?: number
  /** Tells how old artefacts are. Default: the machine's. */
  readonly clock?: Clock
}

/** Throws OPTION for a limit that is none. */
function limit(name: string, bytes: number = Number.MAX_SAFE_INTEGER): number {
  if (Number.isSafeInteger(bytes) && bytes >= 0) return bytes
  throw new AttuneError('OPTION', `MemoryArtifacts({ ${name} }) is a whole number of bytes from 0, got ${String(bytes)}.`, { details: { [name]: bytes } })
}

/** Keeps artefacts in memory: for tests, browsers and studies that need them only while they run. Throws OPTION for limits that are none; `put` throws ARTIFACT_TOO_LARGE and ARTIFACT_STORE_FULL. */
export class MemoryArtifacts implements ArtifactStore {
  readonly specVersion = 'v1' as const
  readonly persistent = false
  readonly #kept = new Map<string, Kept>()
  readonly #maxBytes: number
  readonly #maxTotalBytes: number
  readonly #clock: Clock
  #held = 0

  constructor(options: MemoryArtifactsOptions = {}) {
    this.#maxBytes = limit('maxBytes', options.maxBytes)
    this.#maxTotalBytes = limit('maxTotalBytes', options.maxTotalBytes)
    this.#clock = options.clock ?? systemClock
  }

  put(bytes: Uint8Array, claim?: ArtifactClaim): string {
    const size = bytes.length
    const name = claim === undefined ? undefined : claimName(claim)
    if (size > this.#maxBytes) throw new AttuneError('ARTIFACT_TOO_LARGE', `An artefact has ${size} bytes, and this store in memory takes at most ${this.#maxBytes}. Raise maxBytes, or save less.`, { details: { size, maxBytes: this.#maxBytes } })
    const hash = bytesToHex(sha256(bytes))
    const at = this.#clock.now()
    let kept = this.#kept.get(hash)
    if (kept === undefined) {
      if (this.#held + size > this.#maxTotalBytes) {
        throw new AttuneError('ARTIFACT_STORE_FULL', `An artefact of ${size} bytes does not fit into this store in memory: it holds ${this.#held} of the ${this.#maxTotalBytes} bytes that it may. Raise maxTotalBytes, or keep fewer artefacts.`, { details: { size, held: this.#held, maxTotalBytes: this.#maxTotalBytes } })
      }
      this.#kept.set(hash, (kept = { bytes: bytes.slice(), putAt: at, claims: new Map() }))
      this.#held += size
    }
    kept.putAt = at
    if (name !== undefined) kept.claims.set(name, { claim: { ...claim! }, at })
    return hash
  }

  get(hash: string): Uint8Array | undefined {
    return this.#kept.get(hash)?.bytes.slice()
  }

  list(study?: string): readonly ArtifactEntry[] {
    const now = this.#clock.now()
    const entries = Array.from(this.#kept, ([hash, { bytes, putAt, claims }]) => ({ hash, size: bytes.length, age: now - putAt, claims: Array.from(claims.values(), ({ claim }) => claim) }))
    return study === undefined ? entries : entries.filter(({ claims }) => claims.some((claim) => claim.study === study))
  }

  release(hash: string, claim: ArtifactClaim, age: number): boolean {
    const own = claimName(claim)
    const kept = this.#kept.get(hash)
    if (kept === undefined) return false
    const now = this.#clock.now()
    let given = 0
    for (const [name, other] of kept.claims) {
      if (name !== own && (other.claim.study !== claim.study || now - other.at <= age)) continue
      kept.claims.delete(name)
      given++
    }
    return given > 0 && kept.claims.size === 0 && this.delete(hash)
  }

  delete(hash: string, options: { readonly olderThan?: number } = {}): boolean {
    const kept = this.#kept.get(hash)
    if (kept === undefined || (options.olderThan !== undefined && this.#clock.now() - kept.putAt <= options.olderThan)) return false
    this.#held -= kept.bytes.length
    return this.#kept.delete(hash)
  }
}
