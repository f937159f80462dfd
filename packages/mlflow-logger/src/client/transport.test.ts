import { systemClock, type Clock } from '@attune/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { resolveConfiguration } from './configuration.ts'
import { MlflowError } from './errors.ts'
import { answer, drip, html, huge, json, mlflowError, redirect, resetAfterReading, resetAtOnce, silent, skippingClock, startHostile, truncated, type Behaviour, type HostileServer } from './hostile.test-support.ts'
import type { ConnectionOptions } from './options.ts'
import { createTransport, type TransportParts } from './transport.ts'
import type { Transport } from './transport-types.ts'

let server: HostileServer
const transports: Transport[] = []
const timeout = 99_999

beforeEach(async () => {
  server = await startHostile()
})
afterEach(async () => {
  for (const transport of transports.splice(0)) await transport.close()
  await server[Symbol.asyncDispose]()
})

function connect(options: ConnectionOptions = {}, parts: TransportParts = {}): Transport {
  const transport = createTransport(resolveConfiguration({ trackingUri: server.url, timeout, ...options }, { HOME: '/nonexistent' }), parts)
  transports.push(transport)
  return transport
}
/** Repeats as a patient client does, in no time. */
function patient(options: ConnectionOptions = {}) {
  const clock = skippingClock([timeout])
  return { transport: connect(options, { clock, random: () => 0.5 }), waits: clock.waits }
}
async function failure(promise: Promise<unknown>): Promise<MlflowError> {
  const error: unknown = await promise.then(
    () => expect.fail('it was answered'),
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(MlflowError)
  return error as MlflowError
}
const get = { method: 'GET', path: 'runs/get', query: { run_id: 'a b&c' } } as const
const post = { method: 'POST', path: 'runs/create', body: { experiment_id: '0', name: 'Zürich 😀' } } as const

describe('what is sent and read', () => {
  it('sends JSON below the interface, queries encoded, lists repeated, unset fields left out', async () => {
    server.answer(json(200, { run: 1 }))
    const transport = connect({ trackingUri: `${server.url}/prefix/` })
    expect(await transport.json(get)).toEqual({ run: 1 })
    await transport.json({ method: 'GET', path: 'x', query: { ids: ['1', '2'], token: undefined, n: 3, flag: true } })
    await transport.json(post)
    expect(server.requests.map(({ method, url }) => `${method} ${url}`)).toEqual(['GET /prefix/api/2.0/mlflow/runs/get?run_id=a+b%26c', 'GET /prefix/api/2.0/mlflow/x?ids=1&ids=2&n=3&flag=true', 'POST /prefix/api/2.0/mlflow/runs/create'])
    expect(server.requests[0]!.headers['content-type']).toBeUndefined()
    expect(server.requests[2]!.headers['content-type']).toBe('application/json')
    expect(JSON.parse(server.requests[2]!.body.toString())).toEqual(post.body)
    expect(transport.trackingUri).toBe(`${server.url}/prefix`)
  })

  it('reads an empty answer as an empty object, and a text as it is whatever its type says', async () => {
    server.answer(answer(200, 'application/json', ''), answer(200, 'text/html', '3.17.2'))
    const transport = connect()
    expect(await transport.json(get)).toEqual({})
    expect(await transport.text({ method: 'GET', path: '/version' })).toBe('3.17.2')
  })

  it('asks another server about models where the registry is elsewhere, with its own credentials', async () => {
    await using other = await startHostile()
    const transport = connect({ registryUri: other.url.replace('//', '//bob:hidden-word@') })
    await transport.registry.json({ method: 'GET', path: 'registered-models/get' })
    await transport.json(get)
    expect(other.requests.map(({ url, headers }) => [url, headers.authorization])).toEqual([['/api/2.0/mlflow/registered-models/get', `Basic ${Buffer.from('bob:hidden-word').toString('base64')}`]])
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual([undefined])
    expect(connect().registry.trackingUri).toBe(server.url)
  })
})

describe('errors of answers', () => {
  const cases: readonly [string, Behaviour, Partial<MlflowError>, RegExp][] = [
    ['400', mlflowError(400, 'INVALID_PARAMETER_VALUE', 'Missing value for run_id'), { code: 'MLFLOW_INVALID', status: 400, mlflowCode: 'INVALID_PARAMETER_VALUE' }, /refused the request: POST \/api\/2\.0\/mlflow\/runs\/create was answered 400 INVALID_PARAMETER_VALUE\. It says: Missing value for run_id/],
    ['400 of what exists', mlflowError(400, 'RESOURCE_ALREADY_EXISTS', 'taken'), { code: 'MLFLOW_EXISTS', status: 400 }, /taken/],
    ['401 of basic authentication', answer(401, 'text/html', 'You are not authenticated.', { 'www-authenticate': 'Basic realm="mlflow"' }), { code: 'MLFLOW_AUTH', status: 401, mlflowCode: undefined }, /MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD.*takes no token/],
    ['401 of something else', json(401, { message: 'expired' }), { code: 'MLFLOW_AUTH' }, /expired.*MLFLOW_TRACKING_TOKEN/],
    ['403 without permission', answer(403, 'text/html', 'Permission denied'), { code: 'MLFLOW_FORBIDDEN', status: 403 }, /Permission denied.*no permission/],
    ['403 of the host check', answer(403, 'text/plain', 'Invalid Host header - possible DNS rebinding attack detected'), { code: 'MLFLOW_FORBIDDEN' }, /--allowed-hosts/],
    ['404 of MLflow', mlflowError(404, 'RESOURCE_DOES_NOT_EXIST', "Run with id=x not found"), { code: 'MLFLOW_NOT_FOUND', status: 404 }, /Run with id=x not found/],
    ['404 of something else', html(404, 'nginx 404'), { code: 'MLFLOW_ENDPOINT', status: 404 }, /Check the path of the tracking URI/],
    ['405', html(405, 'Method Not Allowed'), { code: 'MLFLOW_ENDPOINT' }, /no such call/],
    ['409', mlflowError(409, 'RESOURCE_CONFLICT', 'busy'), { code: 'MLFLOW_EXISTS', status: 409 }, /busy/],
    ['413', html(413, '413 Request Entity Too Large'), { code: 'MLFLOW_LIMIT', status: 413 }, /client_max_body_size/],
    ['501', mlflowError(501, 'NOT_IMPLEMENTED', 'no'), { code: 'MLFLOW_UNSUPPORTED' }, /storage does not offer it/],
  ]
  it.each(cases)('%s: says what, where and the remedy, at the first attempt', async (_name, behaviour, expected, message) => {
    server.answer(behaviour)
    const error = await failure(connect().json(post))
    expect(error).toMatchObject({ ...expected, call: { method: 'POST', path: '/api/2.0/mlflow/runs/create' } })
    expect(error.message).toMatch(message)
    expect(error.message).toContain(server.url)
    expect(server.requests).toHaveLength(1)
  })

  it('tells a login page with 200 from an answer, in JSON and in texts', async () => {
    server.answer(html(200, 'Sign in to Example'))
    for (const call of [() => connect().json(get), () => connect().text({ method: 'GET', path: '/version' })]) {
      const error = await failure(call())
      expect(error.code).toBe('MLFLOW_ANSWER')
      expect(error.message).toMatch(/login page.*MLFLOW_TRACKING_TOKEN.*Sign in to Example/)
      expect(error.message).not.toContain('alert')
    }
    expect(server.requests).toHaveLength(2)
  })

  it('tells a page with 200 from what a server or a storage answers to bytes, which have not been kept', async () => {
    const body = { size: 1, async *stream() { yield Buffer.from('x') } }
    const put = async (path: string) => await Array.fromAsync((await connect().bytes({ method: 'PUT', path, body })).bytes)
    server.answer(html(200, 'Sign in to Example'))
    for (const path of ['/file', `${server.url}/bucket/file?signature=1`]) {
      expect(await failure(put(path))).toMatchObject({ code: 'MLFLOW_ANSWER', status: 200, message: expect.stringMatching(/login page.*Sign in to Example/) as unknown })
    }
    server.answer(answer(200, 'application/xml', '<?xml version="1.0"?><CopyPartResult/>'))
    expect(Buffer.concat(await put(`${server.url}/bucket/file`)).toString()).toContain('CopyPartResult')
  })

  it('says that a proxy, and not MLflow, is what answers 502 and 503 with a page', async () => {
    server.answer(html(502, '502 Bad Gateway'))
    expect((await failure(connect({ maxRetries: 0 }).json(get))).message).toMatch(/does not reach MLflow behind it/)
    server.answer(mlflowError(503, 'TEMPORARILY_UNAVAILABLE', 'busy'))
    expect((await failure(connect({ maxRetries: 0 }).json(get))).message).toMatch(/busy\. Look at the server's own log/)
  })

  it.each(['{"run": ', '[1]', '17', 'null', '"text"'])('refuses malformed JSON: %s', async (text) => {
    server.answer(answer(200, 'application/json', text))
    expect((await failure(connect().json(get))).code).toBe('MLFLOW_ANSWER')
    expect(server.requests).toHaveLength(1)
  })

  it.each(['<', '<script>', '<title', '<head', '</', 'a.', '%'])('reads a page that is a megabyte of %s at once', async (text) => {
    server.answer(answer(500, 'text/html', `<html>${text.repeat(2 ** 20 / text.length)}`))
    const started = performance.now()
    expect((await failure(connect({ maxRetries: 0 }).json(get))).code).toBe('MLFLOW_SERVER')
    // It took minutes once, in which nothing else in the process went on.
    expect(performance.now() - started).toBeLessThan(20_000)
  })

  it('keeps control characters and endless pages out of messages', async () => {
    server.answer(answer(400, 'text/plain', `\u001b[31mred\u0000\n${'x'.repeat(500_000)}`))
    const { message } = await failure(connect().json(get))
    expect(message).toContain('[31mred xxx')
    // eslint-disable-next-line no-control-regex -- what must not be there
    expect(message).not.toMatch(/[\u0000-\u001f]/)
    expect(message.length).toBeLessThan(1500)
  })
})

describe('repetitions', () => {
  it.each([408, 429, 500, 502, 503, 504])('repeats %i seven times, with the waits of the Python client, and says so', async (status) => {
    server.answer(mlflowError(status, status === 429 ? 'REQUEST_LIMIT_EXCEEDED' : 'INTERNAL_ERROR', 'not now'))
    const { transport, waits } = patient()
    const error = await failure(transport.json(get))
    expect(error.code).toBe({ 408: 'MLFLOW_TIMEOUT', 429: 'MLFLOW_RATE', 504: 'MLFLOW_TIMEOUT' }[status] ?? 'MLFLOW_SERVER')
    expect(error.message).toMatch(/8 attempts/)
    expect(server.requests).toHaveLength(8)
    expect(waits).toEqual([0, 4500, 8500, 16_500, 32_500, 64_500, 120_000])
  })

  it('goes on once the server answers', async () => {
    server.answer(mlflowError(503, 'TEMPORARILY_UNAVAILABLE', 'starting'), resetAtOnce, truncated('{"a"', 100), json(200, { ok: true }))
    expect(await patient().transport.json(post)).toEqual({ ok: true })
    expect(server.requests).toHaveLength(4)
  })

  it('waits as long as the server asks, in seconds or until a date, unless that is off', async () => {
    const asking = (value: string) => [mlflowError(429, 'REQUEST_LIMIT_EXCEEDED', 'slow', { 'retry-after': value }), json(200, {})]
    server.answer(...asking('7'))
    const inSeconds = patient()
    await inSeconds.transport.json(get)
    expect(inSeconds.waits).toEqual([7000])
    server.answer(...asking(new Date(Date.UTC(2026, 0, 1, 0, 0, 9)).toUTCString()))
    const untilDate = patient()
    await untilDate.transport.json(get)
    expect(untilDate.waits).toEqual([9000])
    server.answer(...asking('soon'))
    const unreadable = patient()
    await unreadable.transport.json(get)
    expect(unreadable.waits).toEqual([0])
    server.answer(...asking('7'))
    const deaf = patient({ respectRetryAfter: false })
    await deaf.transport.json(get)
    expect(deaf.waits).toEqual([0])
  })

  it('repeats 413 only where the server says when', async () => {
    server.answer(answer(413, 'text/plain', 'full', { 'retry-after': '3' }), json(200, {}))
    const { transport, waits } = patient()
    await transport.json(get)
    expect(waits).toEqual([3000])
  })

  it('gives up at once where the server asks for longer than the call may take', async () => {
    server.answer(mlflowError(503, 'TEMPORARILY_UNAVAILABLE', 'maintenance', { 'retry-after': '3600' }))
    const { transport, waits } = patient()
    expect((await failure(transport.json(get))).message).toMatch(/maintenance.*asks to wait 3600 s/)
    expect(waits).toEqual([])
    expect(server.requests).toHaveLength(1)
  })

  it('sends a file again no later than a call', async () => {
    server.answer(mlflowError(503, 'TEMPORARILY_UNAVAILABLE', 'maintenance', { 'retry-after': '900' }))
    const clock = skippingClock([timeout, 21_600_000])
    const body = { size: 1, async *stream() { yield Buffer.from('x') } }
    expect((await failure(connect({}, { clock, random: () => 0.5 }).bytes({ method: 'PUT', path: '/file', body }))).message).toMatch(/asks to wait 900 s/)
    expect(clock.waits).toEqual([])
  })

  it('sends bytes again whose answer was cut', async () => {
    server.answer(truncated('', 10), answer(200, 'text/plain', ''))
    const body = { size: 1, async *stream() { yield Buffer.from('x') } }
    await Array.fromAsync((await connect({ backoffFactor: 0, backoffJitter: 0 }).bytes({ method: 'PUT', path: '/file', body })).bytes)
    expect(server.requests).toHaveLength(2)
  })

  it('does not repeat what a server does not offer, though it says so with 500', async () => {
    server.answer(mlflowError(500, 'FEATURE_DISABLED', 'Workspace APIs are not available'))
    expect((await failure(patient().transport.json(post))).code).toBe('MLFLOW_CONFIG')
    expect(server.requests).toHaveLength(1)
  })

  it('ends with its deadline, however many repetitions are left', async () => {
    server.answer(mlflowError(503, 'TEMPORARILY_UNAVAILABLE', 'no'))
    const clock = skippingClock([1000])
    await failure(connect({ deadline: 20_000, timeout: 1000 }, { clock, random: () => 0.5 }).json(get))
    expect(clock.waits).toEqual([0, 4500, 8500])
  })

  it('does not spend minutes on a server that answers 500 with a page, as to malformed JSON', async () => {
    server.answer(html(500, '500 Internal Server Error'))
    const { transport } = patient()
    expect((await failure(transport.json(post))).code).toBe('MLFLOW_SERVER')
    expect(server.requests).toHaveLength(3)
  })

  it('repeats connections that were refused, and says where nothing listens', async () => {
    const { transport, waits } = patient({ trackingUri: 'http://127.0.0.1:1', maxRetries: 2 })
    const error = await failure(transport.json(get))
    expect(error).toMatchObject({ code: 'MLFLOW_UNREACHABLE', status: undefined })
    expect(error.message).toMatch(/127\.0\.0\.1:1 cannot be reached \(ECONNREFUSED\).*Check that the MLflow server runs.*\(3 attempts\)/)
    expect(waits).toHaveLength(2)
  })

  it.each([
    ['a connection that breaks before the body was read', resetAtOnce],
    ['a connection that breaks after it', resetAfterReading],
    ['an answer that is cut', truncated('{"run": {', 1000)],
    ['a server that failed', mlflowError(500, 'INTERNAL_ERROR', 'database is locked')],
  ])('asks whether a call was applied before repeating it after %s', async (_name, behaviour) => {
    server.answer(behaviour, behaviour, json(200, { fresh: true }))
    let asked = 0
    const applied = async () => (++asked === 2 ? { found: true } : undefined)
    expect(await patient().transport.json({ ...post, applied })).toEqual({ found: true })
    expect(server.requests).toHaveLength(2)
  })

  it('does not ask after an answer that says that nothing was done', async () => {
    server.answer(mlflowError(429, 'REQUEST_LIMIT_EXCEEDED', 'slow'), json(200, { fresh: true }))
    expect(await patient().transport.json({ ...post, applied: () => expect.fail('asked') })).toEqual({ fresh: true })
  })

  it('keeps asking once an answer was lost, and does not repeat what it cannot find out', async () => {
    server.answer(resetAfterReading, mlflowError(429, 'REQUEST_LIMIT_EXCEEDED', 'slow'), json(200, {}))
    let asked = 0
    await patient().transport.json({ ...post, applied: async () => void asked++ })
    expect(asked).toBe(2)
    server.requests.length = 0
    server.answer(resetAfterReading)
    const error = await failure(patient().transport.json({ ...post, applied: () => Promise.reject(new Error('search is down')) }))
    expect(error.message).toMatch(/Whether it was done nevertheless could not be found out: search is down/)
    expect(server.requests).toHaveLength(1)
  })
})

describe('caps', () => {
  it('ends a call that is not answered', async () => {
    server.answer(silent)
    const error = await failure(connect({ timeout: 100, maxRetries: 0 }).json(get))
    expect(error).toMatchObject({ code: 'MLFLOW_TIMEOUT' })
    expect(error.message).toMatch(/within 0\.1 s.*MLFLOW_HTTP_REQUEST_TIMEOUT/)
  })

  it('ends an answer that drips for ever, though bytes keep coming', async () => {
    server.answer(drip)
    expect((await failure(connect({ timeout: 200, maxRetries: 0 }).json(get))).code).toBe('MLFLOW_TIMEOUT')
    await expect.poll(() => server.sockets.size).toBe(0)
  })

  it('ends a file that drips, by the time for transfers', async () => {
    server.answer(drip)
    const transport = connect({ transferTimeout: 200, maxRetries: 0 })
    const read = async () => await Array.fromAsync((await transport.bytes({ method: 'GET', path: '/file' })).bytes)
    expect((await failure(read())).code).toBe('MLFLOW_TIMEOUT')
    await expect.poll(() => server.sockets.size).toBe(0)
  })

  it('refuses answers that are too large, announced or not, and closes their connections', async () => {
    server.answer(huge)
    expect((await failure(connect({ maxAnswerBytes: 100_000 }).json(get))).message).toMatch(/more than 100000 bytes/)
    server.answer(answer(200, 'application/json', Buffer.alloc(200_000, 0x20)))
    expect((await failure(connect({ maxAnswerBytes: 100_000 }).json(get))).code).toBe('MLFLOW_ANSWER')
    server.answer(async (_request, response, body) => {
      await body()
      response.writeHead(404, { 'content-type': 'text/html' })
      response.write('<html>'.repeat(1_000_000))
    })
    expect((await failure(connect().json(get))).code).toBe('MLFLOW_ENDPOINT')
    await expect.poll(() => server.sockets.size).toBe(0)
  })

  it('refuses compressed answers that unfold beyond the cap', async () => {
    const { gzipSync } = await import('node:zlib')
    const bomb = gzipSync(Buffer.alloc(50_000_000, 0x20))
    expect(bomb.byteLength).toBeLessThan(100_000)
    server.answer(answer(200, 'application/json', bomb, { 'content-encoding': 'gzip' }))
    expect((await failure(connect({ maxAnswerBytes: 100_000 }).json(get))).code).toBe('MLFLOW_ANSWER')
  })

  it('reads no more than the length that an answer gives, and repeats one that has less', async () => {
    server.answer((_request, response) => {
      response.socket!.end('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 8\r\n\r\n{"a": 1}GARBAGE{{{')
    })
    expect(await connect().json(get)).toEqual({ a: 1 })
    server.answer(truncated('{"a": 1}', 9))
    expect((await failure(patient({ maxRetries: 1 }).transport.json(get))).code).toBe('MLFLOW_UNREACHABLE')
  })

  it('takes an answer that is no HTTP for a broken connection', async () => {
    server.answer((_request, response) => void response.socket!.end('SSH-2.0-OpenSSH_9.6\r\n'))
    expect(await failure(patient({ maxRetries: 1 }).transport.json(get))).toMatchObject({ code: 'MLFLOW_UNREACHABLE', message: expect.stringMatching(/is no HTTP.*Check the port/) as unknown })
  })
})

describe('a workspace', () => {
  const info = (enabled: unknown) => json(200, { workspaces_enabled: enabled })
  const body = { size: 1, async *stream() { yield Buffer.from('x') } }

  it('is asked for once, before the first call, and named in each', async () => {
    server.answer(info(true), json(200, {}))
    const transport = connect({ workspace: 'team-a' })
    await transport.json(post)
    await transport.json(get)
    await transport.bytes({ method: 'PUT', path: '/file', body })
    expect(server.requests.map(({ method, url }) => `${method} ${url.split('?')[0]}`)).toEqual(['GET /api/3.0/mlflow/server-info', 'POST /api/2.0/mlflow/runs/create', 'GET /api/2.0/mlflow/runs/get', 'PUT /file'])
    expect(server.requests.map(({ headers }) => headers['x-mlflow-workspace'])).toEqual(['team-a', 'team-a', 'team-a', 'team-a'])
    server.requests.length = 0
    server.answer(html(404, 'Not Found'), info(true), json(200, {}))
    await connect({ workspace: 'team-a' }).json(get)
    expect(server.requests.map(({ url }) => url)[1]).toBe('/api/3.0/mlflow/server-features')
  })

  it.each([['says so', [info(false)]], ['says nothing of them', [json(200, {})]], ['is too old to say', [html(404, 'Not Found')]]])('is refused where a server has none: it %s', async (_name, answers) => {
    server.answer(...answers)
    const transport = connect({ workspace: 'team-a' })
    for (const call of [() => transport.json(post), () => transport.registry.json(get), () => transport.bytes({ method: 'PUT', path: '/file', body })]) {
      expect(await failure(call())).toMatchObject({ code: 'MLFLOW_CONFIG', message: expect.stringMatching(/has no workspaces.*'team-a'.*--enable-workspaces.*MLFLOW_WORKSPACE/) as unknown })
    }
    expect(server.requests.every(({ url }) => url.startsWith('/api/3.0/mlflow/server-'))).toBe(true)
  })

  it('is not refused because a server fails', async () => {
    server.answer(mlflowError(400, 'BAD_REQUEST', 'moment'), info(true), json(200, { ok: true }))
    const transport = connect({ workspace: 'team-a' })
    expect((await failure(transport.json(get))).code).toBe('MLFLOW_INVALID')
    expect(await transport.json(get)).toEqual({ ok: true })
  })
})

describe('ends', () => {
  it('P16: a signal ends a call to MLflow that waits for its answer, a wait between attempts, and a file that is read', async () => {
    const reason = new Error('enough')
    server.answer(silent)
    const waiting = new AbortController()
    const call = failure(connect().json({ ...get, signal: waiting.signal }))
    await expect.poll(() => server.requests.length).toBe(1)
    waiting.abort(reason)
    expect(await call).toMatchObject({ code: 'MLFLOW_ABORTED', cause: reason })

    server.answer(mlflowError(503, 'X', 'no', { 'retry-after': '60' }))
    const between = new AbortController()
    const scheduled: number[] = []
    const clock = { ...systemClock, schedule: (...[milliseconds, ...rest]: Parameters<Clock['schedule']>) => (scheduled.push(milliseconds), systemClock.schedule(milliseconds, ...rest)) }
    const repeated = failure(connect({}, { clock }).json({ ...get, signal: between.signal }))
    await expect.poll(() => scheduled).toContain(60_000)
    between.abort(reason)
    expect((await repeated).code).toBe('MLFLOW_ABORTED')

    server.answer(huge)
    const reading = new AbortController()
    const file = await connect().bytes({ method: 'GET', path: '/file', signal: reading.signal })
    const all = failure((async () => {
      for await (const chunk of file.bytes) if (chunk.byteLength > 0) reading.abort(reason)
    })())
    expect((await all).code).toBe('MLFLOW_ABORTED')
    expect((await failure(connect().json({ ...get, signal: AbortSignal.abort() }))).code).toBe('MLFLOW_ABORTED')
    await expect.poll(() => server.sockets.size).toBe(0)
  })

  it('P16: closing the MLflow client ends calls under way, files that are read, and refuses further ones', async () => {
    server.answer(huge, silent)
    const transport = connect()
    const file = await transport.bytes({ method: 'GET', path: '/file' })
    const reading = failure(Array.fromAsync(file.bytes))
    const call = failure(transport.json(get))
    await expect.poll(() => server.requests.length).toBe(2)
    await transport.close()
    expect((await call).code).toBe('MLFLOW_CLOSED')
    expect((await reading).code).toBe('MLFLOW_CLOSED')
    expect((await failure(transport.json(get))).code).toBe('MLFLOW_CLOSED')
    await expect.poll(() => server.sockets.size).toBe(0)
  })

  it('P16: calls to MLflow leave no timer behind, whatever their end was', async () => {
    const pending = new Set<number>()
    let count = 0
    const clock: Clock = {
      ...systemClock,
      schedule(milliseconds, callback, keepAlive) {
        const id = count++
        pending.add(id)
        const cancel = systemClock.schedule(milliseconds, () => (pending.delete(id), callback()), keepAlive)
        return () => (pending.delete(id), cancel())
      },
    }
    const transport = connect({ maxRetries: 1, backoffFactor: 0, backoffJitter: 0 }, { clock })
    for (const behaviour of [json(200, {}), mlflowError(503, 'X', 'no'), mlflowError(404, 'X', 'no'), resetAtOnce, huge, redirect(302, '/a'), redirect(302, 'http://127.0.0.1:1/')]) {
      server.answer(behaviour)
      await transport.json(get).catch(() => undefined)
      await transport.bytes({ method: 'GET', path: '/file' }).then(async ({ bytes }) => { for await (const chunk of bytes) if (chunk.byteLength > 0) break }).catch(() => undefined)
      await transport.json({ ...get, signal: AbortSignal.abort() }).catch(() => undefined)
    }
    expect(count).toBeGreaterThan(20)
    expect(pending.size).toBe(0)
    // Files that nobody reads, or reads on.
    server.answer(huge)
    await transport.bytes({ method: 'GET', path: '/file' })
    await (await transport.bytes({ method: 'GET', path: '/file' })).bytes[Symbol.asyncIterator]().next()
    expect(pending.size).toBeGreaterThan(0)
    await transport.close()
    expect(pending.size).toBe(0)
    await expect.poll(() => server.sockets.size).toBe(0)
  })

  it('a reader that stops early frees the connection', async () => {
    server.answer(huge)
    for await (const chunk of (await connect().bytes({ method: 'GET', path: '/file' })).bytes) {
      expect(chunk.byteLength).toBeGreaterThan(0)
      break
    }
    await expect.poll(() => server.sockets.size).toBe(0)
  })
})
