import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { ArtifactStore } from '@attune/core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { content } from './content.test-support.ts'
import { directoryArtifacts } from './directory-artifacts.ts'

const script = fileURLToPath(new URL('put-child.test-support.ts', import.meta.url))
const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
let path: string
let cache: string

// Most of a child's life is compiling: with a cache that a first one fills, the others take a third of the time.
beforeAll(async () => {
  cache = await mkdtemp(join(tmpdir(), 'attune-compiled-'))
  path = join(cache, 'first')
  await child('loop', 1, () => undefined)
})
afterAll(() => rm(cache, { recursive: true }))

beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'attune-kill-'))
})
afterEach(() => rm(path, { recursive: true }))

const running = new Set<ChildProcess>()
afterEach(() => {
  for (const each of running) each.kill('SIGKILL')
})

/** Runs the child, tells each of its lines, and answers how it ended. */
async function child(mode: string, argument: number, onLine: (line: string, kill: () => void) => void): Promise<NodeJS.Signals | number | null> {
  const process_ = spawn(process.execPath, ['--conditions=attune-source', script, mode, path, String(argument)], { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, NODE_COMPILE_CACHE: cache } })
  running.add(process_)
  process_.on('close', () => running.delete(process_))
  const ended = new Promise<NodeJS.Signals | number | null>((resolve, reject) => process_.on('error', reject).on('close', (code, signal) => resolve(signal ?? code)))
  for await (const line of createInterface({ input: process_.stdout })) onLine(line, () => process_.kill('SIGKILL'))
  return ended
}

/** Every artefact in the store is whole. */
async function checkAll(): Promise<ReadonlySet<string>> {
  const warnings: string[] = []
  const store = directoryArtifacts(path, { onWarning: (message) => warnings.push(message) })
  const listed = await store.list()
  for (const { hash, size } of listed) expect((await store.get(hash))?.length).toBe(size)
  expect(warnings).toEqual([])
  return new Set(listed.map(({ hash }) => hash))
}

it('P14: a process that is killed before any write, sync or rename of a put leaves the artefact whole or absent, and the next put goes on from there', async () => {
  const hash = hashOf(content(0))
  const states: string[] = []
  for (let call = 0; ; call++) {
    await rm(path, { recursive: true, force: true })
    let told = false
    const ended = await child('die', call, () => (told = true))
    const left = await readdir(join(path, 'tmp')).catch(() => [])
    const there = (await checkAll()).has(hash)
    states.push(`${there ? 'whole' : 'absent'}${left.length > 0 ? ' with a temporary file' : ''}`)
    if (told) {
      expect([ended, there]).toEqual([0, true])
      break
    }
    expect(ended).toBe('SIGKILL')
    const store = directoryArtifacts(path)
    expect(await store.put(content(0))).toBe(hash)
    expect(await readdir(join(path, 'tmp'))).toEqual([])
    expect(await store.get(hash)).toEqual(content(0))
  }
  // The kills did hit the interesting places.
  expect(new Set(states)).toEqual(new Set(['absent', 'absent with a temporary file', 'whole']))
})

it('P14, broken twin: a store that writes in place is seen to leave a part of an artefact', async () => {
  const broken: number[] = []
  for (let call = 0; broken.length === 0; call++) {
    await rm(path, { recursive: true, force: true })
    let told = false
    const ended = await child('die-in-place', call, () => (told = true))
    if (told) break
    expect(ended).toBe('SIGKILL')
    await checkAll().catch(() => broken.push(call))
  }
  expect(broken).toHaveLength(1)
})

it('P14: kills at arbitrary instants lose no artefact that was told and invent none', async () => {
  const told = new Set<number>()
  for (let round = 0; round < 8; round++) {
    // Another place each round; the instant within the put is chance.
    const lastLine = 3 + ((round * 13) % 17)
    const ended = await child('loop', 10_000, (line, kill) => {
      told.add(Number(line))
      if (Number(line) === lastLine) kill()
    })
    expect(ended).toBe('SIGKILL')
    const there = await checkAll()
    for (const number of told) expect(there.has(hashOf(content(number)))).toBe(true)
    const possible = new Set(Array.from({ length: Math.max(...told) + 40 }, (_, number) => hashOf(content(number))))
    for (const hash of there) expect(possible.has(hash)).toBe(true)
  }
})

describe.each(['die-releasing', 'die-deleting'])('%s', (mode) => {
  const claim = { study: 'child', session: '1' }
  const other = { study: 'other', session: '1' }
  const hash = hashOf(content(0))

  /** Kills a process before each of its calls, with what `prepare` has put, and tells after each what is left. */
  async function killed(prepare: (store: ArtifactStore) => unknown, check: (store: ArtifactStore, bytes: Uint8Array | undefined) => Promise<void>): Promise<number> {
    for (let call = 0; ; call++) {
      await rm(path, { recursive: true, force: true })
      await prepare(directoryArtifacts(path))
      let told = false
      const ended = await child(mode, call, () => (told = true))
      expect(ended).toBe(told ? 0 : 'SIGKILL')
      await checkAll()
      const store = directoryArtifacts(path)
      await check(store, await store.get(hash))
      if (told) return call
    }
  }

  it(mode === 'die-releasing' ? 'P14: a kill at any call of a release loses nothing that another study claims' : 'P14: a kill at any call of a deletion leaves the artefact whole or absent', async () => {
    const calls = await killed(async (store) => {
      await store.put(content(0), claim)
      if (mode === 'die-releasing') await store.put(content(0), other)
    }, async (store, bytes) => {
      if (mode === 'die-releasing' || bytes !== undefined) expect(bytes).toEqual(content(0))
      // Whatever is left of it, a study that puts the same bytes now has them.
      await store.put(content(0), other)
      await store.release(hash, claim, 0)
      expect(await store.get(hash)).toEqual(content(0))
      expect(await store.release(hash, other, 0)).toBe(true)
      expect([await store.get(hash), await store.list()]).toEqual([undefined, []])
    })
    expect(calls).toBeGreaterThan(5)
  })
})

it('several processes put the same artefacts at once', async () => {
  const ends = await Promise.all([1, 2, 3].map(() => child('loop', 40, () => undefined)))
  expect(ends).toEqual([0, 0, 0])
  expect((await checkAll()).size).toBe(40)
  expect(await readdir(join(path, 'tmp'))).toEqual([])
})

it('several processes put and release the same artefacts at once: none is lost to who needs it, and none is left', async () => {
  const lines: string[] = []
  const ends = await Promise.all([1, 2, 3].map(() => child('put-and-release', 150, (line) => lines.push(line))))
  expect(lines).toEqual([])
  expect(ends).toEqual([0, 0, 0])
  expect(await directoryArtifacts(path).list()).toEqual([])
  for (const shard of await readdir(path)) expect(await readdir(join(path, shard))).toEqual([])
})
