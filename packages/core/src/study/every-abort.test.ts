import { describe, expect, it } from 'vitest'
import { MemoryArtifacts } from '../artifact/memory-artifacts.ts'
import type { Evaluator } from '../contracts/evaluator.ts'
import { VirtualClock } from '../virtual-clock.test-support.ts'
import type { OptimizeResult } from './options.ts'
import { never, outcomeOf, pass, SharedStorage, stories, turn, undisturbed, type Around, type Process, type Story } from './whole-study.test-support.ts'

const grace = 2_000
const ways = ['signal', 'close', 'stop', 'timeout'] as const
type Way = (typeof ways)[number]

interface Ended {
  readonly reason: string
  /** Milliseconds of virtual time that the run took to end once it was asked to. */
  readonly took: number
  /** Timers that are left once the study is closed. */
  readonly timers: number
  /** Trials that run for nobody. */
  readonly held: number
  readonly closedStorages: number
  /** False if the run was over before. */
  readonly aborted: boolean
  readonly storage: SharedStorage
  readonly artifacts: MemoryArtifacts
  readonly clock: VirtualClock
}

/** Runs a story whose calls take a turn each, and ends it in the k-th call, as the call begins or as it ends. `hanging` calls never answer from then on. */
async function endedAt(story: Story, nth: number, when: 'as it begins' | 'as it ends', way: Way, hanging: (name: string) => boolean = () => false, clock: VirtualClock = new VirtualClock()): Promise<Ended> {
  const [storage, artifacts] = [new SharedStorage(clock), new MemoryArtifacts({ clock })]
  const controller = new AbortController()
  let calls = 0
  let end: (() => void) | undefined
  let closedStorages = 0
  const around: Around = (name, call) => (name.startsWith('pruner.') ? call() : slowly(name, call))
  const slowly = async (name: string, call: () => unknown): Promise<unknown> => {
    if (name === 'storage.close') closedStorages++
    const mine = end !== undefined && calls++ === nth
    if (mine && when === 'as it begins') end!()
    await turn()
    if (hanging(name) && calls > nth) return never
    const answer = await call()
    if (mine && when === 'as it ends') end!()
    await turn()
    return answer
  }
  const process: Process = { clock, storage, artifacts, identity: 'first', around }
  const study = await pass(clock, story.open(process))
  let asked: number | undefined
  let closing: Promise<void> | undefined
  end = () => {
    asked = clock.now()
    if (way === 'signal') controller.abort()
    else if (way === 'stop') study.stop()
    else if (way === 'close') closing = study.close()
    else clock.advance(60_000) // The time of the run is over.
  }
  let over = 0
  const run: Promise<OptimizeResult> = story.run(study, process, { signal: controller.signal, grace, ...(way === 'timeout' ? { timeout: 60_000 } : {}) })
  const { reason } = await pass(clock, run.finally(() => {
    over = clock.now()
  }))
  end = undefined
  await pass(clock, closing ?? study.close())
  for (let i = 0; i < 20; i++) await turn() // What was left behind may end.
  const [summary] = storage.listStudies()
  return { reason, took: asked === undefined ? 0 : over - asked, timers: clock.pending, held: summary!.counts.running, closedStorages, aborted: asked !== undefined, storage, artifacts, clock }
}

const reasons: { readonly [way in Way]: string } = { signal: 'it was interrupted', close: 'the study was closed', stop: 'stop() was called', timeout: 'the time of 60000 ms is over' }

for (const story of stories) {
  describe(`ending ${story.name} at every call`, async () => {
    const whole = await undisturbed(story)

    it.each(ways.flatMap((way) => (['as it begins', 'as it ends'] as const).map((when) => [way, when] as const)))(`P16: a run that is ended in the midst of any call settles in bounded time, leaves nothing behind and can be gone on with: by %s, %s (${story.name})`, async (way, when) => {
      let ended = 0
      for (let nth = 0; ; nth++) {
        const one = await endedAt(story, nth, when, way)
        if (!one.aborted) break
        ended++
        const at = `${way} ${when} of call ${nth}`
        expect([at, one.timers, one.held, one.closedStorages]).toEqual([at, 0, 0, 1])
        expect([at, one.took <= 2 * grace + (way === 'timeout' ? 60_000 : 0)]).toEqual([at, true])
        if (one.reason !== whole.reason) expect([at, one.reason]).toEqual([at, reasons[way]])
        // A few of them are gone on with: it is the same study.
        if (nth % 7 !== 0) continue
        const process: Process = { clock: one.clock, storage: one.storage, artifacts: one.artifacts, identity: 'second' }
        const study = await pass(one.clock, story.open(process))
        await pass(one.clock, story.run(study, process))
        expect([at, outcomeOf(study), story.problems(study)]).toEqual([at, whole.outcome, []])
        await pass(one.clock, study.close())
      }
      expect(ended).toBeGreaterThan(20)
    })
  })
}

