import { createHash } from 'node:crypto'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { missingMlflow, startMlflow, type MlflowServer } from '../../../../tools/python/mlflow.mjs'
import { createArtifacts } from './artifacts.ts'
import { resolveConfiguration } from './configuration.ts'
import { MlflowError } from './errors.ts'
import type { ConnectionOptions } from './options.ts'
import { createTransport } from './transport.ts'
import type { Transport } from './transport-types.ts'
import type { Artifacts } from './types.ts'

const shared = inject('mlflow')

/** A client of a server, with a run of its own. */
async function connect(options: ConnectionOptions) {
  const configuration = resolveConfiguration(options, { HOME: '/nonexistent' })
  const transport = createTransport(configuration)
  const artifacts = createArtifacts(transport, configuration)
  const { run } = (await transport.json({ method: 'POST', path: 'runs/create', body: { experiment_id: '0', start_time: Date.now() } })) as { readonly run: { readonly info: { readonly run_id: string; readonly artifact_uri: string } } }
  return { transport, artifacts, runId: run.info.run_id, uri: run.info.artifact_uri }
}
/** Bytes of buffers that something still holds. */
function held(): number {
  setFlagsFromString('--expose-gc')
  ;(runInNewContext('gc') as () => void)()
  return process.memoryUsage().arrayBuffers
}
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes)
const code = (promise: Promise<unknown>) => promise.then(() => 'done', (error: unknown) => (error instanceof MlflowError ? error.code : String(error)))

/** What holds on every server. */
function contract(start: () => Promise<ConnectionOptions>): void {
  let transport: Transport
  let artifacts: Artifacts
  let runId: string
  let uri: string
  beforeAll(async () => {
    ;({ transport, artifacts, runId, uri } = await connect(await start()))
  })
  afterAll(() => transport?.close())

  it('uploads, lists, reads, replaces and deletes the artefacts of a run', async () => {
    const root = { runId }
    expect(await artifacts.list(root)).toEqual([])
    expect(await artifacts.upload(root, 'notes.md', '# Notes ä😀')).toBe('notes.md')
    await artifacts.upload(root, 'model/weights.bin', new Uint8Array([0, 255, 10, 13]))
    await artifacts.upload(root, 'model/empty.bin', '')
    await artifacts.upload(root, 'model/deep/er/x.txt', { size: 4, async *stream() { yield Buffer.from('ab'); yield Buffer.from('cd') } })
    expect(await artifacts.list(root)).toEqual([{ path: 'model', isDirectory: true, size: undefined }, { path: 'notes.md', isDirectory: false, size: 14 }])
    expect(await artifacts.list(root, 'model')).toEqual([
      { path: 'model/deep', isDirectory: true, size: undefined },
      { path: 'model/empty.bin', isDirectory: false, size: 0 },
      { path: 'model/weights.bin', isDirectory: false, size: 4 },
    ])
    await artifacts.upload(root, 'same/same/same', '1')
    for (const folder of ['same', 'same/same']) expect(await artifacts.list(root, folder)).toMatchObject([{ path: `${folder}/same`, isDirectory: folder === 'same' }])
    await artifacts.delete(root, 'same')
    expect(await artifacts.list(root, 'nowhere')).toEqual([])
    expect(await artifacts.list(root, 'notes.md')).toEqual([])
    expect(text(await artifacts.download(root, 'notes.md'))).toBe('# Notes ä😀')
    expect([...(await artifacts.download(root, 'model/weights.bin'))]).toEqual([0, 255, 10, 13])
    expect(await artifacts.download(root, 'model/empty.bin')).toHaveLength(0)
    expect(text(await artifacts.download(root, 'model/deep/er/x.txt'))).toBe('abcd')
    await artifacts.upload(root, 'notes.md', 'new')
    expect(text(await artifacts.download({ uri }, 'notes.md'))).toBe('new')
    await artifacts.delete(root, 'notes.md')
    await artifacts.delete(root, 'notes.md')
    expect(await code(artifacts.download(root, 'notes.md'))).toBe('MLFLOW_NOT_FOUND')
    expect(await code(artifacts.list({ runId: 'f'.repeat(32) }))).toMatch(/MLFLOW_(NOT_FOUND|FORBIDDEN)/)
  })

  it('keeps the artefacts of a logged model', async () => {
    const { model } = (await transport.json({ method: 'POST', path: 'logged-models', body: { experiment_id: '0', name: 'net', source_run_id: runId } })) as { readonly model: { readonly info: { readonly model_id: string } } }
    const root = { modelId: model.info.model_id }
    await artifacts.upload(root, 'MLmodel', 'flavors: {}')
    expect(await artifacts.list(root)).toEqual([{ path: 'MLmodel', isDirectory: false, size: 11 }])
    expect(text(await artifacts.download(root, 'MLmodel'))).toBe('flavors: {}')
  })
}

