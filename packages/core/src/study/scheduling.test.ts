import { describe, expect, it } from 'vitest'
import { MemoryArtifacts } from '../artifact/memory-artifacts.ts'
import type { NextTrial, PrunerFactory } from '../contracts/pruner.ts'
import { minimize } from '../objective/objectives.ts'
import { float } from '../space/builders.ts'
import { MemoryStorage } from '../storage/memory-storage.ts'
import { systemClock } from '../system.ts'
import { createStudy } from './create-study.ts'
import type { StudyOptions } from './options.ts'
import { brokenChains, chained, halving, population, promoting } from './schedulers.test-support.ts'
import type { Study } from './study.ts'

const space = { x: float(0, 1) }
type Params = { readonly x: number }

const open = (options: Partial<StudyOptions<typeof space>> & { readonly artifacts?: MemoryArtifacts | undefined } = {}): Promise<Study<Params>> => {
  const artifacts = 'artifacts' in options ? options.artifacts : new MemoryArtifacts()
  return createStudy({ space, objective: minimize('loss'), seed: 1, ...options, ...(artifacts === undefined ? {} : { artifacts }) })
}

async function warningsOf(study: Study<Params>): Promise<readonly string[]> {
  const messages: string[] = []
  for await (const event of study.events()) if (event.type === 'warning') messages.push(event.message)
  return messages
}

/** A pruner that wants what a function says. */
const wanting = (next: (history: Parameters<PrunerFactory['create']>[0]['history']) => NextTrial | undefined): PrunerFactory => ({ specVersion: 'v1', id: 'test', create: ({ history }) => ({ judge: () => 'continue', next: () => next(history) }) })

describe('a pruner that promotes without waiting', () => {
  it.each([1, 4])('pauses trials at rungs and moves the best on; the total counts paused ones (%i at once)', async (concurrency) => {
    const study = await open({ pruner: promoting([1, 2, 4, 8]) })
    const ran: string[] = []
    const result = await study.optimize(chained(8, (number, step) => ran.push(`${number}:${step}`)), { trials: 20, concurrency })
    const trials = study.trials()
    expect(brokenChains(trials)).toEqual([])
    expect(new Set(ran).size).toBe(ran.length)
    expect(trials).toHaveLength(20)
    expect(() => study.best).toThrow('has no best trial yet: 0 complete, 0 pruned, 0 failed, 20 paused. The pruner let none go on to its end')
    expect(result.reason).toBe(`20 trials are done, 20 of them paused`)
    const reached = [1, 2, 4, 8].map((rung) => trials.filter(({ reports }) => reports.length >= rung).length)
    // What came late may be better than what had gone on: at least the best half of each rung goes on.
    for (const [i, number] of reached.slice(1).entries()) expect([number >= Math.floor(reached[i]! / 2), number < reached[i]!]).toEqual([true, true])
    expect(trials.map(({ attributes }) => attributes['ladder'])).toEqual(Array.from({ length: 20 }, () => '1 2 4 8'))
    expect(await warningsOf(study)).toEqual([])
  })

  it('writes only those that run into the trace of a suggestion', async () => {
    const study = await open({ pruner: promoting([1, 2]) })
    await study.optimize(chained(2), { trials: 10 })
    expect(study.trials().map(({ suggestion }) => suggestion?.running)).toEqual(Array.from({ length: 10 }, () => []))
  })
})

describe('a training without checkpoints', () => {
  it('is started again for each promotion and each fork, and that is told of a few trials, not of all', async () => {
    const promoted = await open({ pruner: promoting([1, 2, 4, 8]) })
    await promoted.optimize(async function* ({ params: { x }, toStep = 8 }) {
      for (let step = 1; step <= toStep; step++) yield { step, loss: x }
    }, { trials: 60 })
    const warnings = await warningsOf(promoted)
    expect([promoted.counts.paused, warnings.length]).toEqual([60, 10])
    expect(warnings.at(-1)).toMatch(/^Trial \d+ goes on from the beginning: .* This happens often, and is not told any more\.$/)
    const forked = await open({ pruner: wanting((history) => (history.length === 0 ? undefined : { fork: history.length - 1, params: { x: 0.5 } })) })
    await forked.optimize(({ params: { x } }) => x, { trials: 30 })
    expect([forked.counts.complete, (await warningsOf(forked)).length]).toEqual([30, 10])
  })
})

