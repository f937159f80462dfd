import { setTimeout } from 'node:timers/promises'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startChild } from './child.test-support.ts'
import { SqliteStorage } from './sqlite-storage.ts'
import { temporaryFile } from './temporary-file.test-support.ts'

/** Milliseconds: long enough for a thread to start in on a busy machine. */
const lease = 2000

interface Blocked {
  readonly answer: string | undefined
  readonly requeued: number
  readonly ended: readonly unknown[]
  /** What the requests table has of the study. */
  readonly requests: number
}

/** Runs a process that blocks for three leases, while this one sweeps the study all the time. */
async function sweepWhileBlocked(kind: string): Promise<Blocked> {
  const { path, remove } = temporaryFile()
  onTestFinished(remove)
  const child = startChild(new URL('./blocked-trial.test-support.ts', import.meta.url), path, lease, kind)
  expect(await child.line()).toBe('asked')
  const storage = await SqliteStorage.open({ path, busyTimeout: 60_000 })
  onTestFinished(() => storage.close())
  const id = (await storage.findStudy('blocked'))?.id ?? ''
  let over = false
  const told = child.line().finally(() => {
    over = true
  })
  for (let sweeps = 0; !over; sweeps++) {
    await storage.write(id, { id: `sweep ${sweeps}`, operations: [{ type: 'sweep', gone: [] }] })
    await Promise.race([told, setTimeout(10)])
  }
  const answer = await told
  expect(await child.ended, 'a process that has closed its study ends').toEqual({ code: 0, signal: null })
  const bodies = (await storage.changesSince(id, 0)).map(({ body }) => body)
  const database = new DatabaseSync(path)
  const { requests } = database.prepare('select count(*) as requests from requests').get() as { requests: number }
  database.close()
  return { answer, requeued: bodies.filter(({ type }) => type === 'requeue').length, ended: bodies.filter(({ type }) => type === 'finish'), requests }
}

describe('a blocked event loop', () => {
  it('P6: a training that blocks the event loop for three leases keeps its trial, although another process sweeps all the time', async () => {
    const { answer, requeued, ended, requests } = await sweepWhileBlocked('sound')
    expect(answer).toBe('complete in attempt 1')
    expect(requeued).toBe(0)
    expect(ended).toEqual([{ type: 'finish', number: 0, outcome: { state: 'complete', metrics: { loss: 0.25 } } }])
    // Opened, asked, told, closed: neither renewals nor sweeps leave a row.
    expect(requests).toBeLessThanOrEqual(4)
  })

  it('P6, broken twin: where renewals need the event loop, a training that blocks it loses its trial', async () => {
    const { answer, requeued } = await sweepWhileBlocked('without thread')
    expect({ answer, requeued }).toEqual({ answer: 'waiting in attempt 1', requeued: 1 })
  })
})
