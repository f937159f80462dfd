import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, open, readdir, readFile, rm, stat, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { eventFiles, points, readAll, readPrefix, temporaryFolder } from '../files.test-support.ts'
import { openEventWriter } from './event-writer.ts'
import { readEvents } from './event-reader.ts'
import type { SummaryEvent } from './event.ts'
import { loadRun } from './run-data.ts'

const program = fileURLToPath(new URL('writing-program.test-support.ts', import.meta.url))
const scalar = (step: number, tag = 'loss'): SummaryEvent => ({ kind: 'summary', step, time: 1_700_000_000_000 + step, values: [{ kind: 'scalar', tag, value: step }] })
const range = (from: number, to: number): readonly number[] => Array.from({ length: to - from }, (_, index) => from + index)

/** Every sync of a file or folder from now on, as the system is asked for it, with the size that the file has then. */
async function watchSyncs(folder: string): Promise<{ readonly ino: number; readonly size?: number }[]> {
  const handle = await open(folder, 'r')
  const prototype = Object.getPrototypeOf(handle) as FileHandle
  await handle.close()
  const syncs: { readonly ino: number; readonly size?: number }[] = []
  const original = prototype.sync
  vi.spyOn(prototype, 'sync').mockImplementation(async function (this: FileHandle) {
    const entry = await this.stat()
    await original.call(this)
    syncs.push({ ino: entry.ino, ...(entry.isFile() ? { size: entry.size } : {}) })
  })
  return syncs
}

afterEach(() => void vi.restoreAllMocks())

describe('what waits is written', () => {
  test('after a time', async () => {
    await using folder = await temporaryFolder()
    await using writer = await openEventWriter({ folder: folder.path, flushAfter: 1, flushAt: Infinity })
    const enough = new AbortController()
    writer.add(scalar(1))
    expect(writer.waiting).toBeGreaterThan(0)
    for await (const event of readEvents(writer.path, { follow: enough.signal, pollInterval: 1 })) {
      if (event.kind !== 'summary') continue
      if (event.step === 1) writer.add(scalar(2))
      else enough.abort()
    }
    expect(writer.waiting).toBe(0)
  })

  test('once there are so many records', async () => {
    await using folder = await temporaryFolder()
    await using writer = await openEventWriter({ folder: folder.path, flushAfter: Infinity, flushAt: 3 })
    const enough = new AbortController()
    const seen: number[] = []
    for (const step of range(0, 3)) writer.add(scalar(step))
    for await (const event of readEvents(writer.path, { follow: enough.signal, pollInterval: 1 })) {
      if (event.kind === 'summary') seen.push(event.step)
      if (seen.length === 3) enough.abort()
    }
    writer.add(scalar(3))
    expect(await readAll(writer.path)).toHaveLength(4)
  })

  test('on demand only, if so asked', async () => {
    await using folder = await temporaryFolder()
    await using writer = await openEventWriter({ folder: folder.path, flushAfter: Infinity, flushAt: Infinity })
    for (const step of range(0, 5_000)) writer.add(scalar(step))
    expect((await stat(writer.path)).size).toBe(0)
    await writer.flush()
    expect(await readAll(writer.path)).toHaveLength(5_001)
  })

  test('and synced with each flush, if so asked, with the names of the file and of new folders', async () => {
    await using folder = await temporaryFolder()
    const run = join(folder.path, 'new', 'run')
    await using writer = await openEventWriter({ folder: run, durable: true })
    const syncs = await watchSyncs(folder.path)
    writer.add(scalar(1))
    await writer.flush()
    const { size: whole, ino: file } = await stat(writer.path)
    const folders = await Promise.all([run, join(folder.path, 'new'), folder.path].map((path) => stat(path)))
    expect(syncs.shift()).toEqual({ ino: file, size: whole })
    if (process.platform !== 'win32') expect(syncs.splice(0).map(({ ino }) => ino)).toEqual(folders.map(({ ino }) => ino))
    writer.add(scalar(2))
    await writer.flush()
    // Their names are safe by now.
    expect(syncs).toEqual([{ ino: file, size: (await stat(writer.path)).size }])
    expect(await readAll(writer.path)).toHaveLength(3)
  })

  test('and synced by `sync` and before the next file begins only, if not', async () => {
    await using folder = await temporaryFolder()
    await using writer = await openEventWriter({ folder: folder.path, maxBytes: 1 })
    const syncs = await watchSyncs(folder.path)
    const first = writer.path
    writer.add(scalar(1))
    await writer.flush()
    expect(syncs).toEqual([])
    writer.add(scalar(2))
    await writer.flush()
    const { ino, size } = await stat(first)
    expect(syncs[0]).toEqual({ ino, size })
    syncs.splice(0)
    await writer.sync()
    expect(syncs[0]).toMatchObject({ ino: (await stat(writer.path)).ino })
  })
})