describe('a pruner that pauses a trial without a checkpoint at one step, and promotes it each time', () => {
  it('is told that the trial comes no further, and the run ends', async () => {
    const pruner: PrunerFactory = { specVersion: 'v1', id: 'test', create: ({ history }) => ({ judge: ({ number, step }) => (number === 0 && step === 2 ? 'pause' : 'continue'), next: () => (history.paused().length > 0 ? { promote: 0 } : undefined) }) }
    const study = await createStudy({ space, objective: minimize('loss'), seed: 1, pruner })
    let starts = 0
    const controller = new AbortController()
    const { reason } = await study.optimize(async function* ({ number, params: { x } }) {
      if (number === 0 && ++starts === 100) controller.abort()
      for (let step = 1; step <= 3; step++) yield { step, loss: x }
    }, { trials: 3, signal: controller.signal })
    expect([starts, reason, study.counts]).toEqual([7, '3 trials are done, 1 of them paused', { waiting: 0, running: 0, paused: 1, complete: 2, pruned: 0, failed: 0 }])
    expect((await warningsOf(study)).at(-1)).toMatch('trial 0 went on 6 times, and was paused each time before it came further')
  })
})

describe('a pruner that waits for a rung to fill', () => {
  it.each([1, 3, 8])('starts nothing meanwhile, and every trial ends (%i at once)', async (concurrency) => {
    const study = await open({ pruner: halving(4, [1, 2, 4]) })
    const { reason } = await study.optimize(chained(6), { trials: 8, concurrency })
    expect(brokenChains(study.trials())).toEqual([])
    expect(reason).toBe('8 trials are done')
    expect(study.counts).toEqual({ waiting: 0, running: 0, paused: 0, complete: 2, pruned: 6, failed: 0 })
    expect(study.trials().filter(({ state }) => state === 'complete').map(({ reports }) => reports.length)).toEqual([6, 6])
    for (const bracket of [0, 1]) expect(study.trials().filter(({ attributes }) => attributes['bracket'] === bracket).map(({ reports }) => reports.length).sort((a, b) => a - b)).toEqual([1, 1, 2, 6])
    expect(await warningsOf(study)).toEqual([])
  })

  it('is asked only when something has happened', async () => {
    let asked = 0
    const factory = halving(4, [1, 2])
    const counting: PrunerFactory = { ...factory, create: (problem) => {
      const pruner = factory.create(problem)
      return { judge: pruner.judge, next: (context) => (asked++, pruner.next!(context)) }
    } }
    const study = await open({ pruner: counting })
    await study.optimize(async function* ({ number, toStep = 3 }) {
      for (let step = 1; step <= toStep; step++) {
        if (number === 0) for (let i = 0; i < 200; i++) await new Promise((resolve) => setImmediate(resolve))
        yield { step, loss: number }
      }
    }, { trials: 4, concurrency: 8 })
    expect(asked).toBeLessThan(60)
  })

  it('where nothing runs is told so, once, and the sampler goes on', async () => {
    const study = await open({ pruner: wanting(() => 'wait') })
    await study.optimize(chained(1), { trials: 3, concurrency: 2 })
    expect(study.counts.complete).toBe(3)
    expect(await warningsOf(study)).toEqual(['The pruner wants what cannot be started, so the sampler goes on: it waits, but no trial runs whose end could change its mind'])
  })

  it('tells those who ask by hand to tell first', async () => {
    const study = await open({ pruner: halving(2, [1]) })
    const [one, two] = [await study.ask(), await study.ask()]
    await expect(study.ask()).rejects.toMatchObject({ code: 'PRUNER_WAITS' })
    await study.tell(one, { loss: 1 })
    await study.tell(two, { loss: 2 })
    expect((await study.ask()).number).toBe(2)
  })

  it('does not keep stop(), a signal, a time-out or close() from ending the run', async () => {
    const holding = wanting((history) => (history.length === 0 ? undefined : 'wait'))
    for (const end of ['stop', 'signal', 'timeout', 'close'] as const) {
      const study = await open({ pruner: holding })
      const controller = new AbortController()
      let begun!: () => void
      const running = new Promise<void>((resolve) => {
        begun = resolve
      })
      let release!: () => void
      const run = study.optimize(async ({ signal }) => {
        await new Promise<void>((resolve) => {
          release = resolve
          signal.addEventListener('abort', () => resolve())
          begun()
        })
        return { loss: 1 }
      }, { trials: 5, concurrency: 3, signal: controller.signal, ...(end === 'timeout' ? { timeout: 50 } : {}) })
      await running
      await new Promise((resolve) => setImmediate(resolve))
      if (end === 'stop') study.stop()
      if (end === 'signal') controller.abort()
      const closed = end === 'close' ? study.close() : undefined
      if (end === 'stop') release()
      await run
      await closed
      expect(study.counts).toMatchObject(end === 'stop' ? { complete: 1, waiting: 0 } : { complete: 0, waiting: 1 })
    }
  })
})

