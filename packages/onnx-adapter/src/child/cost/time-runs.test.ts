import { performance } from 'node:perf_hooks'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { ModelSession } from '../model-session.ts'
import { timeRuns } from './time-runs.ts'

let now = 0
beforeEach(() => {
  now = 0
  vi.spyOn(performance, 'now').mockImplementation(() => now)
})
afterEach(() => vi.restoreAllMocks())

/** Sessions whose runs take the given virtual milliseconds, and what became of them. */
function sessions(cost: (session: number, run: number) => number): { readonly open: () => Promise<ModelSession>; readonly runs: number[]; released: number } {
  const told = {
    runs: [] as number[],
    released: 0,
    open: async (): Promise<ModelSession> => {
      now += 7
      const session = told.runs.push(0) - 1
      const unused = (): never => {
        throw new Error('not asked for')
      }
      return {
        info: { inputs: [], outputs: [] }, fixedBatch: undefined, bind: unused, batches: unused,
        run: async () => {
          now += cost(session, told.runs[session]!)
          told.runs[session]! += 1
        },
        release: async () => void told.released++,
      }
    },
  }
  return told
}

const batches = (): [{ readonly x: { readonly data: Float32Array; readonly dims: readonly number[] } }] => [{ x: { data: new Float32Array(6), dims: [2, 3] } }]
const settings = { warmUp: 20, runs: 100, sessions: 5, budget: 3000 }

test('five sessions that agree are enough: each warms up, and is released', async () => {
  const told = sessions((session, run) => (run < 21 ? 9 : 1 + session / 1000))
  const { sessions: found, rows } = await timeRuns(told.open, batches, settings)
  expect(told).toMatchObject({ runs: [117, 117, 117, 117, 117], released: 5 })
  expect(rows).toBe(2)
  for (const [index, { times, loadMs }] of found.entries()) {
    expect(loadMs).toBe(7)
    expect(times).toHaveLength(100)
    // A quarter of the session's 600 ms was over after 17 runs: four more slow ones are measured, and lie at the end.
    expect(Math.max(...times)).toBe(9)
    expect(times[50]).toBeCloseTo(1 + index / 1000, 9)
  }
})

test('more sessions are opened while they differ, at most three times as many', async () => {
  const told = sessions((session) => 1 + (session % 2))
  expect((await timeRuns(told.open, batches, settings)).sessions).toHaveLength(15)
  expect(told.released).toBe(15)
})

test('no more are opened when the budget is spent', async () => {
  const told = sessions((session) => 20 + 20 * (session % 2))
  expect((await timeRuns(told.open, batches, settings)).sessions).toHaveLength(5)
})

test('a slow model runs eleven times in each session, however long that takes', async () => {
  const told = sessions(() => 5000)
  await timeRuns(told.open, batches, settings)
  expect(told.runs).toEqual([11, 11, 11, 11, 11])
})

test('a run that fails releases its session', async () => {
  const told = sessions((_, run) => {
    if (run === 30) throw new Error('broken')
    return 1
  })
  await expect(timeRuns(told.open, batches, settings)).rejects.toThrow('broken')
  expect(told.released).toBe(1)
})

test('the share of a processor is what the process computed of the time that passed', async () => {
  const idle = await timeRuns(sessions(() => 100).open, batches, settings)
  expect(idle.processorShare).toBeLessThan(0.5)
})
