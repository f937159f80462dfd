import { inspect } from 'node:util'
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createArtifacts } from './artifacts.ts'
import { resolveConfiguration } from './configuration.ts'
import { answer, html, json, mlflowError, redirect, resetAfterReading, silent, startHostile, truncated, type Behaviour, type HostileServer } from './hostile.test-support.ts'
import type { ConnectionOptions } from './options.ts'
import { redactor, Secret, withoutCredentials } from './secret.ts'
import { createTransport } from './transport.ts'

const canaries = { password: 'canary pass/word+1', token: 'canary-token-2', header: 'canary-header-3', inUri: 'canary@uri:4', file: 'canary-file-5', databricks: 'canary-dapi-6' }
/** Each canary as it is, as a URL and as basic authentication write it. */
const forms = Object.values(canaries).flatMap((text) => [text, encodeURIComponent(text), encodeURI(text), ...['alice', 'bob', ''].map((user) => Buffer.from(`${user}:${text}`).toString('base64')), Buffer.from(text).toString('base64')])

/** All that can be seen of a value: printed, as JSON, by its keys hidden or not, along its causes. */
function visible(value: unknown, seen = new Set<unknown>()): string {
  const texts = [inspect(value, { depth: 20, showHidden: true, getters: true, maxStringLength: 100_000, maxArrayLength: 10_000 }), String(value)]
  try {
    texts.push(JSON.stringify(value) ?? '')
  } catch {
    texts.push('circular')
  }
  if (typeof value === 'object' && value !== null && !seen.has(value)) {
    seen.add(value)
    for (const key of Reflect.ownKeys(value)) {
      const inner: unknown = Reflect.get(value, key)
      texts.push(String(key))
      if (typeof inner === 'object' || typeof inner === 'string') texts.push(visible(inner, seen))
    }
    if (value instanceof Error) texts.push(value.message, value.stack ?? '', visible(value.cause, seen))
  }
  return texts.join('\n')
}
function expectNone(value: unknown): void {
  const text = visible(value)
  for (const form of forms) expect(text).not.toContain(form)
}

let server: HostileServer
let home: string
beforeEach(async () => {
  server = await startHostile()
  home = mkdtempSync(join(tmpdir(), 'attune-secrets-'))
  mkdirSync(join(home, '.mlflow'))
  writeFileSync(join(home, '.mlflow', 'credentials'), `[mlflow]\nmlflow_tracking_username = alice\nmlflow_tracking_password = ${canaries.file}\n`)
  writeFileSync(join(home, '.databrickscfg'), `[DEFAULT]\nhost = ${server.url}\ntoken = ${canaries.databricks}\n`)
})
afterEach(async () => {
  await server[Symbol.asyncDispose]()
  rmSync(home, { recursive: true })
})

const withUri = () => server.url.replace('//', `//bob:${encodeURIComponent(canaries.inUri)}@`)
const settings = (): readonly (readonly [string, ConnectionOptions, { readonly [name: string]: string }])[] => [
  ['options', { trackingUri: server.url, username: 'alice', password: canaries.password, headers: { 'X-Key': canaries.header } }, {}],
  ['a token', { trackingUri: server.url, headers: { authorization: `Bearer ${canaries.token}` } }, {}],
  ['the environment', {}, { MLFLOW_TRACKING_URI: server.url, MLFLOW_TRACKING_USERNAME: 'bob', MLFLOW_TRACKING_PASSWORD: canaries.password }],
  ['a token of the environment', {}, { MLFLOW_TRACKING_URI: server.url, MLFLOW_TRACKING_TOKEN: canaries.token, HOME: '/nonexistent' }],
  ['the URI', { trackingUri: withUri() }, {}],
  ['the credentials file', { trackingUri: server.url }, {}],
  ['a profile of Databricks', { trackingUri: 'databricks' }, {}],
]
/** Repeats what it was sent, as the error pages of some proxies do. */
const echo = (status: number): Behaviour => async (request, response, body) => {
  const sent = (await body()).toString()
  const decoded = Buffer.from((request.headers.authorization ?? '').replace(/^\w+ /, ''), 'base64').toString()
  response.writeHead(status, { 'content-type': 'text/plain', 'x-echo': String(request.headers.authorization) }).end(`${request.headers.authorization?.replace(/^\w+ /, '')}\n${request.rawHeaders.join('\n')}\n${decoded}\n${encodeURIComponent(decoded)}\n${request.url}\n${sent}`)
}
const trouble: readonly (readonly [string, Behaviour])[] = [
  ['an answer that repeats the request', echo(400)],
  ['a 200 that repeats the request', echo(200)],
  ['a server error that repeats it', echo(500)],
  ['401', answer(401, 'text/html', 'no', { 'www-authenticate': 'Basic' })],
  ['403', html(403, 'Forbidden')],
  ['404', mlflowError(404, 'RESOURCE_DOES_NOT_EXIST', 'no')],
  ['a lost answer', resetAfterReading],
  ['a cut answer', truncated('{', 10)],
  ['no answer', silent],
  ['a redirect', redirect(302, 'http://127.0.0.1:1/')],
  ['malformed JSON', answer(200, 'application/json', '{{{')],
]

