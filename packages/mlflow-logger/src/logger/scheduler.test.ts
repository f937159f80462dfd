import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Scheduler, type Lane } from './scheduler.ts'

beforeEach(() => {
  vi.useFakeTimers()
  vi.spyOn(Math, 'random').mockReturnValue(0.5) // Waits have a random part.
})
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

/** Does `pieces` pieces of work, as `work` says. */
class TestLane implements Lane {
  readonly full = false
  pieces: number
  done = 0
  readonly #work: (failures: number) => Promise<void>

  constructor(pieces: number, work: (failures: number) => Promise<void> = async () => undefined) {
    this.pieces = pieces
    this.#work = work
  }

  get waiting(): boolean {
    return this.pieces > 0
  }

  async work(failures: number): Promise<void> {
    await this.#work(failures)
    this.pieces--
    this.done++
  }
}

function schedulerOf(concurrency = 4): { readonly scheduler: Scheduler; readonly failures: number[] } {
  const failures: number[] = []
  return { failures, scheduler: new Scheduler({ concurrency, gather: 1000, onFailure: (_, inARow) => failures.push(inARow) }) }
}

const fails = (): Promise<never> => Promise.reject(new Error('down'))

describe('a scheduler', () => {
  it('gathers work, then does all of it', async () => {
    const { scheduler } = schedulerOf()
    const lane = new TestLane(1)
    scheduler.wake(lane)
    await vi.advanceTimersByTimeAsync(999)
    expect(lane.done).toBe(0)
    await vi.advanceTimersByTimeAsync(1)
    expect(lane.done).toBe(1)
  })

  it('runs lanes beside each other, up to its limit, and each in its order', async () => {
    const { scheduler } = schedulerOf(2)
    let working = 0
    let most = 0
    const lanes = Array.from({ length: 5 }, () => new TestLane(2, async () => {
      most = Math.max(most, ++working)
      await new Promise((resolve) => setTimeout(resolve, 10))
      working--
    }))
    for (const lane of lanes) scheduler.wake(lane)
    const release = scheduler.hurry()
    await vi.advanceTimersByTimeAsync(1000)
    release()
    expect(lanes.map(({ done }) => done)).toEqual([2, 2, 2, 2, 2])
    expect(most).toBe(2)
  })

  it('lets a lane that fails wait, longer each time, while others go on', async () => {
    const { scheduler, failures } = schedulerOf()
    let tries = 0
    const bad = new TestLane(1, async () => {
      tries++
      await fails()
    })
    const good = new TestLane(1)
    scheduler.wake(bad)
    for (let i = 0; i < 60; i++) {
      good.pieces = 1
      scheduler.wake(good)
      await vi.advanceTimersByTimeAsync(1000)
    }
    expect(good.done).toBeGreaterThan(50)
    expect(tries).toBeGreaterThan(3)
    expect(tries).toBeLessThan(12)
    expect(Math.max(...failures)).toBeLessThan(3)
  })

  it('tries with one lane at a time while everything fails, for ever, and does all once it works again', async () => {
    const { scheduler, failures } = schedulerOf()
    let down = true
    let tries = 0
    const lanes = Array.from({ length: 50 }, () => new TestLane(1, async () => {
      tries++
      if (down) await fails()
    }))
    for (const lane of lanes) scheduler.wake(lane)
    await vi.advanceTimersByTimeAsync(3_600_000)
    expect(tries).toBeGreaterThan(100)
    expect(tries).toBeLessThan(400) // About one in 15 to 30 seconds.
    expect(failures.at(-1)).toBe(tries)
    down = false
    await vi.advanceTimersByTimeAsync(31_000)
    expect(lanes.every(({ done }) => done === 1)).toBe(true)
  })

  it('tries at once where somebody begins to wait', async () => {
    const { scheduler } = schedulerOf()
    let down = true
    const lane = new TestLane(1, async () => {
      if (down) await fails()
    })
    scheduler.wake(lane)
    await vi.advanceTimersByTimeAsync(600_000)
    down = false
    const release = scheduler.hurry()
    await vi.advanceTimersByTimeAsync(0)
    release()
    expect(lane.done).toBe(1)
  })

  it('starts nothing after it was closed', async () => {
    const { scheduler } = schedulerOf()
    const lane = new TestLane(1)
    scheduler.wake(lane)
    scheduler.close()
    scheduler.wake(lane)
    await vi.advanceTimersByTimeAsync(10_000)
    expect(lane.done).toBe(0)
  })
})
