import { appendFile, mkdir, readFile, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { AttuneError } from '@attune/core'
import { describe, expect, test } from 'vitest'
import { temporaryFolder } from '../files.test-support.ts'
import { openEventWriter } from './event-writer.ts'
import { readEvents, type ReadOptions } from './event-reader.ts'
import type { SummaryEvent } from './event.ts'
import { loadRun } from './run-data.ts'
import { listRuns, readRun } from './run-reader.ts'

const scalar = (step: number): SummaryEvent => ({ kind: 'summary', step, time: 0, values: [{ kind: 'scalar', tag: 'loss', value: step }] })

async function write(folder: string, steps: readonly number[]): Promise<string> {
  await using writer = await openEventWriter({ folder })
  for (const step of steps) writer.add(scalar(step))
  return writer.path
}

async function stepsOf(events: AsyncIterable<{ readonly kind: string; readonly step?: number }>): Promise<readonly unknown[]> {
  const steps: unknown[] = []
  for await (const event of events) if (event.kind === 'summary') steps.push(event.step)
  return steps
}

describe('a record that the end of the file cuts off', () => {
  test('is damage for readEvents, unless one says that it is the end', async () => {
    await using folder = await temporaryFolder()
    const path = await write(folder.path, [0, 1, 2])
    await truncate(path, (await readFile(path)).length - 1)
    await expect(stepsOf(readEvents(path))).rejects.toMatchObject({ code: 'TENSORBOARD_DAMAGED', details: { torn: true, offset: expect.any(Number) } })
    expect(await stepsOf(readEvents(path, { torn: 'end' }))).toEqual([0, 1])
  })

  test('is the end of one file in a run, unless one says that it is damage', async () => {
    await using folder = await temporaryFolder()
    await appendFile(await write(folder.path, [0, 1]), Uint8Array.of(9))
    await write(folder.path, [2, 3])
    expect(await stepsOf(readRun(folder.path))).toEqual([0, 1, 2, 3])
    await expect(stepsOf(readRun(folder.path, { torn: 'throw' }))).rejects.toMatchObject({ code: 'TENSORBOARD_DAMAGED' })
  })
})

test('damage is thrown, or told, and then the run goes on with its next file', async () => {
  await using folder = await temporaryFolder()
  const path = await write(folder.path, [0, 1, 2])
  await write(folder.path, [3])
  const bytes = await readFile(path)
  bytes[bytes.length - 6]! ^= 4
  await writeFile(path, bytes)
  await expect(stepsOf(readRun(folder.path))).rejects.toMatchObject({ code: 'TENSORBOARD_DAMAGED', details: { torn: false } })
  const told: AttuneError[] = []
  const options: ReadOptions = { onDamage: (error) => told.push(error) }
  expect(await stepsOf(readRun(folder.path, options))).toEqual([0, 1, 3])
  expect((await loadRun(folder.path, options)).scalars.get('loss')?.steps).toEqual([0, 1, 3])
  expect(told).toMatchObject([{ code: 'TENSORBOARD_DAMAGED', details: { path } }, { code: 'TENSORBOARD_DAMAGED' }])
})

describe('what is being written can be followed', () => {
  test('a file, record by record, whatever pieces it comes in', async () => {
    await using folder = await temporaryFolder()
    const bytes = await readFile(await write(join(folder.path, 'source'), [0, 1, 2, 3]))
    const path = join(folder.path, 'tfevents')
    await writeFile(path, '')
    const enough = new AbortController()
    let written = 0
    const more = async (): Promise<void> => {
      const next = Math.min(bytes.length, written + 29)
      await appendFile(path, bytes.subarray(written, next))
      written = next
    }
    const writing = (async () => {
      while (written < bytes.length) await more()
    })()
    const steps: number[] = []
    for await (const event of readEvents(path, { follow: enough.signal, pollInterval: 1 })) {
      if (event.kind === 'summary') steps.push(event.step)
      if (steps.length === 4) enough.abort()
    }
    await writing
    expect(steps).toEqual([0, 1, 2, 3])
  })

  test('a run, from one file to the next, until nobody follows any more', async () => {
    await using folder = await temporaryFolder()
    const enough = new AbortController()
    const writer = await openEventWriter({ folder: folder.path, maxBytes: 200 })
    const add = async (step: number): Promise<void> => {
      writer.add(scalar(step))
      await writer.flush()
    }
    await add(0)
    const steps: number[] = []
    for await (const event of readRun(folder.path, { follow: enough.signal, pollInterval: 1 })) {
      if (event.kind !== 'summary') continue
      steps.push(event.step)
      if (steps.length === 20) enough.abort()
      else await add(steps.length)
    }
    await writer.close()
    expect(steps).toEqual(Array.from({ length: 20 }, (_, step) => step))
  })

  test('an abort ends it also in the middle of a record', async () => {
    await using folder = await temporaryFolder()
    const path = await write(folder.path, [0, 1])
    await appendFile(path, Uint8Array.of(1, 2, 3))
    const enough = new AbortController()
    const steps: number[] = []
    for await (const event of readEvents(path, { follow: enough.signal, pollInterval: 1 })) {
      if (event.kind === 'summary') steps.push(event.step)
      if (event.kind === 'summary' && event.step === 1) setImmediate(() => enough.abort())
    }
    expect(steps).toEqual([0, 1])
  })
})

describe('a log directory', () => {
  test('has its runs found at any depth, also behind links, and loops do no harm', async () => {
    await using folder = await temporaryFolder()
    await write(folder.path, [0])
    await write(join(folder.path, 'b', 'deep'), [0])
    await write(join(folder.path, 'a'), [0])
    await mkdir(join(folder.path, 'empty'))
    await using elsewhere = await temporaryFolder()
    await write(elsewhere.path, [0])
    await symlink(elsewhere.path, join(folder.path, 'link'), 'junction')
    await symlink(folder.path, join(folder.path, 'b', 'loop'), 'junction')
    await symlink(join(folder.path, 'nowhere'), join(folder.path, 'dangling'), 'junction')
    expect((await listRuns(folder.path)).map(({ name }) => name)).toEqual(['.', 'a', 'b/deep', 'link'])
  })

  test('that is missing, or a file that is, is told', async () => {
    await using folder = await temporaryFolder()
    const missing = join(folder.path, 'missing')
    await expect(listRuns(missing)).rejects.toMatchObject({ code: 'TENSORBOARD_READ' })
    await expect(stepsOf(readRun(missing))).rejects.toMatchObject({ code: 'TENSORBOARD_READ', message: expect.stringContaining(missing) })
    await expect(stepsOf(readEvents(missing))).rejects.toMatchObject({ code: 'TENSORBOARD_READ', details: { systemCode: 'ENOENT' } })
    await expect(stepsOf(readEvents(folder.path))).rejects.toMatchObject({ code: 'TENSORBOARD_READ' })
  })
})
