import type { ArtifactReference } from './trial-record.ts'
import type { Awaitable, Json } from './values.ts'

/** What a training leaves behind, in one of several forms. */
export interface Artifact {
  /** Names the format, as in `tfjs-layers-model` or `onnx`. */
  readonly kind: string
  readonly meta?: Json
  bytes(): Awaitable<Uint8Array>
  /** The same thing in another format. Throws UNSUPPORTED naming the formats that exist. */
  as(kind: string): Awaitable<Artifact>
}

/** What bytes are that are kept under a name. */
export interface ArtifactOptions {
  /** As in `image/png` or `onnx`. Default: `application/octet-stream`. */
  readonly kind?: string
  /** Plain JSON. */
  readonly meta?: Json
}

/** Who needs some bytes: one session of one study. Both are names of 1 to 64 lower-case letters, digits and hyphens. */
export interface ArtifactClaim {
  readonly study: string
  readonly session: string
}

/** What a store tells of some bytes. */
export interface ArtifactEntry extends Pick<ArtifactReference, 'hash' | 'size'> {
  /** Milliseconds since they were put last, by the store's own clock. */
  readonly age: number
  readonly claims: readonly ArtifactClaim[]
}

/**
 * Bytes by the SHA-256 of their content. A stored artefact is whole or absent, whatever crashes.
 * Calls may overlap, in this process and in others; putting the same bytes twice stores them once, and makes them young again.
 *
 * Several studies and sessions may put the same bytes and know nothing of each other: each leaves a claim, and `release` deletes
 * what nobody claims any more. Whatever overlaps it, bytes stay that are put under another claim than those released.
 */
export interface ArtifactStore {
  readonly specVersion: 'v1'
  readonly persistent: boolean
  /** Resolves once the bytes are safe, with their hash (lower-case hexadecimal). Bytes without a claim are never released, only deleted. */
  put(bytes: Uint8Array, claim?: ArtifactClaim): Awaitable<string>
  /** The bytes, or undefined if they are absent or damaged. */
  get(hash: string): Awaitable<Uint8Array | undefined>
  /** Everything, or only what a study claims: a session asks for that when it starts and ends, in a store that may hold much else. */
  list(study?: string): Awaitable<readonly ArtifactEntry[]>
  /**
   * Gives up this claim, and those that other sessions of its study made or repeated longer than `age` milliseconds ago. True if that
   * deleted the bytes: there was a claim to give up, and none is left.
   */
  release(hash: string, claim: ArtifactClaim, age: number): Awaitable<boolean>
  /** Deletes, whoever claims it; with `olderThan`, unless it was put within so many milliseconds. True if it was there and is gone. */
  delete(hash: string, options?: { readonly olderThan?: number }): Awaitable<boolean>
}
