import { Axios } from 'axios'
import { Readable } from 'node:stream'
import type { Clock } from '@attune/core'
import type { Agents } from './agents.ts'
import { MlflowError, type FailedCall } from './errors.ts'

/** One request, ready to be sent. */
export interface Outgoing {
  readonly call: FailedCall
  readonly url: string
  readonly headers: { readonly [name: string]: string }
  readonly body?: string | { readonly size: number; stream(): AsyncIterable<Uint8Array> } | undefined
  readonly onProgress?: ((sent: number, total: number) => void) | undefined
}

export interface ExchangeOptions {
  readonly agents: Agents
  readonly clock: Clock
  readonly redact: (text: string) => string
}

/** Milliseconds: `idle` without a byte in either direction, `total` for the whole attempt with its answer. */
export interface Limits {
  readonly idle: number
  readonly total: number
}

/** An answer whose body has not been read. */
export interface Incoming {
  readonly status: number
  readonly headers: { readonly [name: string]: string }
  readonly bytes: AsyncIterable<Uint8Array>
  /** Frees the connection of an answer that is not read to its end. */
  discard(): void
}

/** An attempt that got no whole answer. */
export class Interrupted extends MlflowError {
  /** Whether the server may have acted on the request: nothing of it was sent if not. */
  readonly sent: boolean

  constructor(code: string, message: string, sent: boolean, call: FailedCall, cause?: unknown) {
    super(code, message, { call, ...(cause !== undefined && { cause }) })
    this.sent = sent
  }
}

/** Errors of connections that were never made. */
const unsent = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN', 'ENETDOWN', 'EADDRNOTAVAIL', 'UND_ERR_CONNECT_TIMEOUT'])
const certificates = /^(CERT_|ERR_TLS_|ERR_SSL_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|HOSTNAME_MISMATCH|EPROTO)/

/** The axios that all requests of a transport go through. Neither defaults nor interceptors of others in the program apply to it. */
export function createAxios(agents: Agents): Axios {
  return new Axios({
    adapter: 'http',
    httpAgent: agents.http,
    httpsAgent: agents.https,
    // Redirects, statuses, bodies and their sizes are looked at here, before anything of them is followed or kept.
    maxRedirects: 0,
    validateStatus: () => true,
    responseType: 'stream',
    maxBodyLength: Infinity,
    maxContentLength: Infinity,
    transformRequest: [(data: unknown) => data],
    timeout: 0,
  })
}

/** An error of axios or a socket without what it carries: the request, with its headers, and the configuration. */
function bare(error: unknown, redact: (text: string) => string): Error {
  const known = error instanceof Error ? error : new Error(String(error))
  const clean = new Error(redact(known.message === '' && known instanceof AggregateError ? known.errors.map((inner: unknown) => (inner instanceof Error ? inner.message : String(inner))).join('; ') : known.message))
  clean.name = known.name
  delete clean.stack
  const code = codeOf(error)
  if (code !== undefined) Object.assign(clean, { code })
  return clean
}

function codeOf(error: unknown): string | undefined {
  const { code, cause } = error as { readonly code?: unknown; readonly cause?: unknown }
  if (typeof code === 'string') return code
  return typeof cause === 'object' && cause !== null ? codeOf(cause) : undefined
}

function seconds(milliseconds: number): string {
  return `${Number((milliseconds / 1000).toPrecision(3))} s`
}

/**
 * Sends one request and answers when the headers of its answer have come. Throws `Interrupted` for what may be tried again,
 * `MLFLOW_ABORTED` when `signal` aborts, and for the body alike while it is read.
 */
