import { describe, expect, it } from 'vitest'
import { tokens } from '../container/tokens.ts'
import { maximize } from '../objective/objectives.ts'
import { float } from '../space/builders.ts'
import { VirtualClock } from '../virtual-clock.test-support.ts'
import { createStudy } from './create-study.ts'
import { afterTime, afterTrials, allOf, anyOf, noProgress, targetReached, type StopRule } from './stop-rules.ts'

const space = { x: float(0, 1) }

async function trialsUntil(stop: StopRule | readonly StopRule[], values: (number: number) => number = (number) => number, clock = new VirtualClock()): Promise<readonly [number, string]> {
  const study = await createStudy({ space, objective: maximize('score'), seed: 1, use: [{ register: (registry) => registry.value(tokens.clock, clock) }] })
  const { reason } = await study.optimize(({ number }) => {
    clock.advance(100)
    return values(number)
  }, { stop, trials: 40 })
  return [study.columns.length, reason]
}

describe('stop rules', () => {
  it('stop after trials, after time, at a target and without progress', async () => {
    expect(await trialsUntil(afterTrials(7))).toEqual([7, '7 trials are done'])
    expect(await trialsUntil(afterTime(950))).toEqual([10, 'the time of 950 ms is over'])
    expect(await trialsUntil(targetReached(5))).toEqual([6, 'the target of 5 is reached'])
    expect(await trialsUntil(noProgress(4), (number) => (number < 3 ? number : 0))).toEqual([7, '4 trials brought no progress'])
  })

  it('compose', async () => {
    expect(await trialsUntil(anyOf(afterTrials(9), targetReached(3)))).toEqual([4, 'the target of 3 is reached'])
    expect(await trialsUntil([afterTrials(9), targetReached(3)])).toEqual([4, 'the target of 3 is reached'])
    expect(await trialsUntil(allOf(afterTrials(9), targetReached(3)))).toEqual([9, '9 trials are done and the target of 3 is reached'])
    expect((await trialsUntil(allOf()))[0]).toBe(40)
  })

  it('refuse arguments that make no sense', () => {
    expect(() => afterTrials(-1)).toThrow(/afterTrials must be an integer of at least 0/)
    expect(() => afterTime(NaN)).toThrow(/afterTime must be a number/)
    expect(() => noProgress(0)).toThrow(/noProgress must be an integer of at least 1/)
  })
})

describe('time limits', () => {
  it('end a trial that takes too long as a time-out, and ignore what comes later', async () => {
    const clock = new VirtualClock()
    const study = await createStudy({ space, seed: 1, use: [{ register: (registry) => registry.value(tokens.clock, clock) }] })
    let late: (value: number) => void = () => undefined
    const run = study.optimize(({ number, signal }) => {
      if (number > 0) return 1
      return new Promise<number>((resolve) => {
        late = resolve
        queueMicrotask(() => {
          clock.advance(50)
          expect(signal.aborted).toBe(true)
          setImmediate(() => clock.advance(5000)) // After the study has begun to wait for the end of the grace period.
        })
      })
    }, { trials: 1, trialTimeout: 50 })
    await run
    late(99)
    expect(study.trials().map(({ state, failure, value }) => [state, failure?.reason, value])).toEqual([['failed', 'timeout', undefined], ['complete', undefined, 1]])
  })

  it('put running trials back when the time of the study is over', async () => {
    const clock = new VirtualClock()
    const study = await createStudy({ space, seed: 1, use: [{ register: (registry) => registry.value(tokens.clock, clock) }] })
    const result = await study.optimize(async ({ number, signal }) => {
      if (number === 0) return 1
      const aborted = new Promise((resolve) => signal.addEventListener('abort', resolve))
      clock.advance(1000)
      await aborted
      return 2
    }, { timeout: 1000 })
    expect(result).toEqual({ reason: 'the time of 1000 ms is over', aborted: false })
    expect(study.trials().map(({ state }) => state)).toEqual(['complete', 'waiting'])
  })
})
