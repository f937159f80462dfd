import { setTimeout as delay } from 'node:timers/promises'
import { constant, type Evaluator } from '@attune/core'
import { afterEach, describe, expect, it } from 'vitest'
import { processes } from './processes.ts'
import { cleanUp, studyOn, ticks, training, until } from './studies.test-support.ts'
import { threads } from './threads.ts'

afterEach(cleanUp)

describe.skipIf(process.platform !== 'linux')('exclusive work beside child processes (on Linux, where it is seen what a process computes)', () => {
  it('stops a child that computes in one piece, lets it go on, and gives its trial the time back', async () => {
    const executor = processes({ slots: 1 })
    const study = await studyOn(executor)
    const trialTimeout = 1500
    const run = study.optimize(training('announces'), { trials: 1, trialTimeout, grace: 50, stop: ({ counts }) => (counts.failed > 0 ? 'enough' : undefined) })
    await until(() => study.trials()[0]?.reports.length === 1)
    const pid = study.trials()[0]!.attributes['pid'] as number
    const before = ticks(pid)
    await until(() => ticks(pid) > before + 5)
    await executor.exclusively!(async () => {
      const held = ticks(pid)
      await delay(2 * trialTimeout)
      expect(ticks(pid) - held).toBeLessThanOrEqual(2)
      expect(study.trials()[0]!.state).toBe('running')
    })
    const after = ticks(pid)
    await until(() => ticks(pid) > after + 5)
    await run
    expect(study.trials()[0]!.failure?.reason).toBe('timeout')
    expect(study.trials()[0]!.endedAt! - study.trials()[0]!.startedAt!).toBeGreaterThan(3 * trialTimeout)
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
