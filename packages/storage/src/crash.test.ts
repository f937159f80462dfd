import { spawn } from 'node:child_process'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { SqliteStorage } from './sqlite-storage.ts'
import { temporaryFile } from './temporary-file.test-support.ts'

const program = fileURLToPath(new URL('./crash-writer.test-support.ts', import.meta.url))

interface Said {
  readonly intended: Set<string>
  readonly done: Set<string>
}

/** Runs the writer and kills it (SIGKILL) when it has acknowledged `writes` requests and `microseconds` have passed since. */
async function runAndKill(path: string, run: number, kind: string, writes: number, microseconds: number, said: Said): Promise<void> {
  const child = spawn(process.execPath, ['--conditions=attune-source', program, path, String(run), kind], {
    stdio: ['ignore', 'pipe', 'inherit'],
    // Spares a hundred processes the compiling of the same modules.
    env: { ...process.env, NODE_COMPILE_CACHE: join(dirname(path), 'compiled') },
  })
  let rest = ''
  let acknowledged = 0
  child.stdout.setEncoding('utf8')
  child.stdout.on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    // A line that the kill cut off says nothing.
    rest = lines.pop() ?? ''
    for (const line of lines) {
      const [word, key = ''] = line.split(' ')
      if (word === 'intend') said.intended.add(key)
      if (word !== 'done') continue
      said.done.add(key)
      if (++acknowledged === writes) killSoon()
    }
  })
  const killSoon = (): void => {
    const until = performance.now() + microseconds / 1000
    while (performance.now() < until);
    child.kill('SIGKILL')
  }
  if (writes === 0) child.once('spawn', () => setTimeout(() => child.kill('SIGKILL'), microseconds / 10))
  const signal = await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (_code, killedBy) => resolve(killedBy))
  })
  expect(signal, 'what ended the writer').toBe('SIGKILL')
}

function ensureWhole(path: string): void {
  const database = new DatabaseSync(path)
  expect(database.prepare('pragma integrity_check').all()).toEqual([{ integrity_check: 'ok' }])
  expect(database.prepare('pragma foreign_key_check').all()).toEqual([])
  database.close()
}

/** Keys of the requests whose effect is in the file; each must be there as a whole, in order and once. */
async function storedKeys(path: string): Promise<readonly string[]> {
  const storage = await SqliteStorage.open(path)
  const study = await storage.findStudy('crash')
  const keys: string[] = []
  for (let revision = 0; study !== undefined; ) {
    const page = await storage.changesSince(study.id, revision, 999)
    if (page.length === 0) break
    for (let i = 0; i < page.length; i++, revision++) expect(page[i]?.revision).toBe(revision + 1)
    for (let i = 0; i < page.length; i += 3) {
      const [ended, running, attribute] = page.slice(i, i + 3).map(({ body }) => body)
      const number = 2 * keys.length
      const key = attribute?.type === 'attribute' ? attribute.key : ''
      expect([ended, running]).toEqual([
        { type: 'create', number, origin: 'added', params: { key }, outcome: { state: 'complete', metrics: { loss: Number(key.split('.')[1]) } } },
        { type: 'create', number: number + 1, origin: 'sampler', params: { key }, owner: 'host' },
      ])
      keys.push(key)
    }
  }
  expect(study?.revision ?? 0).toBe(3 * keys.length)
  await storage.close()
  return keys
}

/** A small generator of the kills' instants, so that a run can be repeated as far as the machine allows. */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed >>> 0
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

describe('kill -9', () => {
  it('P1: kill -9 loses no acknowledged write and invents none, in 100 kills', { timeout: 600_000 }, async () => {
    const seed = Number(process.env['ATTUNE_SEED'] ?? Date.now() % 1_000_000)
    const random = randomNumbers(seed)
    const said: Said = { intended: new Set(), done: new Set() }
    const { path, remove } = temporaryFile()
    onTestFinished(remove)
    for (let run = 0; run < 50; run++) {
      // Two writers at once, killed at instants of their own: some while they start, some at their first write, most later.
      const kills = [0, 1].map((which) => ({ writes: random(6) === 0 ? 0 : 1 + random(30), microseconds: random(2) === 0 ? random(1500) : 0, which }))
      await Promise.all(kills.map(({ writes, microseconds, which }) => runAndKill(path, 2 * run + which, 'sound', writes, writes === 0 ? random(3000) : microseconds, said)))
      ensureWhole(path)
      const stored = await storedKeys(path)
      const storedOnce = new Set(stored)
      const message = `seed ${seed}, after ${2 * (run + 1)} kills`
      expect(storedOnce.size, `${message}: nothing is there twice`).toBe(stored.length)
      expect([...said.done].filter((key) => !storedOnce.has(key)), `${message}: acknowledged but not there`).toEqual([])
      expect(stored.filter((key) => !said.intended.has(key)), `${message}: there but never written`).toEqual([])
    }
    expect(said.done.size).toBeGreaterThan(300)
  })

  it('P1, broken twin: a storage that acknowledges before it writes loses results at a kill', { timeout: 120_000 }, async () => {
    const said: Said = { intended: new Set(), done: new Set() }
    const { path, remove } = temporaryFile()
    onTestFinished(remove)
    await runAndKill(path, 0, 'early', 21, 0, said)
    const stored = new Set(await storedKeys(path))
    expect([...said.done].filter((key) => !stored.has(key))).not.toEqual([])
  })
})
