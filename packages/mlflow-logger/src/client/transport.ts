import { systemClock, type Clock } from '@attune/core'
import { isHtml, parseJson, unexpected, type Answer } from './answers.ts'
import { attempt, type CallParts, type Request } from './attempts.ts'
import type { Configuration } from './configuration.ts'
import type { Endpoint } from './endpoints.ts'
import { MlflowError, type FailedCall } from './errors.ts'
import { createAxios, type Incoming } from './exchange.ts'
import { readText } from './read-text.ts'
import { redactor } from './secret.ts'
import type { JsonCall, QueryValue, Transport } from './transport-types.ts'
import type { CallOptions } from './types.ts'
import { serverInfoPath, workspaceCheck } from './workspace.ts'

/** What tests replace. */
export interface TransportParts {
  readonly clock?: Clock
  /** Uniform in [0, 1). */
  readonly random?: () => number
}

const apiRoot = '/api/2.0/mlflow/'
/** Bytes of an answer to bytes that were sent: it is empty, or a word. */
const mostOfWrite = 2 ** 20

function queryString(query: { readonly [key: string]: QueryValue } | undefined): string {
  const parameters = new URLSearchParams()
  for (const [key, value] of Object.entries(query ?? {})) {
    if (value === undefined) continue
    for (const text of typeof value === 'object' ? value : [String(value)]) parameters.append(key, text)
  }
  const text = parameters.toString()
  return text === '' ? '' : `?${text}`
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

/** How requests reach the tracking server of a configuration, and its registry. Connects when it is first used. */
export function createTransport(configuration: Configuration, parts: TransportParts = {}): Transport {
  const agents = configuration.agents()
  const redact = redactor(configuration.secrets)
  const client = createAxios(agents)
  const underWay = new Set<AbortController>()
  let closed = false

  /** A signal that `close` and the caller's own signal abort, until the end of the call. */
  function begin(call: FailedCall, options: CallOptions): { readonly signal: AbortSignal; readonly end: () => void; readonly translate: (error: unknown) => unknown } {
    const ended = () => new MlflowError('MLFLOW_CLOSED', `The client was closed: ${call.method} ${call.path}. Make another one for further calls`, { call })
    if (closed) throw ended()
    const controller = new AbortController()
    const abort = () => controller.abort(options.signal?.reason)
    if (options.signal?.aborted === true) abort()
    else options.signal?.addEventListener('abort', abort)
    underWay.add(controller)
    return {
      signal: controller.signal,
      end: () => {
        underWay.delete(controller)
        options.signal?.removeEventListener('abort', abort)
      },
      translate: (error) => (closed && error instanceof MlflowError && error.code === 'MLFLOW_ABORTED' ? ended() : error),
    }
  }

  function connect(endpoint: Endpoint, registry: Transport | undefined): Transport {
    const callParts: CallParts = { client, configuration, redact, clock: parts.clock ?? systemClock, random: parts.random ?? Math.random, server: endpoint.url }

    async function whole(call: JsonCall, named: FailedCall): Promise<Answer | { readonly applied: unknown }> {
      const scope = begin(named, call)
      const request: Request = {
        call: named,
        url: `${endpoint.url}${named.path}${queryString(call.query)}`,
        headers: call.body === undefined ? {} : { 'content-type': 'application/json' },
        credentials: endpoint.headers,
        body: call.body === undefined ? undefined : JSON.stringify(call.body),
        limits: { idle: configuration.timeout, total: configuration.timeout },
        deadline: configuration.retry.deadline,
        followElsewhere: false,
        applied: call.applied,
        signal: scope.signal,
      }
      try {
        return await attempt(request, async (incoming) => ({ status: incoming.status, headers: incoming.headers, text: await readText(incoming, configuration.maxAnswerBytes, named, endpoint.url) }), callParts)
      } catch (error) {
        throw scope.translate(error)
      } finally {
        scope.end()
      }
    }
    const parsed = async (call: JsonCall): Promise<unknown> => {
      const named = name(call)
      const answer = await whole(call, named)
      return 'applied' in answer ? answer.applied : parseJson(answer, named, endpoint.url, redact)
    }
    const inWorkspace = endpoint.workspace === undefined ? undefined : workspaceCheck(endpoint.workspace, endpoint.url, parsed)
    const name = (call: JsonCall): FailedCall => ({ method: call.method, path: call.path.startsWith('/') ? call.path : `${apiRoot}${call.path}` })

    const transport: Transport = {
      trackingUri: endpoint.url,
      get registry(): Transport {
        return registry ?? transport
      },
      async json(call) {
        if (call.path !== serverInfoPath) await inWorkspace?.(call)
        return await parsed(call)
      },
      async text(call) {
        const named = name(call)
        const answer = await whole(call, named)
        if ('applied' in answer) return String(answer.applied)
        if (isHtml(answer)) throw new MlflowError('MLFLOW_ANSWER', unexpected(answer, named, endpoint.url, redact), { status: answer.status, call: named })
        return answer.text
      },
      async bytes(call) {
        const home = !/^https?:\/\//i.test(call.path)
        if (home) await inWorkspace?.(call)
        const url = new URL(home ? `${endpoint.url}${call.path}` : call.path)
        // The path is as it was asked for: without the signature that a URL of a storage carries.
        const named = { method: call.method, path: home ? call.path.replace(/\?.*$/, '') : `${url.origin}${url.pathname}` }
        const scope = begin(named, call)
        const request: Request = {
          call: named,
          url: url.href,
          headers: Object.fromEntries(Object.entries(call.headers ?? {}).map(([key, value]) => [key.toLowerCase(), value])),
          credentials: home ? endpoint.headers : {},
          body: call.body,
          onProgress: call.onProgress?.bind(call),
          limits: { idle: configuration.timeout, total: configuration.transferTimeout },
          // A large file may need longer for one attempt than other calls have for all.
          deadline: Math.max(configuration.retry.deadline, configuration.transferTimeout),
          followElsewhere: true,
          signal: scope.signal,
        }
        /** What answers a write is read at once: a page is no MLflow and no storage, and has kept nothing. */
        const read = async (incoming: Incoming): Promise<Incoming> => {
          if (call.method === 'GET' || call.method === 'HEAD') return incoming
          const text = await readText(incoming, mostOfWrite, named, endpoint.url, true)
          const answer = { status: incoming.status, headers: incoming.headers, text }
          // Storages may well answer XML.
          if (/^\s*<(!doctype|html)/i.test(text)) throw new MlflowError('MLFLOW_ANSWER', unexpected(answer, named, home ? endpoint.url : url.origin, redact), { status: answer.status, call: named })
          return { ...incoming, bytes: once(Buffer.from(text)) }
        }
        async function* until(incoming: Incoming): AsyncGenerator<Uint8Array> {
          try {
            yield* incoming.bytes
          } catch (error) {
            throw scope.translate(error)
          } finally {
            scope.end()
          }
        }
        try {
          const incoming = (await attempt(request, read, { ...callParts, ...(!home && { server: url.origin, storage: true }) })) as Incoming
          return { status: incoming.status, headers: incoming.headers, bytes: until(incoming) }
        } catch (error) {
          scope.end()
          throw scope.translate(error)
        }
      },
      async close() {
        closed = true
        for (const controller of underWay) controller.abort()
        agents.close()
      },
    }
    return transport
  }
  return connect(configuration.tracking, configuration.registry === configuration.tracking ? undefined : connect(configuration.registry, undefined))
}