describe('a file is followed by another one', () => {
  test('once it has so many bytes, and together they hold every event once', async () => {
    await using folder = await temporaryFolder()
    const writer = await openEventWriter({ folder: folder.path, startStep: 0, maxBytes: 1_000, now: () => 5_000 })
    const first = writer.path
    for (const step of range(0, 300)) {
      writer.add(scalar(step))
      if (step % 50 === 0) await writer.flush()
    }
    await writer.close()
    const files = await eventFiles(folder.path)
    expect(files[0]).toBe(first)
    expect(files.at(-1)).toBe(writer.path)
    for (const file of files) {
      expect((await stat(file)).size).toBeLessThan(1_100)
      expect((await readAll(file))[0]).toMatchObject({ kind: 'version' })
    }
    // Only the first says that the run starts: a second start would make readers forget.
    expect((await Promise.all(files.map(readAll))).flat().filter(({ kind }) => kind === 'start')).toHaveLength(1)
    expect((await points(folder.path, 'loss')).map(([step]) => step)).toEqual(range(0, 300))
  })

  test('once it is so old', async () => {
    await using folder = await temporaryFolder()
    let now = 10_000
    const writer = await openEventWriter({ folder: folder.path, maxAge: 60_000, now: () => now })
    for (const step of range(0, 10)) {
      writer.add(scalar(step))
      now += 20_000
    }
    await writer.close()
    const files = await eventFiles(folder.path)
    expect((await Promise.all(files.map(readAll))).map((events) => events.filter(({ kind }) => kind === 'summary').length)).toEqual([3, 3, 3, 1])
  })
})

test('files stay in one folder when the program changes its working folder', async () => {
  await using folder = await temporaryFolder()
  const before = process.cwd()
  await mkdir(join(folder.path, 'other'))
  try {
    process.chdir(folder.path)
    const writer = await openEventWriter({ folder: 'run', maxBytes: 1 })
    writer.add(scalar(1))
    process.chdir(join(folder.path, 'other'))
    writer.add(scalar(2))
    await writer.close()
    expect(await readdir('.')).toEqual([])
  } finally {
    process.chdir(before)
  }
  expect(await eventFiles(join(folder.path, 'run'))).toHaveLength(2)
})

test('a time that is longer than timers are is not taken for none', async () => {
  await using folder = await temporaryFolder()
  const warned: string[] = []
  const listen = (warning: Error): number => warned.push(warning.name)
  process.on('warning', listen)
  try {
    await using writer = await openEventWriter({ folder: folder.path, flushAfter: 2 ** 40 })
    writer.add(scalar(1))
    await new Promise(setImmediate)
  } finally {
    process.off('warning', listen)
  }
  expect(warned).toEqual([])
})

test('an event that is too large for readers is refused, and others are taken', async () => {
  await using folder = await temporaryFolder()
  await using writer = await openEventWriter({ folder: folder.path })
  const data = new Uint8Array(256 * 2 ** 20)
  expect(() => writer.add({ step: 1, values: [{ kind: 'tensor', tag: 'large', plugin: 'mine', shape: [data.length], tensor: { type: 'uint8', data } }] })).toThrow(expect.objectContaining({ code: 'TENSORBOARD_INVALID', message: expect.stringContaining('divide its values') }))
  writer.add(scalar(1))
  await writer.flush()
  expect(await readAll(writer.path)).toHaveLength(2)
})

test('a folder that is called like an event file is none', async () => {
  await using folder = await temporaryFolder()
  await mkdir(join(folder.path, 'events.out.tfevents.9000000000.folder'))
  const writer = await openEventWriter({ folder: folder.path, startStep: 1, now: () => 5_000 })
  writer.add(scalar(1))
  await writer.close()
  expect(writer.path).toContain('tfevents.0000000005.')
  expect((await loadRun(folder.path)).scalars.get('loss')?.steps).toEqual([1])
})

