import type { ChildProcess } from 'node:child_process'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { constant, type Executor } from '@attune/core'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { processes } from './processes.ts'
import { cleanUp, isGone, studyOn, training, until } from './studies.test-support.ts'

const children: ChildProcess[] = []
const see = (message: unknown): void => void children.push((message as { readonly process: ChildProcess }).process)

beforeEach(() => subscribe('child_process', see))
afterEach(async () => {
  unsubscribe('child_process', see)
  await cleanUp()
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

/** What keeps this process alive, each kind as often as it is there. */
const handles = (): readonly string[] => process.getActiveResourcesInfo().toSorted()

/** True if nothing is there that was not there before. */
function isBack(before: readonly string[]): boolean {
  const count = (all: readonly string[], kind: string): number => all.filter((one) => one === kind).length
  const now = handles()
  return now.every((kind) => count(now, kind) <= count(before, kind))
}

interface Left {
  readonly running: number
  readonly children: number
}

/** Ends a study of four trials, two at once, at its n-th event, and answers what is left then; undefined if it was over before. */
async function endedAt(nth: number, way: 'signal' | 'close', executor: Executor): Promise<Left | undefined> {
  const before = handles()
  const started = children.length
  const controller = new AbortController()
  const study = await studyOn(executor, { space: { steps: constant(2), milliseconds: constant(1) } })
  let events = 0
  let closing: Promise<void> | undefined
  study.on(() => {
    if (++events !== nth) return
    if (way === 'signal') controller.abort()
    else closing = study.close()
  })
  await study.optimize(training('computesThenAnswers'), { trials: 4, concurrency: 2, signal: controller.signal })
  const over = events < nth
  const running = study.trials().filter(({ state }) => state === 'running').length
  await (closing ?? study.close())
  const left = children.slice(started).filter(({ pid }) => pid !== undefined && !isGone(pid)).length
  // Handles are closed a moment later.
  if (left === 0) await until(() => isBack(before))
  return over ? undefined : { running, children: left }
}

it.each(['signal', 'close'] as const)('P16: a study with real child processes that is ended at any of its events leaves no child process, no running trial and no handle (by %s)', { timeout: 120_000 }, async (way) => {
  let nth = 1
  for (;; nth++) {
    const left = await endedAt(nth, way, processes({ slots: 2 }))
    if (left === undefined) break
    expect([nth, left]).toEqual([nth, { running: 0, children: 0 }])
  }
  // Most of these studies had both of their children.
  expect(nth).toBeGreaterThan(12)
  expect(children.length).toBeGreaterThan(nth)
})

it('P16, broken twin: an executor that does not end its child processes is found out', async () => {
  const executor = processes({ slots: 2 })
  try {
    expect(await endedAt(8, 'close', { ...executor, run: (...all) => executor.run(...all), close: () => undefined })).toMatchObject({ children: 2 })
  } finally {
    await executor.close()
  }
})