describe('a run that is ended between two turns of the event loop', () => {
  it.each(stories)('P16: a run settles, leaves nothing behind and can be gone on with, after whatever number of microtasks it is ended ($name)', async (story) => {
    const whole = await undisturbed(story)
    for (let microtasks = 0; ; microtasks++) {
      const way = ways[microtasks % 3]!
      const clock = new VirtualClock()
      const [storage, artifacts] = [new SharedStorage(clock), new MemoryArtifacts({ clock })]
      const process: Process = { clock, storage, artifacts, identity: 'first' }
      const study = await pass(clock, story.open(process))
      const controller = new AbortController()
      let over = false
      const run = story.run(study, process, { signal: controller.signal, grace }).finally(() => {
        over = true
      })
      for (let i = 0; i < microtasks && !over; i++) await Promise.resolve()
      if (over) {
        expect(microtasks).toBeGreaterThan(100)
        return
      }
      if (way === 'signal') controller.abort()
      else if (way === 'stop') study.stop()
      const closing = way === 'close' ? study.close() : undefined
      const { reason } = await pass(clock, run)
      await pass(clock, closing ?? study.close())
      const at = `${way} after ${microtasks} microtasks`
      expect([at, clock.pending, storage.listStudies()[0]!.counts.running]).toEqual([at, 0, 0])
      if (reason !== whole.reason) expect([at, reason]).toEqual([at, reasons[way]])
      const second: Process = { clock, storage, artifacts, identity: 'second' }
      const again = await pass(clock, story.open(second))
      await pass(clock, story.run(again, second))
      expect([at, outcomeOf(again), story.problems(again)]).toEqual([at, whole.outcome, []])
      await pass(clock, again.close())
    }
  })
})

describe('what does not end', () => {
  const story = stories[0]!

  it.each(['trainer.step', 'execution.end', 'trainer.release', 'evaluator.evaluate', 'artifacts.put', 'artifacts.get', 'sampler.suggest', 'executor.close'])('P16: a run that is interrupted while %s hangs for ever ends all the same, within its grace periods', async (name) => {
    let hung = 0
    for (let nth = 0; nth < 80; nth += 9) {
      const one = await endedAt(story, nth, 'as it begins', 'signal', (called) => called === name && (hung++, true))
      expect([nth, one.timers, one.closedStorages]).toEqual([nth, 0, 1])
      expect([nth, one.took <= 3 * grace]).toEqual([nth, true])
    }
    expect(hung).toBeGreaterThan(0)
  })

  it('P16: each part of a trial has the whole grace period: an evaluator, too, long after the training has ended', async () => {
    const clock = new VirtualClock()
    const process: Process = { clock, storage: new SharedStorage(clock), artifacts: new MemoryArtifacts({ clock }), identity: 'only' }
    const study = await pass(clock, story.open(process))
    const controller = new AbortController()
    const order: string[] = []
    const slow: Evaluator = { specVersion: 'v1', id: 'slow', exclusive: false, evaluate: (_, { signal }) => new Promise((resolve) => {
      signal.addEventListener('abort', () => clock.schedule(grace / 2, () => {
        order.push('cleaned up')
        resolve({ size: 1 })
      }))
      clock.schedule(10 * grace, () => controller.abort())
    }) }
    await pass(clock, story.run(study, process, { evaluators: [slow], concurrency: 1, signal: controller.signal, grace }))
    order.push('ended')
    expect(order).toEqual(['cleaned up', 'ended'])
    await pass(clock, study.close())
    expect(clock.pending).toBe(0)
  })

  it('P16, broken twin: a run whose grace period never ends is found out', async () => {
    class Patient extends VirtualClock {
      override schedule(milliseconds: number, callback: () => void): () => void {
        return milliseconds > 0 && milliseconds <= grace ? () => undefined : super.schedule(milliseconds, callback)
      }
    }
    const found: unknown[] = []
    for (let nth = 0; nth < 40 && found.length === 0; nth += 4) await endedAt(story, nth, 'as it begins', 'signal', (called) => called === 'trainer.step', new Patient()).catch((error: unknown) => found.push(error))
    expect(found).toMatchObject([{ message: 'It does not end.' }])
  })
})