test('an event is of now, unless it says when', async () => {
  await using folder = await temporaryFolder()
  const writer = await openEventWriter({ folder: folder.path, now: () => 5_000 })
  const values = [{ kind: 'text', tag: 'note', markdown: 'x' }] as const
  writer.add({ step: 1, values })
  writer.add({ step: 2, time: 7_000, values, mark: 3 })
  await writer.close()
  expect((await readAll(writer.path)).slice(1)).toEqual([
    { kind: 'summary', step: 1, time: 5_000, values },
    { kind: 'summary', step: 2, time: 7_000, values, mark: 3 },
  ])
})

test.each([{ flushAfter: 0 }, { flushAt: -1 }, { maxBytes: Number.NaN }, { maxAge: 0 }])('the options %o are refused', async (options) => {
  await using folder = await temporaryFolder()
  await expect(openEventWriter({ folder: folder.path, ...options })).rejects.toMatchObject({ code: 'TENSORBOARD_INVALID', message: expect.stringContaining('a number above 0') })
  expect(await readdir(folder.path)).toEqual([])
})

test.skipIf(process.platform === 'win32')('a write that failed by itself is told by the next call (Windows keeps the folder of an open file)', async () => {
  await using folder = await temporaryFolder()
  const writer = await openEventWriter({ folder: join(folder.path, 'run'), flushAt: 1, maxBytes: 1 })
  // The next file cannot be made: its folder is gone.
  await rm(join(folder.path, 'run'), { recursive: true })
  writer.add(scalar(1))
  writer.add(scalar(2))
  await expect(writer.flush()).rejects.toMatchObject({ code: 'TENSORBOARD_WRITE' })
  expect(() => writer.add(scalar(3))).toThrow(expect.objectContaining({ code: 'TENSORBOARD_WRITE' }))
  await expect(writer.close()).rejects.toMatchObject({ code: 'TENSORBOARD_WRITE' })
})

describe('in several processes', () => {
  test('P8: writers of one folder have a file each, and none writes into that of another', async () => {
    await using folder = await temporaryFolder()
    const firsts = [0, 1_000, 2_000, 3_000]
    await Promise.all(firsts.map((first) => promisify(execFile)(process.execPath, ['--conditions=attune-source', program, folder.path, String(first), '400'])))
    const files = await eventFiles(folder.path)
    expect(files).toHaveLength(firsts.length)
    const tags = await Promise.all(files.map(async (file) => new Set((await readAll(file)).flatMap((event) => (event.kind === 'summary' ? event.values.flatMap((value) => (value.kind === 'scalar' ? value.tag : [])) : [])))))
    expect(tags.map((each) => each.size)).toEqual([1, 1, 1, 1])
    // Nobody has said that the run starts again, so readers keep the points of all of them.
    const { scalars } = await loadRun(folder.path)
    for (const first of firsts) expect(scalars.get(`from-${first}`)?.steps).toEqual(range(first, first + 400))
  })

  test('P8: whatever a writer said is in its file is there after kill -9, and the next writer goes on in a file of its own', async () => {
    await using folder = await temporaryFolder()
    const said: number[] = []
    for (const first of [0, 10_000, 20_000, 30_000]) {
      const child = spawn(process.execPath, ['--conditions=attune-source', program, folder.path, String(first), '9000'], { stdio: ['ignore', 'pipe', 'inherit'] })
      const exit = once(child, 'exit')
      let last = -1
      for await (const line of createInterface({ input: child.stdout })) {
        last = Number(line)
        if (last >= first + 50 + first / 100) child.kill('SIGKILL')
      }
      await exit
      said.push(last)
    }
    const files = await eventFiles(folder.path)
    expect(files).toHaveLength(said.length)
    for (const [index, file] of files.entries()) {
      const { events, error } = await readPrefix(file)
      if (error !== undefined) expect(error).toMatchObject({ details: { torn: true } })
      const steps = events.flatMap((event) => (event.kind === 'summary' ? event.step : []))
      expect(steps).toEqual(range(index * 10_000, index * 10_000 + steps.length))
      expect(steps.at(-1)).toBeGreaterThanOrEqual(said[index]!)
      expect((await readFile(file)).length).toBeGreaterThan(0)
    }
  })
})
