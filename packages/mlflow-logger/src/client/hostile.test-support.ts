// A server that answers as no server should, for tests of what the client makes of it.
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createSecureServer, type ServerOptions } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { Clock } from '@attune/core'

export interface Received {
  readonly method: string
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly rawHeaders: readonly string[]
  readonly body: Buffer
}

/** How one request is treated; `body` reads it to its end. */
export type Behaviour = (request: IncomingMessage, response: ServerResponse, body: () => Promise<Buffer>) => void | Promise<void>

export interface HostileServer extends AsyncDisposable {
  readonly url: string
  readonly origin: string
  /** Requests in the order in which they came; one whose body is not read has none. */
  readonly requests: Received[]
  /** Sockets that are open now. */
  readonly sockets: ReadonlySet<Socket>
  /** What the next requests get, one after the other; the last one stays. */
  answer(...behaviours: readonly Behaviour[]): void
}

export async function startHostile(tls?: ServerOptions): Promise<HostileServer> {
  let queue: Behaviour[] = [json(200, {})]
  const requests: Received[] = []
  const sockets = new Set<Socket>()
  const listener: RequestListener = (request, response) => {
    const received = { method: request.method ?? '', url: request.url ?? '', headers: request.headers, rawHeaders: request.rawHeaders, body: Buffer.alloc(0) }
    requests.push(received)
    const behaviour = queue.length > 1 ? queue.shift()! : queue[0]!
    request.on('error', () => undefined)
    response.on('error', () => undefined)
    const body = async () => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk as Buffer)
      received.body = Buffer.concat(chunks)
      return received.body
    }
    const treat = async () => await behaviour(request, response, body)
    treat().catch((error: unknown) => {
      // A client that goes away is no fault of the server.
      if (!request.destroyed) throw error
    })
  }
  const server = tls === undefined ? createServer(listener) : createSecureServer(tls, listener)
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => undefined)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const origin = `http${tls === undefined ? '' : 's'}://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url: origin,
    origin,
    requests,
    sockets,
    answer: (...behaviours) => void (queue = [...behaviours]),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** Reads the request, and answers. */
export function answer(status: number, contentType: string, text: string | Buffer, headers: { readonly [name: string]: string } = {}): Behaviour {
  return async (_request, response, body) => {
    await body()
    response.writeHead(status, { 'content-type': contentType, ...headers }).end(text)
  }
}

export function json(status: number, value: unknown, headers: { readonly [name: string]: string } = {}): Behaviour {
  return answer(status, 'application/json', JSON.stringify(value), headers)
}

export function mlflowError(status: number, code: string, message: string, headers: { readonly [name: string]: string } = {}): Behaviour {
  return json(status, { error_code: code, message }, headers)
}

export function html(status: number, title: string, headers: { readonly [name: string]: string } = {}): Behaviour {
  return answer(status, 'text/html; charset=utf-8', `<!doctype html>\n<html><head><title>${title}</title><script>alert(1)</script></head><body><h1>${title}</h1></body></html>`, headers)
}

export function redirect(status: number, location: string): Behaviour {
  return answer(status, 'text/plain', '', { location })
}

/** Takes the request and says nothing. */
export const silent: Behaviour = async (_request, _response, body) => void (await body())

/** Headers, then a byte every few milliseconds, for ever. */
export const drip: Behaviour = async (_request, response, body) => {
  await body()
  response.writeHead(200, { 'content-type': 'application/json' })
  const timer = setInterval(() => response.write(' '), 5)
  response.on('close', () => clearInterval(timer))
}

/** Closes the connection hard, with the body unread. */
export const resetAtOnce: Behaviour = (request) => void request.socket.resetAndDestroy()

/** Closes the connection hard once the request has been read: the answer is lost. */
export const resetAfterReading: Behaviour = async (request, _response, body) => {
  await body()
  request.socket.resetAndDestroy()
}

/** Says that more is to come than comes. */
export function truncated(text: string, promised: number): Behaviour {
  return async (request, response, body) => {
    await body()
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': String(promised) })
    response.write(text, () => request.socket.end())
  }
}

/** Megabytes without an end in sight, and without their number. */
export const huge: Behaviour = async (_request, response, body) => {
  await body()
  response.writeHead(200, { 'content-type': 'application/json' })
  const block = Buffer.alloc(64 * 1024, 0x20)
  const more = (): void => {
    while (!response.destroyed && response.write(block));
    if (!response.destroyed) response.once('drain', more)
  }
  more()
}

/** A clock that skips the waits between attempts and notes them; time-outs (`held` milliseconds) never come. */
export function skippingClock(held: readonly number[]): Clock & { readonly waits: readonly number[] } {
  let now = Date.UTC(2026, 0, 1)
  const waits: number[] = []
  return {
    specVersion: 'v1',
    waits,
    now: () => now,
    schedule(milliseconds, callback) {
      if (held.includes(milliseconds)) return () => undefined
      waits.push(milliseconds)
      now += milliseconds
      const immediate = setImmediate(callback)
      return () => clearImmediate(immediate)
    },
  }
}
