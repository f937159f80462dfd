import { Axios, type AxiosResponse } from 'axios'
import type { Readable } from 'node:stream'
import type { Clock } from '@attune/core'
import type { Agents } from './agents.ts'
import { MlflowError, type FailedCall } from './errors.ts'
import { connectionError } from './interrupted.ts'
import { sending, type StreamedBody } from './outgoing-body.ts'
import { watch, type Limits } from './watch.ts'

/** One request, ready to be sent. */
export interface Outgoing {
  readonly call: FailedCall
  readonly url: string
  /** Names in lower case. */
  readonly headers: { readonly [name: string]: string }
  readonly body?: string | StreamedBody | undefined
  readonly onProgress?: ((sent: number, total: number) => void) | undefined
}

export interface ExchangeParts {
  readonly client: Axios
  readonly clock: Clock
  readonly redact: (text: string) => string
}

/** An answer whose body has not been read. */
export interface Incoming {
  readonly status: number
  /** Names in lower case. */
  readonly headers: { readonly [name: string]: string }
  /** Throws what `exchange` throws. */
  readonly bytes: AsyncIterable<Uint8Array>
  /** Frees the connection of an answer that is not read to its end. */
  discard(): void
}

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

/**
 * Sends one request, and answers when the headers of its answer have come. Throws `Interrupted` for what may be tried again, and
 * `MLFLOW_ABORTED` when `signal` aborts.
 */
export async function exchange(outgoing: Outgoing, limits: Limits, signal: AbortSignal, parts: ExchangeParts): Promise<Incoming> {
  const { call, url, body } = outgoing
  const server = new URL(url).origin
  const watched = watch(call, server, limits, parts.clock, signal)
  const streamed =
    typeof body !== 'object'
      ? undefined
      : sending(body, call, (sent) => {
          watched.alive()
          outgoing.onProgress?.(sent, body.size)
        })
  /** Whatever came first: the source, the watch, or the connection. */
  const failure = (error: unknown): unknown => streamed?.problem ?? watched.reason ?? (error instanceof MlflowError ? error : connectionError(error, call, server, parts.redact))
  let response: AxiosResponse<Readable>
  try {
    response = await parts.client.request<Readable>({
      method: call.method,
      url,
      // Without a type of ours there is none: axios would call it a form, and storages check what they have signed.
      headers: { 'user-agent': 'attune-mlflow-client', accept: 'application/json, */*;q=0.5', 'content-type': false, ...outgoing.headers, ...(typeof body === 'object' && { 'content-length': String(body.size) }) },
      data: streamed?.stream ?? (typeof body === 'string' ? Buffer.from(body) : undefined),
      signal: watched.signal,
    })
  } catch (error) {
    watched.end()
    streamed?.stream.destroy()
    throw failure(error)
  }
  watched.alive()
  const answer = response.data
  // They are thrown where the bytes are read.
  answer.on('error', () => undefined)
  const discard = (): void => {
    watched.end()
    answer.destroy()
    streamed?.stream.destroy()
  }
  async function* read(): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of answer as AsyncIterable<Uint8Array>) {
        watched.pause()
        yield chunk
        watched.alive()
      }
      if (watched.reason !== undefined) throw watched.reason
    } catch (error) {
      throw failure(error)
    } finally {
      discard()
    }
  }
  return { status: response.status, headers: plain(response.headers), bytes: read(), discard }
}

function plain(headers: object): { readonly [name: string]: string } {
  const texts: { [name: string]: string } = {}
  for (const [name, value] of Object.entries(headers) as Iterable<readonly [string, unknown]>) {
    if (typeof value === 'string') texts[name.toLowerCase()] = value
    else if (Array.isArray(value)) texts[name.toLowerCase()] = value.join(', ')
  }
  return texts
}
