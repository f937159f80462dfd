import { afterEach, beforeEach, expect, it } from 'vitest'
import { resolveConfiguration } from './configuration.ts'
import { MlflowError } from './errors.ts'
import { answer, json, redirect, startHostile, type HostileServer } from './hostile.test-support.ts'
import type { ConnectionOptions } from './options.ts'
import { createTransport } from './transport.ts'
import type { Transport } from './transport-types.ts'

let server: HostileServer
let other: HostileServer
const transports: Transport[] = []

beforeEach(async () => {
  server = await startHostile()
  other = await startHostile()
})
afterEach(async () => {
  for (const transport of transports.splice(0)) await transport.close()
  await server[Symbol.asyncDispose]()
  await other[Symbol.asyncDispose]()
})

function connect(options: ConnectionOptions = {}): Transport {
  const transport = createTransport(resolveConfiguration({ trackingUri: server.url, token: 'canary-token', headers: { 'X-Secret': 'canary-header' }, ...options }, { HOME: '/nonexistent' }))
  transports.push(transport)
  return transport
}
const post = { method: 'POST', path: 'runs/create', body: { secret: 'canary-body' } } as const
const code = (promise: Promise<unknown>) => promise.then(() => 'answered', (error: unknown) => (error instanceof MlflowError ? error.code : String(error)))
/** Everything that a server was sent. */
const seen = (hostile: HostileServer) => JSON.stringify(hostile.requests.map(({ rawHeaders, url, body }) => ({ rawHeaders, url, body: body.toString() })))

it.each([301, 302, 307, 308])('follows a %i within the server, with method, body and credentials', async (status) => {
  server.answer(redirect(status, '/mlflow/api/2.0/mlflow/runs/create?x=1'), json(200, { ok: true }))
  expect(await connect().json(post)).toEqual({ ok: true })
  expect(server.requests[1]).toMatchObject({ method: 'POST', url: '/mlflow/api/2.0/mlflow/runs/create?x=1', headers: { authorization: 'Bearer canary-token', 'x-secret': 'canary-header' } })
  expect(server.requests[1]!.body.toString()).toBe(JSON.stringify(post.body))
})

it('asks with GET where a 303 says that the answer is', async () => {
  server.answer(redirect(303, '/answer'), json(200, { ok: true }))
  expect(await connect().json(post)).toEqual({ ok: true })
  expect(server.requests[1]).toMatchObject({ method: 'GET', url: '/answer' })
  expect(server.requests[1]!.headers['content-type']).toBeUndefined()
  expect(server.requests[1]!.body).toHaveLength(0)
})

it.each([301, 302, 303, 307, 308])('takes no call to another server, nor its credentials and body (%i), and says where it was sent', async (status) => {
  for (const call of [post, { method: 'GET', path: 'runs/get' } as const]) {
    server.answer(redirect(status, `${other.url}/login?next=canary-query`))
    const error = await connect().json(call).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'MLFLOW_REDIRECT', status })
    expect((error as Error).message).toContain(`'${other.url}/login'`)
    expect((error as Error).message).not.toContain('canary')
  }
  expect(other.requests).toHaveLength(0)
  expect(server.requests).toHaveLength(2)
})

it('another port, another host name and another scheme are other servers', async () => {
  for (const target of [other.url, server.url.replace('127.0.0.1', 'localhost'), server.url.replace('http:', 'https:')]) {
    server.answer(redirect(307, `${target}/x`))
    expect(await code(connect().json(post))).toBe('MLFLOW_REDIRECT')
  }
})

it('takes a download to another server, as a storage, without credentials', async () => {
  server.answer(redirect(302, `${other.url}/file?signature=1`))
  other.answer(answer(200, 'application/octet-stream', 'bytes'))
  const file = await connect().bytes({ method: 'GET', path: '/file', headers: { 'accept-encoding': 'identity' } })
  expect(Buffer.concat(await Array.fromAsync(file.bytes)).toString()).toBe('bytes')
  expect(other.requests).toHaveLength(1)
  expect(seen(other)).not.toContain('canary')
  expect(server.requests[0]!.headers.authorization).toBe('Bearer canary-token')
})

it('sends no credentials home either where another server sends it back', async () => {
  server.answer(redirect(302, `${other.url}/away`), answer(200, 'text/plain', 'x'))
  other.answer(redirect(302, `${server.url}/delete-everything`))
  await Array.fromAsync((await connect().bytes({ method: 'GET', path: '/file' })).bytes)
  expect(server.requests.map(({ url, headers }) => [url, headers.authorization])).toEqual([['/file', 'Bearer canary-token'], ['/delete-everything', undefined]])
})

it('sends no credentials to a name and password that a redirect invents', async () => {
  server.answer(redirect(302, other.url.replace('//', '//eve:wrong@') + '/file'))
  other.answer(answer(200, 'text/plain', 'x'))
  await Array.fromAsync((await connect().bytes({ method: 'GET', path: '/file' })).bytes)
  expect(other.requests[0]!.headers.authorization).toBeUndefined()
})

it('takes no upload to another server', async () => {
  server.answer(redirect(307, `${other.url}/file`))
  const body = { size: 6, async *stream() { yield Buffer.from('canary') } }
  expect(await code(connect().bytes({ method: 'PUT', path: '/file', body }))).toBe('MLFLOW_REDIRECT')
  const toStorage = await connect({ trackingUri: 'http://127.0.0.1:1' }).bytes({ method: 'PUT', path: `${server.url}/signed`, body }).catch((thrown: unknown) => thrown)
  expect(toStorage).toMatchObject({ code: 'MLFLOW_REDIRECT', message: expect.stringMatching(/has to sign addresses of the storage/) as unknown })
  expect(other.requests).toHaveLength(0)
})

it('sends an address elsewhere no credentials, and follows its redirects to us without them', async () => {
  other.answer(redirect(302, `${server.url}/back`))
  server.answer(answer(200, 'text/plain', 'x'))
  await Array.fromAsync((await connect().bytes({ method: 'GET', path: `${other.url}/signed?token=1` })).bytes)
  expect(seen(other) + seen(server)).not.toContain('canary')
})

it('takes nothing that belongs to a signed address to another server', async () => {
  server.answer(redirect(302, `${other.url}/elsewhere`))
  other.answer(answer(200, 'text/plain', 'x'))
  const headers = { 'X-Amz-Server-Side-Encryption-Customer-Key': 'canary-key', 'accept-encoding': 'identity' }
  await Array.fromAsync((await connect({ trackingUri: 'http://127.0.0.1:1' }).bytes({ method: 'GET', path: `${server.url}/signed`, headers })).bytes)
  expect(server.requests[0]!.headers['x-amz-server-side-encryption-customer-key']).toBe('canary-key')
  expect(seen(other)).not.toContain('canary')
  expect(other.requests[0]!.headers['accept-encoding']).toBe('identity')
})

it('stops after ten redirects, and at once where they are not allowed or lead nowhere', async () => {
  server.answer(redirect(302, '/again'))
  expect(await code(connect().json({ method: 'GET', path: 'x' }))).toBe('MLFLOW_REDIRECT')
  expect(server.requests).toHaveLength(11)
  expect(await code(connect({ allowRedirects: false }).json({ method: 'GET', path: 'x' }))).toBe('MLFLOW_REDIRECT')
  expect(server.requests).toHaveLength(12)
  for (const target of ['file:///etc/passwd', 'javascript:alert(1)', 'http://']) {
    server.answer(redirect(302, target))
    expect(await code(connect().bytes({ method: 'GET', path: '/file' }))).toBe('MLFLOW_REDIRECT')
  }
})
