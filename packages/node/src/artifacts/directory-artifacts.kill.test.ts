import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
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

/** Runs the child, tells each of its lines, and answers how it ended. */
async function child(mode: string, argument: number, onLine: (line: string, kill: () => void) => void): Promise<NodeJS.Signals | number | null> {
  const process_ = spawn(process.execPath, ['--conditions=attune-source', script, mode, path, String(argument)], { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, NODE_COMPILE_CACHE: cache } })
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

it('a put that is killed before any of its calls leaves the artefact whole or absent, and its temporary file is taken away by the next', async () => {
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

it('would notice a store that writes under the final name: a kill leaves a part of the artefact there', async () => {
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

it('kills at arbitrary instants lose no artefact that was told and invent none', async () => {
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

it('several processes put the same artefacts at once', async () => {
  const ends = await Promise.all([1, 2, 3].map(() => child('loop', 40, () => undefined)))
  expect(ends).toEqual([0, 0, 0])
  expect((await checkAll()).size).toBe(40)
  expect(await readdir(join(path, 'tmp'))).toEqual([])
})
