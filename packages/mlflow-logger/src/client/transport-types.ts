import type { CallOptions } from './types.ts'

export type QueryValue = string | number | boolean | undefined | readonly string[]

/** One call of the JSON interface. */
export interface JsonCall extends CallOptions {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'
  /** Below `/api/2.0/mlflow/`, as in `runs/create`; or from the root of the server, as in `/version`. Segments are encoded already. */
  readonly path: string
  readonly query?: { readonly [key: string]: QueryValue }
  readonly body?: object
  /**
   * For a call that must not be applied twice: asked before each repetition after an attempt whose answer was lost. What it answers,
   * unless undefined, is the answer of the call. If it throws, the call is not repeated. Its own calls take the options it is given.
   */
  readonly applied?: (options: CallOptions) => Promise<unknown>
}

export interface ByteCall extends CallOptions {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE' | 'HEAD'
  /** From the root of the server, or a whole URL elsewhere, to which no credentials go. */
  readonly path: string
  readonly headers?: { readonly [name: string]: string }
  readonly body?: { readonly size: number; stream(): AsyncIterable<Uint8Array> }
  onProgress?(sent: number, total: number): void
}

/** An answer whose body is read as it comes; it must be read to its end or closed by ending the iteration. */
export interface ByteAnswer {
  readonly status: number
  /** Names in lower case. */
  readonly headers: { readonly [name: string]: string }
  readonly bytes: AsyncIterable<Uint8Array>
}

/** How requests reach a server: URI, credentials, time, repetition, caps and errors are its business, and nobody else's. */
export interface Transport {
  /** Without credentials and without a slash at its end. */
  readonly trackingUri: string
  /** Registered models may live on another server. */
  readonly registry: Transport
  /** Parsed JSON, `{}` for an empty answer. Throws MlflowError. */
  json(call: JsonCall): Promise<unknown>
  /** As `json`, for answers that are plain text, as `/version` gives. */
  text(call: JsonCall): Promise<string>
  bytes(call: ByteCall): Promise<ByteAnswer>
  close(): Promise<void>
}
