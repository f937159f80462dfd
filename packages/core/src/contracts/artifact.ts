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

/**
 * Bytes by the SHA-256 of their content. A stored artefact is whole or absent, whatever crashes.
 * Calls may overlap; putting the same bytes twice stores them once.
 */
export interface ArtifactStore {
  readonly specVersion: 'v1'
  readonly persistent: boolean
  /** Resolves once the bytes are safe, with their hash (lower-case hexadecimal). */
  put(bytes: Uint8Array): Awaitable<string>
  /** The bytes, or undefined if they are absent or damaged. */
  get(hash: string): Awaitable<Uint8Array | undefined>
  list(): Awaitable<readonly Pick<ArtifactReference, 'hash' | 'size'>[]>
  /** True if there was one. */
  delete(hash: string): Awaitable<boolean>
}
