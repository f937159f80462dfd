import { execFile } from 'node:child_process'
import { appendFile, readdir, readFile, truncate, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { isAttuneError } from '@attune/core'
import { describe, expect, test } from 'vitest'
import { openEventWriter } from './event-writer.ts'
import type { SummaryEvent, TensorBoardEvent } from './event.ts'
import { eventFiles, readAll, readPrefix, temporaryFolder } from '../files.test-support.ts'

const scalar = (step: number, value: number, tag = 'loss'): SummaryEvent => ({ kind: 'summary', step, time: 1_700_000_000_000 + step, values: [{ kind: 'scalar', tag, value }] })

describe('a file that was written', () => {
  test('reads back: version, start, and every kind of value', async () => {
    await using folder = await temporaryFolder()
    const written: SummaryEvent = {
      kind: 'summary',
      step: 2 ** 40,
      time: 1_700_000_000_123,
      mark: 77,
      values: [
        { kind: 'scalar', tag: 'loss', value: 0.5 },
        { kind: 'scalar', tag: 'nan', value: Number.NaN },
        { kind: 'scalar', tag: 'infinite', value: -Infinity },
        { kind: 'scalar', tag: 'zero', value: -0 },
        { kind: 'text', tag: 'note/text_summary', markdown: '**Grüße** 🎛' },
        { kind: 'session-start', hparams: Object.assign(Object.create(null), { rate: 0.1, kind: 'adam', flag: false, ['constructor']: 'x' }), group: 'g', monitorUrl: 'http://x', startedAt: 1000 },
        { kind: 'session-end', status: 'failure', endedAt: 2000 },
      ],
    }
    let path: string
    {
      await using writer = await openEventWriter({ folder: folder.path, startStep: 4, now: () => 1_700_000_000_000 })
      path = writer.path
      writer.add(written)
    }
    expect(basename(path)).toMatch(/^events\.out\.tfevents\.1700000000\.[A-Za-z0-9-]+\.\d+\.0$/)
    const [version, start, read, ...rest] = await readAll(path)
    expect(version).toMatchObject({ kind: 'version', version: 'brain.Event:2' })
    expect(start).toMatchObject({ kind: 'start', step: 4 })
    expect(read).toMatchObject({ kind: 'summary', step: 2 ** 40, mark: 77 })
    expect(read).toHaveProperty('values', written.values.map((value) => ('hparams' in value ? { ...value, hparams: { ...value.hparams } } : value)))
    expect(rest).toEqual([])
  })

  test('reads back records of any length, over many chunks and within one', async () => {
    await using folder = await temporaryFolder()
    const texts = [0, 65_000, 65_524, 1_000_000, 1, 200_000, 2].map((length) => 'x'.repeat(length))
    const writer = await openEventWriter({ folder: folder.path })
    for (const [step, markdown] of texts.entries()) writer.add({ kind: 'summary', step, time: 0, values: [{ kind: 'text', tag: 'note', markdown }] })
    await writer.close()
    const read = (await readAll(writer.path)).flatMap((event) => (event.kind === 'summary' ? event.values : []))
    expect(read.map((value) => value.kind === 'text' && value.markdown.length)).toEqual(texts.map((text) => text.length))
  })

  test('holds what was flushed while it is open', async () => {
    await using folder = await temporaryFolder()
    await using writer = await openEventWriter({ folder: folder.path })
    writer.add(scalar(1, 1))
    await writer.flush()
    expect(await readAll(writer.path)).toHaveLength(2)
    writer.add(scalar(2, 2))
    expect(await readAll(writer.path)).toHaveLength(2)
    await writer.sync()
    expect(await readAll(writer.path)).toHaveLength(3)
  })

  test('keeps the order of concurrent flushes', async () => {
    await using folder = await temporaryFolder()
    await using writer = await openEventWriter({ folder: folder.path })
    const flushes = Array.from({ length: 50 }, (_, step) => {
      writer.add(scalar(step, step))
      return writer.flush()
    })
    await Promise.all(flushes)
    const steps = (await readAll(writer.path)).flatMap((event) => (event.kind === 'summary' ? event.step : []))
    expect(steps).toEqual(Array.from({ length: 50 }, (_, step) => step))
  })

  test('sorts after every older one, also within a second and with the clock set back', async () => {
    await using folder = await temporaryFolder()
    const paths: string[] = []
    for (const now of [5_000, 5_100, 5_200, 1_000, 9_000_000]) {
      await using writer = await openEventWriter({ folder: folder.path, now: () => now })
      paths.push(writer.path)
    }
    expect(await eventFiles(folder.path)).toEqual(paths)
  })

  test('is another one for each of several writers that open at once', async () => {
    await using folder = await temporaryFolder()
    const writers = await Promise.all(Array.from({ length: 20 }, () => openEventWriter({ folder: folder.path, now: () => 5_000 })))
    await Promise.all(writers.map((writer) => writer.close()))
    expect(new Set(writers.map((writer) => writer.path)).size).toBe(20)
    for (const path of await eventFiles(folder.path)) expect(await readAll(path)).toHaveLength(1)
  })
})

describe('damage', () => {
  async function sample(folder: string): Promise<{ readonly path: string; readonly bytes: Buffer; readonly events: readonly TensorBoardEvent[] }> {
    const writer = await openEventWriter({ folder })
    for (let step = 0; step < 3; step++) writer.add(scalar(step, step / 10))
    await writer.close()
    return { path: writer.path, bytes: await readFile(writer.path), events: await readAll(writer.path) }
  }

  test('P8: a file cut at any byte reads as its whole records', async () => {
    await using folder = await temporaryFolder()
    const { path, bytes, events } = await sample(folder.path)
    for (let length = bytes.length; length-- > 0; ) {
      await truncate(path, length)
      const read = await readPrefix(path)
      expect(events.slice(0, read.events.length)).toEqual(read.events)
      expect(read.events.length).toBeLessThan(events.length)
      const onBoundary = read.error === undefined
      if (!onBoundary) expect(isAttuneError(read.error, 'TENSORBOARD_DAMAGED')).toBe(true)
    }
  })

  test('P8: a flipped byte is never read as data', async () => {
    await using folder = await temporaryFolder()
    const { path, bytes, events } = await sample(folder.path)
    for (let position = 0; position < bytes.length; position++) {
      const damaged = Buffer.from(bytes)
      damaged[position]! ^= 0x10
      await writeFile(path, damaged)
      const read = await readPrefix(path)
      expect(isAttuneError(read.error, 'TENSORBOARD_DAMAGED')).toBe(true)
      expect(events.slice(0, read.events.length)).toEqual(read.events)
    }
  })

  test('a record that claims to be huge is refused before it is read', async () => {
    await using folder = await temporaryFolder()
    const { path, bytes } = await sample(folder.path)
    // A length of 2 ** 40 with its right checksum, as TensorBoard computes it.
    await writeFile(path, Buffer.concat([bytes, Buffer.from('0000000000010000', 'hex'), Buffer.from('aa3d6be4', 'hex')]))
    const { events, error } = await readPrefix(path)
    expect(events).toHaveLength(4)
    expect(error).toMatchObject({ code: 'TENSORBOARD_DAMAGED', message: expect.stringContaining('1099511627776 bytes') })
  })

  test('bytes with a valid frame that are no event are refused', async () => {
    await using folder = await temporaryFolder()
    const { path } = await sample(folder.path)
    const { encodeRecord } = await import('./records.test-support.ts')
    await appendFile(path, encodeRecord(Uint8Array.from([0x0a, 0xff, 0xff])))
    expect((await readPrefix(path)).error).toMatchObject({ code: 'TENSORBOARD_DAMAGED', message: expect.stringContaining('not an event') })
  })
})

describe('refusals', () => {
  test.each([0.5, Number.NaN, Infinity, 2 ** 60])('a step of %s', async (step) => {
    await using folder = await temporaryFolder()
    await using writer = await openEventWriter({ folder: folder.path })
    expect(() => writer.add(scalar(step, 1))).toThrow(expect.objectContaining({ code: 'TENSORBOARD_INVALID' }))
  })

  test('an empty tag, and a hyperparameter that is not finite', async () => {
    await using folder = await temporaryFolder()
    await using writer = await openEventWriter({ folder: folder.path })
    expect(() => writer.add(scalar(1, 1, ''))).toThrow(/tag must not be empty/)
    const values = [{ kind: 'session-start', hparams: { rate: Infinity }, startedAt: 0 }] as const
    expect(() => writer.add({ kind: 'summary', step: 0, time: 0, values })).toThrow(/"rate" is Infinity.*finite/)
    await writer.flush()
    expect(await readAll(writer.path)).toHaveLength(1)
  })

  test('a writer that is closed', async () => {
    await using folder = await temporaryFolder()
    const writer = await openEventWriter({ folder: folder.path })
    await Promise.all([writer.close(), writer.close()])
    expect(() => writer.add(scalar(1, 1))).toThrow(/is closed/)
  })

  test('a file where the folder should be', async () => {
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'file')
    await writeFile(file, '')
    for (const path of [file, join(file, 'deeper')]) {
      await expect(openEventWriter({ folder: path })).rejects.toMatchObject({ code: 'TENSORBOARD_WRITE', message: expect.stringContaining('A file stands where a folder is needed') })
    }
  })

  test.skipIf(process.platform !== 'linux')('a file system that is read-only (on Linux, where /proc is one)', async () => {
    await expect(openEventWriter({ folder: '/proc/attune' })).rejects.toMatchObject({ code: 'TENSORBOARD_WRITE' })
    await expect(openEventWriter({ folder: '/sys/attune' })).rejects.toMatchObject({ code: 'TENSORBOARD_WRITE' })
  })
})