describe('a pruner that forks', () => {
  it('replaces the worst by forks of the best, from their checkpoints, and ends the run when its population is trained', async () => {
    const study = await open({ pruner: population(4, 2, 8) })
    const ran: string[] = []
    const { reason } = await study.optimize(chained(8, (number, step) => ran.push(`${number}:${step}`)), { trials: 100, concurrency: 3 })
    const trials = study.trials()
    expect(reason).toBe('the population is trained')
    expect(brokenChains(trials)).toEqual([])
    expect(new Set(ran).size).toBe(ran.length)
    const forks = trials.filter(({ origin }) => origin === 'fork')
    expect(forks.map(({ attributes, reports }) => [attributes['generation'], reports[0]!.step])).toEqual([[1, 3], [2, 5], [3, 7]])
    expect(study.counts).toMatchObject({ complete: 4, pruned: 3, paused: 0, failed: 0 })
    for (const { parent, checkpoint } of forks) expect([parent, checkpoint]).toEqual([expect.any(Number), expect.anything()])
    expect(await warningsOf(study)).toEqual([])
  })

  it('goes on from the parent\'s checkpoint also after a crash before its own first one', async () => {
    const [storage, artifacts] = [new MemoryStorage(systemClock), new MemoryArtifacts()]
    const forking = wanting((history) => (history.length === 1 ? { fork: 0, params: { x: 0.5 }, toStep: 6 } : undefined))
    const controller = new AbortController()
    const first = await open({ storage, artifacts, pruner: forking })
    await first.optimize(chained(4, (number) => number === 1 && controller.abort()), { trials: 2, signal: controller.signal, checkpointEvery: 2 })
    expect(first.trial(1)).toMatchObject({ state: 'waiting', parent: 0, toStep: 6, checkpoint: { step: 4 } })
    await first.close()
    const second = await open({ storage, artifacts, pruner: forking, ifExists: 'resume' })
    await second.optimize(chained(9), { trials: 2 })
    expect(second.trial(1)).toMatchObject({ state: 'paused', attempt: 2, reports: [{ step: 5 }, { step: 6 }] })
    expect(brokenChains(second.trials())).toEqual([])
  })
})

describe('a scheduler that cannot be made again after a correction', () => {
  it('P17: a scheduler that cannot be made again after a correction is told of, and trials go on without it', async () => {
    const made: number[] = []
    const factory = promoting([1, 2])
    const study = await open({ pruner: { ...factory, create: (problem) => {
      made.push(made.length)
      if (made.length > 1) throw new Error('poison')
      return factory.create(problem)
    } } })
    await study.optimize(chained(3), { trials: 4 })
    await study.void(0, 'wrong data')
    await study.optimize(chained(3), { trials: 6 })
    expect(study.counts.complete).toBeGreaterThan(0)
    expect([made.length, await warningsOf(study)]).toEqual([2, ['The pruner has failed, so trials go on where it cannot judge them: poison']])
  })
})

