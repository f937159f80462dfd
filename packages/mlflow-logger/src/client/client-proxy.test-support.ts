import { once } from 'node:events'
import { createServer, request, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface ProxiedRequest {
  readonly method: string
  /** Without the query. */
  readonly path: string
  readonly body: string
}

/** What becomes of a request: it passes; it passes and its answer is lost; or it never reaches the server, and this is answered. */
export type Fate = 'pass' | 'lose the answer' | { readonly status: number; readonly body: string }

export interface Proxy {
  readonly url: string
  /** All that came, in order. */
  readonly requests: readonly ProxiedRequest[]
  /** Asked for each request, which waits for the answer. */
  decide: (request: ProxiedRequest) => Fate | Promise<Fate>
  close(): Promise<void>
}

/** Stands before a real server. An answer that is lost has been given in full by the server before the connection is reset. */
export async function startProxy(target: string): Promise<Proxy> {
  const requests: ProxiedRequest[] = []
  const to = new URL(target)
  const server = createServer((incoming, outgoing) => {
    const forward = async () => {
      const body = await collect(incoming)
      const seen = { method: incoming.method ?? '', path: (incoming.url ?? '').split('?')[0] ?? '', body: body.toString() }
      requests.push(seen)
      const fate = await proxy.decide(seen)
      if (typeof fate === 'object') {
        outgoing.writeHead(fate.status, { 'content-type': 'application/json' }).end(fate.body)
        return
      }
      const headers = { ...incoming.headers, host: to.host, 'content-length': String(body.length) }
      const sent = request({ host: to.hostname, port: to.port, method: incoming.method, path: incoming.url, headers, agent: false })
      const answered = once(sent, 'response') as Promise<[IncomingMessage]>
      sent.end(body)
      const [answer] = await answered
      const bytes = await collect(answer)
      if (fate === 'lose the answer') incoming.socket.resetAndDestroy()
      else outgoing.writeHead(answer.statusCode ?? 502, { 'content-type': answer.headers['content-type'] ?? 'application/json' }).end(bytes)
    }
    forward().catch((error: unknown) => outgoing.destroy(error as Error))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const proxy: Proxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    decide: () => 'pass',
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => void server.close(resolve))
    },
  }
  return proxy
}

async function collect(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}