describe.skipIf(process.platform === 'win32')('a full disk (a limit on the size of files, which Windows lacks)', () => {
  test.each([0, 1, 2, 4])('P8: a write that fails, with room for %i blocks, fails the flush, and nothing is appended to the torn record', async (blocks) => {
    await using folder = await temporaryFolder()
    const program = fileURLToPath(new URL('full-disk.test-support.ts', import.meta.url))
    // A process of its own, because the limit cannot be raised again. `ulimit -f` counts blocks of 512 or 1024 bytes.
    const { stdout } = await promisify(execFile)('sh', ['-c', `ulimit -f ${blocks}; exec "$0" --conditions=attune-source "$1" "$2"`, process.execPath, program, folder.path])
    const report = JSON.parse(stdout) as { readonly errors: readonly { readonly code: string; readonly message: string }[]; readonly flushed: number; readonly size: number; readonly path: string }
    expect(report.errors).toHaveLength(5)
    for (const error of report.errors) {
      expect(error).toEqual({ code: 'TENSORBOARD_WRITE', message: expect.stringContaining('raise the limit (ulimit -f) or choose another') })
    }
    expect(report.size).toBe(Math.floor(report.size / 512) * 512)
    // Nothing of a file is left in which nothing is.
    if (report.size === 0) return expect(await readdir(folder.path)).toEqual([])
    expect((await readFile(report.path)).length).toBe(report.size)
    const { events, error } = await readPrefix(report.path)
    expect(events.filter(({ kind }) => kind === 'summary')).toHaveLength(report.flushed)
    if (error !== undefined) expect(error).toMatchObject({ code: 'TENSORBOARD_DAMAGED', details: { torn: true } })
  })
})

test('a file of 300 MB is read, and written, with a fraction of that in memory', async () => {
  await using folder = await temporaryFolder()
  const program = fileURLToPath(new URL('large-file.test-support.ts', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, ['--conditions=attune-source', program, folder.path, '300'])
  const { read, raised } = JSON.parse(stdout) as { readonly read: number; readonly raised: number }
  expect(read).toBe(300)
  expect(raised).toBeLessThan(150 * 2 ** 20)
})

test('the generated code is what the definitions give', async () => {
  await using folder = await temporaryFolder()
  const packageFolder = fileURLToPath(new URL('../..', import.meta.url))
  await promisify(execFile)(process.execPath, [join(packageFolder, 'scripts', 'generate-proto.mjs'), folder.path])
  for (const name of ['proto.js', 'proto.d.ts']) {
    expect(await readFile(join(folder.path, name), 'utf8')).toBe(await readFile(join(packageFolder, 'generated', name), 'utf8'))
  }
})
