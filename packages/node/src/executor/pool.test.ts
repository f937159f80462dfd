import { setImmediate as turn } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Execution, TrainerTrial } from '@attune/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { RunnerPool } from './pool.ts'
import type { Runner } from './runner.ts'
import { startThread } from './thread-runner.ts'

const module = { url: new URL('trainings.test-support.ts', import.meta.url).href, name: 'descent' }
const roots = [fileURLToPath(new URL('.', import.meta.url))]
let started: Runner[]
let pool: RunnerPool

beforeEach(() => {
  started = []
  pool = new RunnerPool(1, (_slot, events) => {
    const runner = startThread({ memoryMb: undefined, roots }, events)
    started.push(runner)
    return runner
  })
})
afterEach(() => pool.close())

function run(number: number, signal: AbortSignal = new AbortController().signal): Execution {
  const trial: Partial<TrainerTrial> = { number, attempt: 1, params: { x: 1 }, seed: 1, toStep: undefined, resumeFrom: undefined, signal }
  return pool.run(module, trial as TrainerTrial)
}

/** How many reports there are until its end. */
async function reportsOf({ reports }: Execution): Promise<number> {
  let count = 0
  for await (const _ of reports) count++
  return count
}

describe('the pool', () => {
  it('gives a slot to one trial at a time, however often one is ended', async () => {
    const [first, second] = [run(0), run(1)]
    expect(await reportsOf(first)).toBe(5)
    const begun = second.reports.next()
    await Promise.all([first.end(), first.end()])
    await begun
    await first.end()
    const third = reportsOf(run(2))
    expect(await reportsOf(second)).toBe(4)
    await second.end()
    expect(await third).toBe(5)
    expect(started).toHaveLength(1)
  })

  it('takes back the slot of a trial that was ended as it got it', async () => {
    const [first, second] = [run(0), run(1)]
    expect(await reportsOf(first)).toBe(5)
    const waiting = second.reports.next()
    await Promise.all([first.end(), second.end()])
    await waiting
    expect(await reportsOf(run(2))).toBe(5)
  })

  it('has its children refuse what lies outside the allowed folders, whoever asks', async () => {
    const trial: Partial<TrainerTrial> = { number: 0, attempt: 1, params: {}, seed: 1, signal: new AbortController().signal }
    const outside = { url: new URL('../index.ts', import.meta.url).href, name: 'fromModule' }
    const { reports, end } = pool.run(outside, trial as TrainerTrial)
    await expect(reports.next()).rejects.toMatchObject({ code: 'MODULE_NOT_ALLOWED' })
    await end()
  })

  it('starts no child while time is measured, and gives that time back', async () => {
    const trial = run(0)
    let reports: Promise<number> | undefined
    await pool.exclusively(async () => {
      reports = reportsOf(trial)
      for (let i = 0; i < 10; i++) await turn()
      expect(started).toHaveLength(0)
    })
    expect(await reports).toBe(5)
    expect(trial.heldFor!()).toBeGreaterThan(0)
  })

  it('starts none for a trial that is stopped while time is measured', async () => {
    const controller = new AbortController()
    const trial = run(0, controller.signal)
    await pool.exclusively(async () => {
      const reports = reportsOf(trial)
      await turn()
      controller.abort()
      expect(await reports).toBe(0)
    })
    await trial.end()
    expect(started).toHaveLength(0)
    expect(await reportsOf(run(1))).toBe(5)
  })
})