describe('a step to pause at', () => {
  it('holds where the owner died between the last report and the pause: the trial is not run on, and not complete', async () => {
    const [storage, artifacts] = [new MemoryStorage(systemClock), new MemoryArtifacts()]
    const study = await open({ storage, artifacts, pruner: wanting((history) => (history.length === 0 ? { suggest: true, toStep: 3 } : undefined)) })
    const trial = await study.ask()
    for (const step of [1, 2]) await trial.report({ step, loss: 1, checkpoint: () => Uint8Array.of(step) })
    // What a process does that dies right after its report: nothing more.
    storage.write(study.summary.id, { id: 'report', operations: [
      { type: 'report', number: 0, token: trial.token, step: 3, metrics: { loss: 1 } },
      { type: 'checkpoint', number: 0, token: trial.token, step: 3, artifact: { hash: artifacts.put(Uint8Array.of(3)), size: 1, kind: 'checkpoint' } },
      { type: 'sweep', gone: [study.trial(0).owner!] },
    ] })
    const again = await open({ storage, artifacts, ifExists: 'resume' })
    const ran: number[] = []
    const { reason } = await again.optimize(chained(5, (_, step) => ran.push(step)), { trials: 1 })
    expect([reason, ran]).toEqual(['1 trial is done, 1 of them paused', []])
    expect(again.trial(0)).toMatchObject({ state: 'paused', reports: [{ step: 1 }, { step: 2 }, { step: 3 }] })
  })

  it('that a trial is beyond is refused, and the sampler goes on', async () => {
    const study = await open({ pruner: wanting((history) => (history.length === 0 ? { suggest: true, toStep: 3 } : history.paused().length > 0 ? { promote: 0, toStep: 3 } : undefined)) })
    await study.optimize(chained(4), { trials: 2 })
    expect(study.trials().map(({ state }) => state)).toEqual(['paused', 'complete'])
    expect(await warningsOf(study)).toEqual(['The pruner wants what cannot be started, so the sampler goes on: trial 0 is at step 3 already, so nothing can go on from there to step 3'])
  })
})

describe('several processes that schedule one study', () => {
  const together = async (pruner: PrunerFactory, trials: number, steps: number): Promise<Study<Params>> => {
    const [storage, artifacts] = [new MemoryStorage(systemClock), new MemoryArtifacts()]
    const studies = await Promise.all([0, 1, 2].map(() => open({ storage, artifacts, pruner, ifExists: 'resume' })))
    await Promise.all(studies.map((study) => study.optimize(chained(steps, () => new Promise((resolve) => setImmediate(resolve))), { trials, concurrency: 2 })))
    const study = await open({ storage, artifacts, ifExists: 'resume' })
    expect(brokenChains(study.trials())).toEqual([])
    expect(await warningsOf(study)).toEqual([])
    return study
  }

  it('fill one bracket after the other, and halve each once', async () => {
    const study = await together(halving(4, [1, 2]), 12, 3)
    expect(study.counts).toEqual({ waiting: 0, running: 0, paused: 0, complete: 3, pruned: 9, failed: 0 })
  })

  it('fork one population, once a generation', async () => {
    const study = await together(population(4, 2, 8), 50, 8)
    expect(study.trials().filter(({ origin }) => origin === 'fork').map(({ attributes }) => attributes['generation'])).toEqual([1, 2, 3])
    expect(study.counts).toMatchObject({ complete: 4, pruned: 3, paused: 0, failed: 0 })
  })
})