export async function exchange(client: Axios, outgoing: Outgoing, limits: Limits, signal: AbortSignal | undefined, options: ExchangeOptions): Promise<Incoming> {
  const { clock, redact } = options
  const { call } = outgoing
  const server = new URL(outgoing.url).origin
  const controller = new AbortController()
  let reason: MlflowError | undefined
  let ended = false
  let stopIdle = (): void => undefined
  const end = (): void => {
    ended = true
    stopIdle()
    stopTotal()
    signal?.removeEventListener('abort', aborted)
  }
  const stop = (error: MlflowError): void => {
    if (ended) return
    reason ??= error
    controller.abort()
  }
  const late = (milliseconds: number, what: string) =>
    stop(new Interrupted('MLFLOW_TIMEOUT', `${server} ${what} within ${seconds(milliseconds)}: ${call.method} ${call.path}. If it needs longer, raise MLFLOW_HTTP_REQUEST_TIMEOUT (the option timeout), for files MLFLOW_ARTIFACT_UPLOAD_DOWNLOAD_TIMEOUT (transferTimeout)`, true, call))
  const stopTotal = clock.schedule(limits.total, () => late(limits.total, 'did not answer completely'), true)
  const alive = (): void => {
    stopIdle()
    if (!ended) stopIdle = clock.schedule(limits.idle, () => late(limits.idle, 'sent and took nothing'), true)
  }
  const aborted = (): void => stop(new MlflowError('MLFLOW_ABORTED', `${call.method} ${call.path} was ended by its signal`, { call, cause: signal?.reason }))
  if (signal?.aborted === true) aborted()
  else signal?.addEventListener('abort', aborted)
  alive()

  /** The error of an attempt, whatever came first: ours, the sender's, or that of the connection. */
  const failure = (error: unknown): unknown => {
    if (reason !== undefined) return reason
    if (error instanceof MlflowError) return error
    const cause = bare(error, redact)
    const code = codeOf(error) ?? ''
    if (certificates.test(code)) {
      return new MlflowError('MLFLOW_TLS', `No secure connection to ${server}: ${cause.message} (${code}). Trust its authority by MLFLOW_TRACKING_SERVER_CERT_PATH, give our certificate by MLFLOW_TRACKING_CLIENT_CERT_PATH if it asks for one, or check that it speaks https`, { call, cause })
    }
    if (unsent.has(code)) return new Interrupted('MLFLOW_UNREACHABLE', `${server} cannot be reached (${code}): ${call.method} ${call.path}. Check that the MLflow server runs, its host and port, and proxies (HTTP_PROXY, NO_PROXY)`, false, call, cause)
    return new Interrupted('MLFLOW_UNREACHABLE', `The connection to ${server} broke (${code === '' ? cause.message : code}) during ${call.method} ${call.path}. The server may have restarted, or a proxy closed the connection`, true, call, cause)
  }

  const { body } = outgoing
  let stream: Readable | undefined
  let broken: MlflowError | undefined
  if (body !== undefined && typeof body !== 'string') {
    stream = Readable.from(counted(body, call, (sent) => {
      alive()
      outgoing.onProgress?.(sent, body.size)
    }, (error) => (broken ??= error)), { objectMode: false, highWaterMark: 256 * 1024 })
    // Its errors reach us through the request.
    stream.on('error', () => undefined)
  }
  try {
    const response = await client.request<Readable>({
      method: call.method,
      url: outgoing.url,
      // Without a type of ours there is none: axios would call it a form, and storages check what they have signed.
      headers: { 'user-agent': 'attune-mlflow-client', accept: 'application/json, */*;q=0.5', 'content-type': false, ...outgoing.headers, ...(stream !== undefined && body !== undefined && typeof body !== 'string' && { 'content-length': String(body.size) }) },
      data: stream ?? (body === undefined ? undefined : Buffer.from(body as string)),
      signal: controller.signal,
    })
    alive()
    if (broken !== undefined) throw broken
    const answer = response.data
    const headers: { [name: string]: string } = {}
    for (const [name, value] of Object.entries(response.headers)) if (value !== undefined && value !== null) headers[name.toLowerCase()] = Array.isArray(value) ? value.join(', ') : String(value)
    answer.on('error', () => undefined)
    const discard = (): void => {
      end()
      answer.destroy()
      stream?.destroy()
    }
    async function* read(): AsyncGenerator<Uint8Array> {
      try {
        for await (const chunk of answer as AsyncIterable<Uint8Array>) {
          stopIdle()
          yield chunk
          alive()
        }
        if (reason !== undefined) throw reason
      } catch (error) {
        throw failure(error)
      } finally {
        discard()
      }
    }
    return { status: response.status, headers, bytes: read(), discard }
  } catch (error) {
    const known = broken ?? failure(error)
    end()
    stream?.destroy()
    throw known
  }
}

/** The bytes of a body, of which there have to be as many as were promised: a request with another length would be cut or never end. */
async function* counted(body: { readonly size: number; stream(): AsyncIterable<Uint8Array> }, call: FailedCall, onSent: (sent: number) => void, onBroken: (error: MlflowError) => void): AsyncGenerator<Uint8Array> {
  let sent = 0
  const wrong = (what: string): MlflowError => {
    const error = new MlflowError('MLFLOW_SOURCE', `What is to be uploaded ${what} than the ${body.size} bytes it was said to have: ${call.path}. It must not change while it is read`, { call })
    onBroken(error)
    return error
  }
  try {
    for await (const chunk of body.stream()) {
      sent += chunk.byteLength
      if (sent > body.size) throw wrong('has more')
      yield chunk
      onSent(sent)
    }
  } catch (error) {
    if (!(error instanceof MlflowError)) onBroken(new MlflowError('MLFLOW_SOURCE', `What is to be uploaded cannot be read: ${error instanceof Error ? error.message : String(error)} (${call.path})`, { call, cause: error }))
    throw error
  }
  if (sent < body.size) throw wrong('has fewer')
}
