import { copyFileSync, existsSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { type Change, encodeJson, type Json, type Operation } from '@attune/core'
import { describe, expect, it, onTestFinished } from 'vitest'
import { SqliteStorage } from './sqlite-storage.ts'
import { temporaryFile } from './temporary-file.test-support.ts'

const definition = { name: 'torn', space: null, fingerprint: null, objectives: [], constraints: [], metrics: null, seed: 1 } as const

function operationsOf(i: number): readonly Operation[] {
  return [
    { type: 'create', origin: 'added', params: { i }, outcome: { state: 'complete', metrics: { loss: i } } },
    { type: 'attribute', key: 'last', value: i },
  ]
}

async function writeTrial(storage: SqliteStorage, id: string, i: number): Promise<void> {
  expect((await storage.write(id, { id: `r${i}`, operations: operationsOf(i) })).ok).toBe(true)
}

/** The broken twin: each operation of a request is a transaction of its own. */
async function writeTrialPiecemeal(storage: SqliteStorage, id: string, i: number): Promise<void> {
  for (const [piece, operation] of operationsOf(i).entries()) await storage.write(id, { id: `r${i} ${piece}`, operations: [operation] })
}

async function readAll(path: string): Promise<readonly Change[]> {
  const storage = await SqliteStorage.open(path)
  const study = await storage.findStudy('torn')
  const changes = study === undefined ? [] : await storage.changesSince(study.id, 0, 10_000)
  await storage.close()
  const database = new DatabaseSync(path)
  expect(database.prepare('pragma integrity_check').all()).toEqual([{ integrity_check: 'ok' }])
  database.close()
  return changes
}

/** Expects whole requests from the first on: two changes each, with nothing in between missing. */
function expectPrefix(changes: readonly Change[], of: readonly Change[]): void {
  expect(changes.length % 2).toBe(0)
  expect(encodeJson(changes as unknown as Json)).toBe(encodeJson(of.slice(0, changes.length) as unknown as Json))
}

/** A file whose last 40 requests are only in its write-ahead log, as a killed process leaves it, and its whole history. */
async function fileWithLog(path: string, write: typeof writeTrial = writeTrial): Promise<readonly Change[]> {
  const first = await SqliteStorage.open(path)
  const study = await first.createStudy(definition, 'create')
  const id = study?.id ?? ''
  for (let i = 0; i < 10; i++) await write(first, id, i)
  // The last to close moves the log into the file.
  await first.close()
  const second = await SqliteStorage.open(path)
  onTestFinished(() => second.close())
  for (let i = 10; i < 50; i++) await write(second, id, i)
  return second.changesSince(id, 0, 10_000)
}

/** What is read after the log was cut off at many places. */
async function readAfterEachCut(path: string): Promise<readonly (readonly Change[])[]> {
  const length = statSync(`${path}-wal`).size
  const lengths = new Set<number>([length])
  // Frames are 4,096 + 24 bytes after a header of 32: boundaries with their neighbours, and points between.
  for (let at = 0; at <= length; at += 5501) lengths.add(at)
  for (let at = 32; at <= length; at += 16 * 4120) for (const near of [at - 1, at, at + 1, at + 24]) lengths.add(Math.min(near, length))
  const copy = `${path}.copy`
  const found: (readonly Change[])[] = []
  for (const cut of lengths) {
    copyFileSync(path, copy)
    copyFileSync(`${path}-wal`, `${copy}-wal`)
    truncateSync(`${copy}-wal`, cut)
    found.push(await readAll(copy))
  }
  return found
}

describe('a torn write-ahead log', () => {
  it('P1: a torn log of the file reads as whole requests wherever it is cut off', { timeout: 120_000 }, async () => {
    const { path, remove } = temporaryFile()
    onTestFinished(remove)
    const history = await fileWithLog(path)
    const found = await readAfterEachCut(path)
    for (const changes of found) expectPrefix(changes, history)
    const lengths = found.map(({ length }) => length)
    expect(Math.min(...lengths)).toBe(20)
    expect(Math.max(...lengths)).toBe(100)
    expect(new Set(lengths).size).toBeGreaterThan(10)
  })

  it('P1, broken twin: a storage that writes a request piece by piece is left with half of one', { timeout: 120_000 }, async () => {
    const { path, remove } = temporaryFile()
    onTestFinished(remove)
    await fileWithLog(path, writeTrialPiecemeal)
    expect((await readAfterEachCut(path)).filter(({ length }) => length % 2 === 1)).not.toEqual([])
  })

  it('P1: a log of the file with a wrong byte anywhere reads as whole requests', { timeout: 120_000 }, async () => {
    const { path, remove } = temporaryFile()
    onTestFinished(remove)
    const history = await fileWithLog(path)
    const log = readFileSync(`${path}-wal`)
    const copy = `${path}.copy`
    for (let at = 0; at < log.length; at += 9173) {
      const damaged = Buffer.from(log)
      damaged[at] = (damaged[at] ?? 0) ^ 0x40
      copyFileSync(path, copy)
      writeFileSync(`${copy}-wal`, damaged)
      expectPrefix(await readAll(copy), history)
    }
  })
})

describe('a copy of the file and its log', () => {
  it('P1: a copy of the file and its log holds everything that was acknowledged before', { timeout: 120_000 }, async () => {
    const { path, remove } = temporaryFile()
    onTestFinished(remove)
    const storage = await SqliteStorage.open(path)
    onTestFinished(() => storage.close())
    const study = await storage.createStudy(definition, 'create')
    const id = study?.id ?? ''
    const copy = `${path}.copy`
    // Far enough for the log to be moved into the file several times (every 1,000 pages).
    for (let i = 0; i < 1500; i++) {
      await writeTrial(storage, id, i)
      if (i % 97 !== 0) continue
      copyFileSync(path, copy)
      if (existsSync(`${path}-wal`)) copyFileSync(`${path}-wal`, `${copy}-wal`)
      expect(await readAll(copy)).toEqual(await storage.changesSince(id, 0, 10_000))
    }
  })
})