describe('trials that are run by hand', () => {
  it('are paused by prune() where they have reached their step, and go on later from there', async () => {
    const study = await open({ pruner: wanting((history) => (history.length === 0 ? { suggest: true, toStep: 2 } : history.paused().length > 0 ? { promote: 0 } : undefined)) })
    const trial = await study.ask()
    expect([await trial.report({ step: 1, loss: 3 }), await trial.report({ step: 2, loss: 2, checkpoint: () => Uint8Array.of(2) })]).toEqual(['continue', 'stop'])
    expect(await study.prune(trial)).toMatchObject({ state: 'paused', reports: [{ step: 1 }, { step: 2 }] })
    const resumed = await study.ask()
    expect(resumed).toMatchObject({ number: 0, attempt: 2, resumeFrom: { step: 2 }, toStep: undefined })
    expect(await study.tell(resumed, { loss: 1 })).toMatchObject({ state: 'complete', value: 1 })
  })
})

describe('a study that is deleted while it runs', () => {
  it('ends the run with its error, and leaves nothing behind', async () => {
    const storage = new MemoryStorage(systemClock)
    const study = await open({ storage, pruner: promoting([1, 2]) })
    const left: number[] = []
    await expect(study.optimize(async function* ({ number }) {
      try {
        yield { step: 1, loss: 1 }
        if (number === 3) storage.deleteStudy('study', 'delete')
        yield { step: 2, loss: 1 }
      } finally {
        left.push(number)
      }
    }, { trials: 10, concurrency: 2 })).rejects.toMatchObject({ code: 'STUDY_NOT_FOUND' })
    expect(left).toContain(3)
    await study.close().catch((error: unknown) => expect(error).toMatchObject({ code: 'STUDY_NOT_FOUND' }))
  })
})

describe('what a pruner wants', () => {
  it.each([
    ['a trial that does not exist', { promote: 7 }],
    ['a trial that is not paused', { promote: 0 }],
    ['the end of a trial that is not paused', { prune: 0 }],
    ['a fork of a trial that does not exist', { fork: 7, params: { x: 0.5 } }],
    ['a fork with parameters that the space does not have', { fork: 0, params: { y: 1 } }],
    ['a step that is none', { suggest: true, toStep: 1.5 }],
    ['attributes that are no JSON', { suggest: true, attributes: { f: () => 1 } }],
    ['two things', { suggest: true, promote: 0 }],
    ['nothing that is known', 'go'],
  ])('P17: what a pruner wants and cannot have (%s) is told, once, and the sampler goes on', async (_, wanted) => {
    const study = await open({ pruner: wanting((history) => (history.length === 0 ? undefined : (wanted as NextTrial))) })
    const result = await study.optimize(chained(2), { trials: 4, concurrency: 2 })
    expect([result.reason, study.counts.complete]).toEqual(['4 trials are done', 4])
    const told = await warningsOf(study)
    expect(told.every((message) => message.startsWith('The pruner wants what cannot be started, so the sampler goes on: '))).toBe(true)
    expect([told.length >= 1, told.length <= 2]).toEqual([true, true]) // A trial may be running at first, and complete later.
  })

  it('may be a paused trial that another process has promoted meanwhile: it is asked again', async () => {
    const storage = new MemoryStorage(systemClock)
    const artifacts = new MemoryArtifacts()
    const pruner = promoting([1, 2, 4])
    const studies = await Promise.all([0, 1, 2].map(() => open({ storage, artifacts, pruner, ifExists: 'resume' })))
    await Promise.all(studies.map((study) => study.optimize(chained(4, () => new Promise((resolve) => setImmediate(resolve))), { trials: 24, concurrency: 2 })))
    const study = await open({ storage, artifacts, ifExists: 'resume' })
    expect(brokenChains(study.trials())).toEqual([])
    expect(study.trials()).toHaveLength(24)
    const reached = [1, 2, 4].map((rung) => study.trials().filter(({ reports }) => reports.length >= rung).length)
    expect([reached[0], reached[1]! >= 12, reached[2]! >= 6]).toEqual([24, true, true])
    expect(await warningsOf(study)).toEqual([])
  })
})
