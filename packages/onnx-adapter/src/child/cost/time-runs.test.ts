import { performance } from 'node:perf_hooks'
import process from 'node:process'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
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
  const { sessions: found, rows } = await timeRuns(told.open, batches, settings, 0)
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
  expect((await timeRuns(told.open, batches, settings, 0)).sessions).toHaveLength(15)
  expect(told.released).toBe(15)
})

test('no more are opened when the budget is spent', async () => {
  const told = sessions((session) => 20 + 20 * (session % 2))
  expect((await timeRuns(told.open, batches, settings, 0)).sessions).toHaveLength(5)
})

test('a slow model runs eleven times in each session, however long that takes', async () => {
  const told = sessions(() => 5000)
  await timeRuns(told.open, batches, settings, 0)
  expect(told.runs).toEqual([11, 11, 11, 11, 11])
})

test('a run that fails releases its session', async () => {
  const told = sessions((_, run) => {
    if (run === 30) throw new Error('broken')
    return 1
  })
  await expect(timeRuns(told.open, batches, settings, 0)).rejects.toThrow('broken')
  expect(told.released).toBe(1)
})

describe('other work on the processor', () => {
  /** Says that the process computed for this share of the time that passed since it was asked before. */
  function processorHas(share: (session: number) => number, told: { readonly runs: readonly number[] }): void {
    let before = 0
    vi.spyOn(process, 'cpuUsage').mockImplementation((since) => {
      if (since === undefined) before = now
      return { user: (now - before) * share(told.runs.length - 1) * 1000, system: 0 }
    })
  }

  test('leaves sessions out in which it was, while there are others enough', async () => {
    const told = sessions((session) => (session % 3 === 0 ? 2 : 1))
    processorHas((session) => (session % 3 === 0 ? 0.5 : 1), told)
    const { sessions: found, contended } = await timeRuns(told.open, batches, settings, 0.9)
    expect({ count: told.runs.length, contended }).toEqual({ count: 8, contended: false })
    expect(found.map(({ times }) => times[50])).toEqual([1, 1, 1, 1, 1])
  })

  test('is told where it was in too many, and all sessions count then', async () => {
    const told = sessions(() => 1)
    processorHas(() => 0.5, told)
    expect(await timeRuns(told.open, batches, settings, 0.9)).toMatchObject({ contended: true, sessions: { length: 15 } })
    const slow = sessions(() => 100)
    processorHas(() => 0.5, slow)
    await timeRuns(slow.open, batches, settings, 0.9)
    // 1,200 ms a session, the first two runs not measured: three times the budget of 3,000 are over in the eighth.
    expect(slow.runs).toHaveLength(8)
  })

  test('is not looked for where another device computes', async () => {
    const told = sessions(() => 1)
    processorHas(() => 0, told)
    expect(await timeRuns(told.open, batches, settings, 0)).toMatchObject({ contended: false, sessions: { length: 5 } })
  })
})