describe.skipIf(shared === undefined)('on a server over SQLite with artefacts through it', () => {
  contract(async () => ({ trackingUri: shared! }))

  it('stores every name that it takes so that it comes back, whatever characters it has', async () => {
    const { artifacts, runId, transport } = await connect({ trackingUri: shared! })
    const root = { runId }
    const names = ['plain.txt', 'with space.txt', 'ünï/cödé.txt', '日本語.txt', '😀.txt', 'a+b&c?d:e;f.txt', `quo"te's.txt`, '[x]{y}(z)!@$^=~`|<>*,.txt', 'hash#tag.txt', 'per%cent.txt', '%2e%2e.txt', '100%25.txt', '...', '..a', 'a..', '-', '~', 'CON', 'e\u0301.txt', `${'n'.repeat(251)}.txt`]
    for (const [index, name] of names.entries()) {
      const stored = await artifacts.upload(root, `in/${name}`, `content ${index}`)
      expect(stored).toBe(`in/${name.replaceAll('#', '＃').replaceAll('%', '％')}`)
    }
    for (const [index, name] of names.entries()) expect(text(await artifacts.download(root, `in/${name}`)), name).toBe(`content ${index}`)
    const listed = await artifacts.list(root, 'in')
    const expected = new Set(names.map((name) => `in/${name.replaceAll('#', '＃').replaceAll('%', '％').split('/')[0]}`))
    expect(new Set(listed.map(({ path }) => path))).toEqual(expected)
    await transport.close()
  })

  it.each(['', '/', '/etc/passwd', 'a/', 'a//b', '.', '..', '../x', 'a/../../x', 'a/./b', 'a\\b', '..\\x', 'a\0b', 'a\nb', '\u007f', '\ud800', 'n'.repeat(256)])('refuses the path %j, sending nothing', async (path) => {
    const { artifacts, runId, transport } = await connect({ trackingUri: shared! })
    for (const call of [() => artifacts.upload({ runId }, path, 'x'), () => artifacts.download({ runId }, path), () => artifacts.delete({ runId }, path)]) expect(await code(call())).toBe('MLFLOW_ARTIFACT_PATH')
    expect(await artifacts.list({ runId })).toEqual([])
    await transport.close()
  })

  it('moves 50 MB in each direction as a stream, telling progress, without holding it in memory', async () => {
    const { artifacts, runId, transport } = await connect({ trackingUri: shared! })
    const folder = await mkdtemp(join(tmpdir(), 'attune-upload-'))
    try {
      const size = 50_000_000
      const file = join(folder, 'large.bin')
      const handle = await open(file, 'w')
      const block = Buffer.alloc(1_000_000)
      const hash = createHash('sha256')
      for (let index = 0; index < 50; index++) {
        block.fill(index + 1)
        hash.update(block)
        await handle.write(block)
      }
      await handle.close()
      const digest = hash.digest('hex')

      const before = held()
      let most = 0
      let checked = 0
      const watch = (moved: number): void => {
        if (moved - checked < 2_000_000) return
        checked = moved
        most = Math.max(most, held() - before)
      }
      const told: number[] = []
      await artifacts.upload({ runId }, 'large.bin', { file }, {
        onProgress: (sent, total) => {
          expect(total).toBe(size)
          told.push(sent)
          watch(sent)
        },
      })
      expect(told.length).toBeGreaterThan(50)
      expect(told.at(-1)).toBe(size)
      expect(told).toEqual(told.toSorted((a, b) => a - b))

      const received = createHash('sha256')
      const { size: announced, bytes } = await artifacts.stream({ runId }, 'large.bin')
      expect(announced).toBe(size)
      let read = 0
      checked = 0
      for await (const chunk of bytes) {
        received.update(chunk)
        watch((read += chunk.byteLength))
      }
      expect(received.digest('hex')).toBe(digest)
      expect(most).toBeLessThan(size / 4)
      expect(await code(artifacts.download({ runId }, 'large.bin', { maxBytes: size - 1 }))).toBe('MLFLOW_LIMIT')
    } finally {
      await rm(folder, { recursive: true })
      await transport.close()
    }
  })

  it('uploads in one piece where the storage of the server knows no parts', async () => {
    const { artifacts, runId, transport } = await connect({ trackingUri: shared!, multipartFrom: 1 })
    await artifacts.upload({ runId }, 'model/a.bin', 'text')
    expect(text(await artifacts.download({ runId }, 'model/a.bin'))).toBe('text')
    await transport.close()
  })

  it('an upload that is ended, or whose source breaks, leaves nothing to be read', async () => {
    const { artifacts, runId, transport } = await connect({ trackingUri: shared! })
    const root = { runId }
    const ended = new AbortController()
    const endless = { size: 2 ** 40, async *stream() { for (;;) yield Buffer.alloc(65_536) } }
    expect(await code(artifacts.upload(root, 'ended.bin', endless, { signal: ended.signal, onProgress: (sent) => void (sent > 1_000_000 && ended.abort()) }))).toBe('MLFLOW_ABORTED')
    expect(await code(artifacts.upload(root, 'broken.bin', { size: 10, async *stream() { yield Buffer.from('abc'); throw new Error('disk') } }))).toBe('MLFLOW_SOURCE')
    expect(await code(artifacts.upload(root, 'short.bin', { size: 10, async *stream() { yield Buffer.from('abc') } }))).toBe('MLFLOW_SOURCE')
    expect(await code(artifacts.upload(root, 'long.bin', { size: 2, async *stream() { yield Buffer.from('abc') } }))).toBe('MLFLOW_SOURCE')
    expect(await code(artifacts.upload(root, 'none.bin', { file: '/nowhere/at/all' }))).toBe('MLFLOW_SOURCE')
    expect(await code(artifacts.upload(root, 'folder', { file: '/tmp' }))).toBe('MLFLOW_SOURCE')
    for (const name of ['broken.bin', 'short.bin', 'long.bin', 'ended.bin', 'none.bin']) expect(await code(artifacts.download(root, name)), name).toBe('MLFLOW_NOT_FOUND')
    await transport.close()
  })
})

describe.skipIf(missingMlflow !== undefined)('on a server with basic authentication behind a path', () => {
  let server: MlflowServer | undefined
  afterAll(() => server?.stop())
  contract(async () => {
    server = await startMlflow({ auth: true, prefix: '/tracking' })
    return { trackingUri: server.url, username: server.username, password: server.password }
  })

  it('refuses wrong credentials', async () => {
    const configuration = resolveConfiguration({ trackingUri: server!.url, username: 'admin', password: 'wrong password' }, {})
    const transport = createTransport(configuration)
    expect(await code(createArtifacts(transport, configuration).upload({ uri: 'mlflow-artifacts:/0/x/artifacts' }, 'a.txt', 'x'))).toBe('MLFLOW_AUTH')
    await transport.close()
  })
})
