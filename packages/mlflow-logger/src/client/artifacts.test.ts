import { Agent } from 'node:http'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ArtifactUploader } from './artifact-stores.ts'
import { createArtifacts } from './artifacts.ts'
import { resolveConfiguration } from './configuration.ts'
import { MlflowError } from './errors.ts'
import { answer, drip, html, json, mlflowError, resetAfterReading, resetAtOnce, silent, startHostile, type Behaviour, type HostileServer } from './hostile.test-support.ts'
import type { ConnectionOptions } from './options.ts'
import { createTransport } from './transport.ts'
import type { Transport } from './transport-types.ts'
import type { ArtifactRoot, Artifacts } from './types.ts'

let server: HostileServer
const transports: Transport[] = []
beforeEach(async () => {
  server = await startHostile()
})
afterEach(async () => {
  for (const transport of transports.splice(0)) await transport.close()
  await server[Symbol.asyncDispose]()
})
function artifacts(options: ConnectionOptions = {}): Artifacts {
  const configuration = resolveConfiguration({ trackingUri: server.url, token: 'canary-token', backoffFactor: 0, backoffJitter: 0, ...options }, { HOME: '/nonexistent' })
  const transport = createTransport(configuration)
  transports.push(transport)
  return createArtifacts(transport, configuration)
}
async function failure(promise: Promise<unknown>): Promise<MlflowError> {
  const error: unknown = await promise.then(() => expect.fail('it was done'), (thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(MlflowError)
  return error as MlflowError
}
const root: ArtifactRoot = { uri: 'mlflow-artifacts:/0/run/artifacts' }
const requested = () => server.requests.map(({ method, url }) => `${method} ${decodeURIComponent(url.replace('/api/2.0/', ''))}`)
const run = (uri: string) => json(200, { run: { info: { artifact_uri: uri } } })

describe('where artefacts are', () => {
  it.each([
    ['mlflow-artifacts:/0/run/artifacts', '0/run/artifacts'],
    ['mlflow-artifacts:///0/run/artifacts/', '0/run/artifacts'],
    ['mlflow-artifacts:0/run', '0/run'],
    ['mlflow-artifacts:/', ''],
  ])('%s is behind the server', async (uri, path) => {
    server.answer(json(200, {}))
    await artifacts().upload({ uri }, 'a.txt', 'x')
    expect(requested()).toEqual([`PUT mlflow-artifacts/artifacts/${path === '' ? '' : `${path}/`}a.txt`])
  })

  it('an http address of the server itself, or one that names its host, is behind it too', async () => {
    const at = server.url
    const client = artifacts({ trackingUri: `${at}/prefix` })
    await client.upload({ uri: `${at}/prefix/api/2.0/mlflow-artifacts/artifacts/0/run` }, 'a.txt', 'x')
    await client.upload({ uri: `mlflow-artifacts://${new URL(at).host}/0/run` }, 'a.txt', 'x')
    expect(server.requests.map(({ url }) => url)).toEqual(['/prefix/api/2.0/mlflow-artifacts/artifacts/0/run/a.txt', '/prefix/api/2.0/mlflow-artifacts/artifacts/0/run/a.txt'])
  })

  it('is asked once for each run and model', async () => {
    server.answer(run('mlflow-artifacts:/0/r1/artifacts'), json(200, {}), json(200, {}), json(200, { model: { info: { artifact_uri: 'mlflow-artifacts:/0/models/m-1/artifacts' } } }), json(200, {}))
    const client = artifacts()
    await client.upload({ runId: 'r1' }, 'a.txt', 'x')
    await client.upload({ runId: 'r1' }, 'b.txt', 'x')
    await client.upload({ modelId: 'm-1' }, 'MLmodel', 'x')
    expect(requested()).toEqual(['GET mlflow/runs/get?run_id=r1', 'PUT mlflow-artifacts/artifacts/0/r1/artifacts/a.txt', 'PUT mlflow-artifacts/artifacts/0/r1/artifacts/b.txt', 'GET mlflow/logged-models/m-1', 'PUT mlflow-artifacts/artifacts/0/models/m-1/artifacts/MLmodel'])
  })

  it.each(['mlflow-artifacts:/0/../../etc', 'mlflow-artifacts:/0/%2e%2e/x', 'mlflow-artifacts:/0/a\\b', 'mlflow-artifacts:/0/run?x=1', 'mlflow-artifacts:/0//run'])('does not follow the server to %s', async (uri) => {
    server.answer(run(uri))
    expect((await failure(artifacts().upload({ runId: 'r' }, 'a.txt', 'x'))).code).toBe('MLFLOW_ARTIFACT_PATH')
    expect(server.requests).toHaveLength(1)
  })

  it.each<[string, RegExp]>([
    ['file:///srv/artifacts/0/r', /is a folder of the machine that the server runs on.*--artifacts-destination/],
    ['/srv/artifacts/0/r', /is a folder of the machine/],
    ['dbfs:/databricks/mlflow-tracking/0/r', /artifactStores: \{ dbfs: … \}/],
    ['hdfs://name:9000/0/r', /artifactStores: \{ hdfs: … \}/],
    ['mlflow-artifacts://elsewhere:5001/0/r', /artifactStores: \{ 'mlflow-artifacts': … \}/],
    ['http://elsewhere/api/2.0/mlflow-artifacts/artifacts/0/r', /artifactStores: \{ http: … \}/],
  ])('%s needs a store that is given', async (uri, message) => {
    const client = artifacts()
    for (const call of [() => client.upload({ uri }, 'a.txt', 'x'), () => client.download({ uri }, 'a.txt'), () => client.list({ uri }), () => client.delete({ uri }, 'a.txt')]) {
      const error = await failure(call())
      expect(error.code).toBe('MLFLOW_ARTIFACT_STORE')
      expect(error.message).toMatch(message)
    }
    expect(server.requests).toHaveLength(0)
  })

  it('hands the whole address to the store that is given for its scheme', async () => {
    const calls: string[] = []
    const s3: ArtifactUploader = {
      async upload(uri, source) {
        calls.push(`upload ${uri} ${Buffer.concat(await Array.fromAsync(source.stream())).toString()} ${source.size}`)
      },
      async list(uri) {
        calls.push(`list ${uri}`)
        return [{ path: 'a.txt', isDirectory: false, size: 3 }]
      },
      async download(uri) {
        calls.push(`download ${uri}`)
        return { size: 3, bytes: (async function* () { yield Buffer.from('abc') })() }
      },
      async delete(uri) {
        calls.push(`delete ${uri}`)
      },
    }
    server.answer(run('s3://bucket/0/r/artifacts/'))
    const client = artifacts({ artifactStores: { s3 } })
    await client.upload({ runId: 'r' }, 'dir/per%cent.txt', 'abc')
    expect(await client.list({ runId: 'r' }, 'dir')).toEqual([{ path: 'dir/a.txt', isDirectory: false, size: 3 }])
    expect(Buffer.from(await client.download({ runId: 'r' }, 'dir/a.txt')).toString()).toBe('abc')
    await client.delete({ runId: 'r' }, 'dir/a.txt')
    expect(calls).toEqual(['upload s3://bucket/0/r/artifacts/dir/per％cent.txt abc 3', 'list s3://bucket/0/r/artifacts/dir', 'download s3://bucket/0/r/artifacts/dir/a.txt', 'delete s3://bucket/0/r/artifacts/dir/a.txt'])
    expect(server.requests).toHaveLength(1)
  })
})

describe('addresses that the server signs', () => {
  it('take and give the files of a storage of its own, which gets no credentials of ours', async () => {
    await using storage = await startHostile()
    storage.answer(json(200, {}), answer(200, 'text/plain', 'content'))
    server.answer(run('s3://bucket/0/r/artifacts'), json(200, { presigned_url: `${storage.url}/bucket/a.txt?sig=1`, headers: { 'x-meta': 'yes' } }), json(200, { presigned_url: `${storage.url}/bucket/a.txt?sig=2`, file_size: 7 }), json(200, { files: [{ path: 'a.txt', is_dir: false, file_size: 7 }], next_page_token: 'p2' }), json(200, { files: [{ path: 'dir', is_dir: true }] }))
    const client = artifacts()
    await client.upload({ runId: 'r' }, 'a.txt', 'content')
    expect(Buffer.from(await client.download({ runId: 'r' }, 'a.txt')).toString()).toBe('content')
    expect(await client.list({ runId: 'r' })).toEqual([{ path: 'a.txt', isDirectory: false, size: 7 }, { path: 'dir', isDirectory: true, size: undefined }])
    expect(requested()).toEqual(['GET mlflow/runs/get?run_id=r', 'POST mlflow/artifacts/presigned-upload-url', 'POST mlflow/artifacts/presigned-download-url', 'GET mlflow/artifacts/list?run_id=r', 'GET mlflow/artifacts/list?run_id=r&page_token=p2'])
    expect(JSON.parse(server.requests[1]!.body.toString())).toEqual({ run_id: 'r', path: 'a.txt' })
    expect(storage.requests.map(({ method, url, body }) => [method, url, body.toString()])).toEqual([['PUT', '/bucket/a.txt?sig=1', 'content'], ['GET', '/bucket/a.txt?sig=2', '']])
    expect(storage.requests[0]!.headers['x-meta']).toBe('yes')
    expect(JSON.stringify(storage.requests.map(({ rawHeaders }) => rawHeaders))).not.toContain('canary')
  })

  it.each<[string, Behaviour]>([
    ['signs none', mlflowError(501, 'NOT_IMPLEMENTED', 'Presigned upload is not supported for the current artifact repository')],
    ['is too old', html(404, 'Not Found')],
    ['gives no address', json(200, { presigned_url: 'file:///etc/passwd' })],
  ])('where the server %s, the remedy is said', async (_name, behaviour) => {
    server.answer(run('s3://bucket/0/r/artifacts'), behaviour)
    const error = await failure(artifacts().upload({ runId: 'r' }, 'a.txt', 'x'))
    expect(error).toMatchObject({ code: 'MLFLOW_ARTIFACT_STORE' })
    expect(error.message).toMatch(/'s3:\/\/bucket\/0\/r\/artifacts' cannot be uploaded through.*artifactStores: \{ s3: … \}/)
    expect(error.cause).toBeInstanceOf(MlflowError)
  })
})

describe('uploads to a hostile server', () => {
  /** 8 MB that know how much of them was taken. */
  function large(): { readonly size: number; stream(): AsyncIterable<Uint8Array>; taken: number; closed: number } {
    const source = {
      size: 8_000_000,
      taken: 0,
      closed: 0,
      async *stream() {
        try {
          for (let sent = 0; sent < 8_000_000; sent += 80_000) {
            source.taken += 80_000
            yield Buffer.alloc(80_000)
          }
        } finally {
          source.closed++
        }
      },
    }
    return source
  }
  const early = (status: number, text: string): Behaviour => (_request, response) => void response.writeHead(status, { 'content-type': 'text/html', connection: 'close' }).end(text)

  it.each<[string, Behaviour, string]>([
    ['refuses credentials before it has read the body', early(401, 'You are not authenticated'), 'MLFLOW_AUTH'],
    ['refuses the size before it has read the body', early(413, '<html><title>413 Request Entity Too Large</title></html>'), 'MLFLOW_LIMIT'],
    ['closes the connection at once', resetAtOnce, 'MLFLOW_UNREACHABLE'],
    ['closes it after reading', resetAfterReading, 'MLFLOW_UNREACHABLE'],
    ['never answers', silent, 'MLFLOW_TIMEOUT'],
    ['never reads', () => undefined, 'MLFLOW_TIMEOUT'],
    ['drips an answer', drip, 'MLFLOW_TIMEOUT'],
  ])('one that %s', async (_name, behaviour, code) => {
    server.answer(behaviour)
    const source = large()
    const agent = new Agent()
    const error = await failure(artifacts({ httpAgent: agent, maxRetries: 1, ...(code === 'MLFLOW_TIMEOUT' && { timeout: 300, transferTimeout: 1000 }) }).upload(root, 'a.bin', source))
    // A peer that resets while bytes are on their way can hide its answer.
    expect([code, ...(code === 'MLFLOW_AUTH' || code === 'MLFLOW_LIMIT' ? ['MLFLOW_UNREACHABLE'] : [])]).toContain(error.code)
    await expect.poll(() => source.closed).toBeGreaterThan(0)
    // Looked at from here: a server that does not read does not see the end either.
    await expect.poll(() => Object.keys(agent.sockets)).toEqual([])
  })

  it('begins the stream anew for a repetition', async () => {
    server.answer(resetAfterReading, mlflowError(503, 'TEMPORARILY_UNAVAILABLE', 'x'), json(200, {}))
    const source = large()
    await artifacts().upload(root, 'a.bin', source)
    expect(server.requests.map(({ body }) => body.byteLength)).toEqual([8_000_000, 8_000_000, 8_000_000])
    expect(source.closed).toBe(3)
  })

  it('a source with other than the bytes it was said to have, or that breaks, is an error of its own, and not repeated', async () => {
    for (const [size, stream] of [[4, async function* () { yield Buffer.from('abc') }], [2, async function* () { yield Buffer.from('abc') }], [6, async function* () { yield Buffer.from('abc'); throw new Error('disk') }]] as const) {
      server.requests.length = 0
      const error = await failure(artifacts().upload(root, 'a.bin', { size, stream }))
      expect(error.code, error.message).toBe('MLFLOW_SOURCE')
      expect(server.requests.length).toBeLessThanOrEqual(1)
    }
    for (const source of [{ size: 1.5, stream: () => [] }, { size: 3 }, { file: '/nowhere' }, { file: '/' }] as never[]) expect((await failure(artifacts().upload(root, 'a.bin', source))).code).toBe('MLFLOW_SOURCE')
  })

  it('sends an exact length, and the type that is given', async () => {
    await artifacts().upload(root, 'a.json', '{}', { contentType: 'application/json' })
    expect(server.requests[0]!.headers).toMatchObject({ 'content-length': '2', 'content-type': 'application/json' })
    expect(server.requests[0]!.headers['transfer-encoding']).toBeUndefined()
    await artifacts().upload(root, 'empty', new Uint8Array())
    expect(server.requests[1]!.headers).toMatchObject({ 'content-length': '0' })
  })
})

describe('downloads from a hostile server', () => {
  it('begins again what broke off, into memory, and gives up at last', async () => {
    const broken: Behaviour = async (request, response, body) => {
      await body()
      response.writeHead(200, { 'content-length': '10' })
      response.write('12345', () => request.socket.resetAndDestroy())
    }
    server.answer(broken, answer(200, 'text/plain', '1234567890'))
    expect(Buffer.from(await artifacts().download(root, 'a.txt')).toString()).toBe('1234567890')
    server.answer(broken)
    expect((await failure(artifacts().download(root, 'a.txt'))).code).toBe('MLFLOW_UNREACHABLE')
    expect(server.requests).toHaveLength(5)
  })

  it('takes no more than it may', async () => {
    server.answer(answer(200, 'text/plain', Buffer.alloc(1000)))
    expect((await failure(artifacts().download(root, 'a.txt', { maxBytes: 999 }))).code).toBe('MLFLOW_LIMIT')
    await expect.poll(() => server.sockets.size).toBe(0)
  })

  it('lists only names below the folder, whatever the server says', async () => {
    server.answer(json(200, { files: [{ path: '../../etc/passwd', file_size: 1 }, { path: '/abs' }, { path: 'a\\b' }, { path: '' }, { path: 7 }, { path: 'ok/./x' }, null, 7, { path: 'fine.txt', file_size: '12' }] }))
    expect(await artifacts().list(root, 'dir')).toEqual([{ path: 'dir/fine.txt', isDirectory: false, size: 12 }])
    // As some storages list a file: below itself.
    server.answer(json(200, { files: [{ path: 'a.txt', file_size: 1 }] }), json(200, { files: [{ path: 'a.txt', is_dir: false, file_size: 1 }] }))
    expect(await artifacts().list(root, 'dir/a.txt')).toEqual([])
    server.answer(json(200, { files: 'none' }))
    expect(await artifacts().list(root)).toEqual([])
  })
})
