// Processes that stop for a while, or whose event loop does, on one SQLite file.
import { expect, test } from 'vitest'
import { loadStudy, sqlite } from '../../packages/attune/src/index.ts'
import { brokenChains } from '../../packages/core/src/study/schedulers.test-support.ts'
import { startWorker, temporaryFolder } from './workers.test-support.ts'

/** Milliseconds. */
const lease = 1_000

async function stored(folder: string): Promise<{ readonly attempt: number; readonly state: string; readonly value: number | undefined; readonly owner: string | undefined; readonly steps: readonly number[]; readonly problems: readonly string[]; readonly revision: number; readonly warnings: readonly string[] }> {
  const study = await loadStudy({ storage: sqlite(`${folder}/study.db`), name: 'none' })
  const warnings: string[] = []
  for await (const event of study.events()) if (event.type === 'warning') warnings.push(event.message)
  const { attempt, state, value, owner, reports } = study.trial(0)
  const found = { attempt, state, value, owner, steps: reports.map(({ step }) => step), problems: brokenChains(study.trials() as never), revision: study.summary.revision, warnings }
  await study.close()
  return found
}

test('P4: a process that is paused past its lease (SIGSTOP) finds its trial done by another one: its late reports are refused, its training is stopped, the value is unchanged', { timeout: 600_000 }, async () => {
  const folder = temporaryFolder()
  const paused = startWorker(folder, 'none', { lease, pause: 100 })
  await paused.line((line) => line === 'step 0 3')
  paused.child.kill('SIGSTOP')
  const second = startWorker(folder, 'none', { lease })
  expect(await second.ended).toBe(0)
  const done = await stored(folder)
  expect(done).toMatchObject({ state: 'complete', attempt: 2, steps: [1, 2, 3, 4, 5, 6], problems: [] })
  paused.child.kill('SIGCONT')
  expect(await paused.ended).toBe(0)
  expect(paused.lines).toContain('aborted 0 Trial 0 should end: lost.')
  expect(paused.lines).toContain('left 0')
  expect(paused.lines.at(-1)).toMatch(/^ended 1 trial is done/)
  const after = await stored(folder)
  expect(after).toMatchObject({ state: 'complete', attempt: 2, value: done.value, owner: done.owner, steps: done.steps, problems: [] })
})

test('P6: an objective that blocks the event loop for three leases keeps its trial, and completes, while another process waits to take it over', { timeout: 600_000 }, async () => {
  const folder = temporaryFolder()
  const blocking = startWorker(folder, 'none', { lease, blocking: 3 * lease + 500 })
  await blocking.line((line) => line === 'step 0 3')
  const second = startWorker(folder, 'none', { lease })
  expect([await blocking.ended, await second.ended]).toEqual([0, 0])
  expect(second.lines.filter((line) => line.startsWith('step'))).toEqual([])
  expect(await stored(folder)).toMatchObject({ state: 'complete', attempt: 1, steps: [1, 2, 3, 4, 5, 6], problems: [], warnings: [] })
})

test('P6, broken twin: where leases are renewed by the event loop alone, the blocked trial is taken over', { timeout: 600_000 }, async () => {
  const folder = temporaryFolder()
  const blocking = startWorker(folder, 'none', { lease, blocking: 3 * lease + 500, unkept: true })
  await blocking.line((line) => line === 'step 0 3')
  const second = startWorker(folder, 'none', { lease })
  expect([await blocking.ended, await second.ended]).toEqual([0, 0])
  expect(second.lines.filter((line) => line.startsWith('step')).length).toBeGreaterThan(0)
  expect(await stored(folder)).toMatchObject({ state: 'complete', attempt: 2, problems: [] })
})