describe.each([0, 1, 2, 3, 4, 5, 6])('secrets given by setting %i', (index) => {
  it('are used, and seen in nothing: configuration, transport, errors and their causes', async () => {
    const [, options, environment] = settings()[index]!
    // Only a server that never answers is waited for.
    const configuration = resolveConfiguration({ ...options, maxRetries: 0, timeout: 300 }, { HOME: home, ...environment })
    expectNone(configuration)
    const transport = createTransport(configuration)
    const patient = createTransport(resolveConfiguration({ ...options, maxRetries: 0 }, { HOME: home, ...environment }))
    try {
      expectNone(transport)
      expect(transport.trackingUri).toBe(server.url)
      await patient.json({ method: 'GET', path: 'used' })
      const used = JSON.stringify(server.requests.at(-1)!.rawHeaders)
      expect(forms.some((form) => used.includes(form)), 'the server was sent the secret').toBe(true)
      const artifacts = createArtifacts(transport, configuration)
      for (const [name, behaviour] of trouble) {
        server.answer(behaviour)
        for (const call of [
          () => transport.json({ method: 'POST', path: 'runs/create', body: {} }),
          () => transport.text({ method: 'GET', path: '/version' }).then((text) => { throw new Error(name === 'a 200 that repeats the request' ? 'it is a text' : text) }),
          () => artifacts.upload({ uri: 'mlflow-artifacts:/0/r/artifacts' }, 'a.txt', 'text').then(() => { throw new Error('done') }),
        ]) {
          const error: unknown = await call().then(() => undefined, (thrown: unknown) => thrown)
          expect(error, name).toBeInstanceOf(Error)
          expectNone(error)
        }
      }
    } finally {
      await transport.close()
      await patient.close()
    }
  }, 120_000)
})

it('a connection that is refused shows none either', async () => {
  const transport = createTransport(resolveConfiguration({ trackingUri: `http://bob:${encodeURIComponent(canaries.inUri)}@127.0.0.1:1`, maxRetries: 0 }, {}))
  const error: unknown = await transport.json({ method: 'POST', path: 'x', body: {} }).catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({ code: 'MLFLOW_UNREACHABLE' })
  expectNone(error)
  await transport.close()
})

it.each([
  { trackingUri: `http://bob:${canaries.inUri}@host:port/` },
  ...['/', '#', '?', '\\'].map((character) => ({ trackingUri: `http://bob:canary-token-2${character}canary-token-2@host/` })),
  { trackingUri: 'postgresql+psycopg2://mlflow:canary-token-2/canary-token-2@db:5432/mlflow' },
  { trackingUri: `http://bob:${encodeURIComponent(canaries.inUri)}@host/?x` },
  { trackingUri: `ftp://bob:${encodeURIComponent(canaries.inUri)}@host/` },
  { trackingUri: 'postgresql://mlflow:canary-token-2@db:5432/mlflow' },
  { trackingUri: 'mssql+pyodbc://?odbc_connect=PWD%3Dcanary-token-2' },
  { trackingUri: 'http://h', headers: { 'X-Key': `${canaries.header}\n` } },
  { trackingUri: 'http://h', token: `${canaries.token} \n` },
  { trackingUri: 'http://h', password: 17 as unknown as string, token: canaries.token },
])('settings that are refused show none: %#', (options) => {
  const error: unknown = (() => {
    try {
      return resolveConfiguration(options, { HOME: '/nonexistent' })
    } catch (thrown) {
      return thrown
    }
  })()
  expect(error).toBeInstanceOf(Error)
  expectNone(error)
})

it('signed addresses of a storage are shown without their signature', async () => {
  await using storage = await startHostile()
  storage.answer(echo(403))
  server.answer(json(200, { presigned_url: `${storage.url}/bucket/a.txt?X-Amz-Signature=canary-token-2&X-Amz-Credential=canary-token-2`, headers: { 'x-amz-meta': 'canary-header-3' } }))
  const configuration = resolveConfiguration({ trackingUri: server.url }, {})
  const transport = createTransport(configuration)
  server.answer(json(200, { run: { info: { artifact_uri: 's3://bucket/1' } } }), json(200, { presigned_url: `${storage.url}/bucket/a.txt?X-Amz-Signature=canary-token-2` }))
  const error: unknown = await createArtifacts(transport, configuration).upload({ runId: 'r' }, 'a.txt', 'text').catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({ code: 'MLFLOW_STORAGE', status: 403 })
  expect((error as Error).message).toContain(`${storage.url}/bucket/a.txt`)
  expectNone(error)
  await transport.close()
})

it('a secret is recognised where a quotation ends, where a page escapes it, and where lines are joined', async () => {
  const password = 'canary & <pass>  "word"'
  const transport = createTransport(resolveConfiguration({ trackingUri: server.url, username: 'alice', password, maxRetries: 0 }, {}))
  const say = async (contentType: string, text: string) => {
    server.answer(answer(400, contentType, text))
    const error: unknown = await transport.json({ method: 'GET', path: 'x' }).catch((thrown: unknown) => thrown)
    return (error as Error).message
  }
  for (let before = 960; before <= 1000; before++) expect(await say('text/plain', `${'-'.repeat(before)}${password}`)).not.toContain('canary')
  expect(await say('text/html', '<p>canary &amp; &lt;pass&gt;  &#34;word&#34;</p>')).toContain('It says: [secret]')
  expect(await say('text/plain', `x ${password} y`)).toContain('It says: x [secret] y')
  await transport.close()
})

it('a secret prints as such, and texts are cleaned in every form', () => {
  const secret = new Secret('pa/ss "word"')
  expect(`${String(secret)} ${JSON.stringify({ secret })} ${inspect(secret, { showHidden: true })}`).not.toContain('pa/ss')
  const clean = redactor([secret, new Secret('ab')])
  expect(clean('pa/ss "word", pa%2Fss%20%22word%22, pa/ss%20%22word%22, cGEvc3MgIndvcmQi, pa/ss \\"word\\", ab')).toBe('[secret], [secret], [secret], [secret], [secret], ab')
  expect(withoutCredentials('see http://u:p@h/x?sig=abc&a=1 Authorization: Bearer abcdefgh')).toBe('see http://h/x?sig=[secret]&a=1 Authorization: Bearer [secret]')
})
