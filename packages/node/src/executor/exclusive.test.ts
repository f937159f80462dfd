import { setTimeout as delay } from 'node:timers/promises'
import { constant, systemClock, tokens, type Clock, type Evaluator, type Registry } from '@attune/core'
import { afterEach, describe, expect, it } from 'vitest'
import { processes } from './processes.ts'
import { cleanUp, isStopped, studyOn, ticks, training, until } from './studies.test-support.ts'
import { threads } from './threads.ts'

afterEach(cleanUp)

const trialTimeout = 3_600_000

/** The machine's clock, but the test says when the time of the trial is over. */
class HandledClock implements Clock {
  readonly specVersion = 'v1'
  readonly now = systemClock.now
  #timeIsOver: (() => void) | undefined
  #firing = false
  #granted: number | undefined

  schedule(milliseconds: number, callback: () => void, keepAlive?: boolean): () => void {
    if (milliseconds !== trialTimeout && !this.#firing) return systemClock.schedule(milliseconds, callback, keepAlive)
    this.#granted = milliseconds
    this.#timeIsOver = callback
    return () => (this.#timeIsOver = undefined)
  }

  /** Answers the milliseconds that the trial was granted on top, or undefined if it is told to end. */
  fire(): number | undefined {
    const timeIsOver = this.#timeIsOver
    this.#granted = undefined
    this.#firing = true
    timeIsOver?.()
    this.#firing = false
    return this.#granted
  }
}

describe.skipIf(process.platform !== 'linux')('exclusive work beside child processes (on Linux, where it is seen what a process computes)', () => {
  it('stops a child that computes in one piece, lets it go on, and gives its trial the time back', async () => {
    const clock = new HandledClock()
    const executor = processes({ slots: 1 })
    const study = await studyOn(executor, { use: [{ register: (registry: Registry) => registry.value(tokens.clock, clock) }] })
    const run = study.optimize(training('announces'), { trials: 1, trialTimeout, grace: 50, stop: ({ counts }) => (counts.failed > 0 ? 'enough' : undefined) })
    await until(() => study.trials()[0]?.reports.length === 1)
    const pid = study.trials()[0]!.attributes['pid'] as number
    const before = ticks(pid)
    await until(() => ticks(pid) > before + 5)
    await executor.exclusively!(async () => {
      const since = performance.now()
      await until(() => isStopped(pid) && performance.now() > since + 200)
      const held = performance.now() - since
      const more = clock.fire()
      expect(more).toBeGreaterThanOrEqual(held)
      expect(isStopped(pid)).toBe(true)
      expect(study.trials()[0]!.state).toBe('running')
    })
    const after = ticks(pid)
    await until(() => ticks(pid) > after + 5)
    expect(clock.fire()).toBeGreaterThan(0) // It was held for a moment more.
    expect(study.trials()[0]!.state).toBe('running')
    expect(clock.fire()).toBeUndefined()
    await run
    expect(study.trials()[0]!.failure?.reason).toBe('timeout')
  })

  it('ends a trial that is held when it should end', async () => {
    const executor = processes({ slots: 1 })
    const study = await studyOn(executor)
    const controller = new AbortController()
    const run = study.optimize(training('announces'), { trials: 1, grace: 50, signal: controller.signal })
    await until(() => study.trials()[0]?.reports.length === 1)
    await executor.exclusively!(async () => {
      controller.abort()
      await run
    })
    expect(study.trials()[0]!.state).toBe('waiting')
  })
})

describe.each([
  ['child processes', () => processes({ slots: 2 })],
  ['threads', () => threads({ slots: 2 })],
])('an evaluator that measures time, beside %s', (_kind, make) => {
  it('runs while no trial computes, and takes the artefact from its child', async () => {
    const executor = make()
    let inside = 0
    let most = 0
    let reported = 0
    const judge: Evaluator = {
      specVersion: 'v1',
      id: 'judge',
      exclusive: true,
      async evaluate(artifact) {
        most = Math.max(most, ++inside)
        const bytes = await artifact.bytes()
        const before = reported
        for (let turn = 0; turn < 20; turn++) await delay(1)
        // What the other child had sent before it was held may still arrive.
        expect(reported).toBeLessThanOrEqual(before + 1)
        inside--
        return { size: bytes.length }
      },
    }
    const study = await studyOn(executor, { space: { steps: constant(3), milliseconds: constant(5) } })
    study.on((event) => void (reported += event.type === 'trial.reported' ? 1 : 0))
    await study.optimize(training('computesThenAnswers'), { trials: 6, concurrency: 2, evaluators: [judge] })
    expect(study.trials().map(({ state, metrics }) => [state, metrics['size']])).toEqual(Array.from({ length: 6 }, () => ['complete', 3]))
    expect(most).toBe(1)
  })
})
