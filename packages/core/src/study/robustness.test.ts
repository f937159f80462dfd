import { afterEach, describe, expect, it, vi } from 'vitest'
import { tokens } from '../container/tokens.ts'
import { MemoryArtifacts } from '../artifact/memory-artifacts.ts'
import type { Artifact } from '../contracts/artifact.ts'
import type { StudyEvent } from '../contracts/event.ts'
import type { PrunerFactory } from '../contracts/pruner.ts'
import type { SamplerFactory } from '../contracts/sampler.ts'
import type { Report, Trainer, TrainingResult } from '../contracts/trainer.ts'
import { minimize } from '../objective/objectives.ts'
import { random } from '../random/random-sampler.ts'
import { choice, float } from '../space/builders.ts'
import { MemoryStorage } from '../storage/memory-storage.ts'
import { systemClock } from '../system.ts'
import { VirtualClock } from '../virtual-clock.test-support.ts'
import { InProcessExecutor } from '../executor/in-process-executor.ts'
import { createStudy } from './create-study.ts'
import type { StudyOptions } from './options.ts'
import { noProgress } from './stop-rules.ts'

const space = { x: float(0, 1) }
const never = new Promise<never>(() => undefined)
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** A clock in a module, and a way to let time pass while something is under way. */
function timed(): { readonly clock: VirtualClock; readonly use: NonNullable<StudyOptions['use']>; pass<T>(work: Promise<T>, step?: number): Promise<T> } {
  const clock = new VirtualClock()
  return {
    clock,
    use: [{ register: (registry) => registry.value(tokens.clock, clock) }],
    async pass(work, step = 100) {
      let over = false
      const watched = work.finally(() => {
        over = true
      })
      watched.catch(() => undefined)
      while (!over) {
        await turn()
        if (!over) clock.advance(step)
      }
      return watched
    },
  }
}

describe('lanes', () => {
  it('that wait for the last trial of the total are woken when its value was known already', { timeout: 10_000 }, async () => {
    const study = await createStudy({ space: { a: choice(['x', 'y', 'z']) }, duplicates: 'reuse', seed: 2 })
    for (let i = 0; i < 2; i++) await study.tell(await study.ask(), i)
    const slow: SamplerFactory = { ...random(), create: (problem) => ({ suggest: async () => { await turn(); return { params: problem.history.trial(0).flatParams } } }) }
    const again = await createStudy({ space: { a: choice(['x', 'y', 'z']) }, duplicates: 'reuse', sampler: slow, seed: 2 })
    await again.add({ params: { a: 'x' }, value: 1 })
    const result = await again.optimize(() => 1, { trials: 2, concurrency: 2 })
    expect(result.reason).toBe('2 trials are done')
  })

  it('that ask for a trial when the run has failed start none', async () => {
    const slow: SamplerFactory = { ...random(), create: ({ space: { dimensions } }) => ({ suggest: async () => { await turn(); return { params: { [dimensions[0]!.path]: 0.5 } } } }) }
    const study = await createStudy({ space, sampler: slow, seed: 1 })
    let runs = 0
    const failing = (): number => {
      runs++
      throw new Error('no such file')
    }
    await expect(study.optimize(failing, { trials: 20, concurrency: 4 })).rejects.toMatchObject({ code: 'OBJECTIVE_FAILS' })
    expect([runs, study.columns.length]).toEqual([3, 3])
  })

  it('of two studies on one storage see each other, give unique numbers, and never spin on a known value', { timeout: 20_000 }, async () => {
    const storage = new MemoryStorage(systemClock)
    const events: [StudyEvent[], StudyEvent[]] = [[], []]
    const open = (i: 0 | 1): ReturnType<typeof createStudy<typeof space>> => createStudy({ storage, space, seed: 1, ifExists: 'resume', duplicates: 'reuse', loggers: [{ specVersion: 'v1', id: `log ${i}`, create: () => ({ cursor: 0, log: (event) => void events[i].push(event), flush() {}, close() {} }) }] })
    const [a, b] = [await open(0), await open(1)]
    const numbers: number[] = []
    for (let i = 0; i < 20; i++) {
      const study = i % 3 === 0 ? a : b
      const trial = await study.ask()
      numbers.push(trial.number)
      await study.tell(trial, i)
    }
    await Promise.all([a.refresh(), b.refresh()])
    expect(numbers).toEqual(Array.from({ length: 20 }, (_, i) => i))
    expect(a.trials().map(({ value }) => value)).toEqual(b.trials().map(({ value }) => value))
    await a.close()
    await b.refresh()
    await b.close()
    const told = (list: readonly StudyEvent[]): string[] => list.map(({ revision, type }) => `${revision} ${type}`)
    expect(told(events[0])).toEqual(told(events[1]).slice(0, events[0].length))
    expect(new Set(told(events[1])).size).toBe(events[1].length)
  })

  it('that reuse a value, when another study was quicker to take the number, ask again', { timeout: 5_000 }, async () => {
    const storage = new MemoryStorage(systemClock)
    const only = { a: choice(['x', 'y']) }
    const same: SamplerFactory = { ...random(), create: () => ({ suggest: () => ({ params: { a: 'x' } }) }) }
    const [one, two] = [await createStudy({ storage, space: only, sampler: same, duplicates: 'reuse', seed: 1 }), await createStudy({ storage, space: only, sampler: same, duplicates: 'reuse', seed: 1, ifExists: 'resume' })]
    await one.tell(await one.ask(), 1)
    await two.refresh()
    await one.add({ params: { a: 'x' }, value: 2 })
    await two.optimize(() => 5, { trials: 4 })
    expect(two.columns.length).toBe(4)
    expect(two.trials().at(-1)).toMatchObject({ origin: 'replicate', parent: 0, value: 1 })
  })
})

describe('a run that is aborted', () => {
  const hanging: readonly (readonly [string, () => Partial<StudyOptions<typeof space>> & { readonly trainer: Trainer; readonly evaluate?: () => Promise<{ readonly size: number }> }])[] = [
    ['a sampler that never answers', () => ({ sampler: { ...random(), create: () => ({ suggest: () => never }) }, trainer: trainerOf(async function* () { yield { step: 1, value: 1 } }) })],
    ['a trainer that never yields', () => ({ trainer: trainerOf(async function* () { await never; yield { step: 1, value: 1 } }) })],
    ['a trainer that never ends its clean-up', () => ({ trainer: trainerOf(async function* () { try { yield { step: 1, value: 1 }; await never } finally { await never } }) })],
    ['a checkpoint that is never made', () => ({ artifacts: new MemoryArtifacts(), trainer: trainerOf(async function* () { yield { step: 1, value: 1, checkpoint: () => never } }) })],
    ['an evaluator that never answers', () => ({ trainer: trainerOf(async function* () { yield { step: 1, value: 1 }; return artifact }), evaluate: () => never })],
    ['a model that never comes', () => ({ artifacts: new MemoryArtifacts(), trainer: trainerOf(async function* () { yield { step: 1, value: 1 }; return { ...artifact, bytes: () => never } }) })],
  ]
  const artifact: Artifact = { kind: 'bytes', bytes: () => Uint8Array.of(1), as: () => Promise.reject(new Error('no')) }

  function trainerOf(train: () => AsyncGenerator<Report, TrainingResult, void>): Trainer {
    return { specVersion: 'v1', id: 'test', concurrency: 'shared', train }
  }

  it.each(hanging)('ends within the grace period, and leaves no timer: %s', { timeout: 10_000 }, async (_, parts) => {
    const { trainer, evaluate, ...options } = parts()
    const { clock, use, pass } = timed()
    const study = await createStudy({ space, seed: 1, use, ...options })
    const controller = new AbortController()
    const evaluators = evaluate === undefined ? [] : [{ specVersion: 'v1' as const, id: 'test', exclusive: true, evaluate }]
    const run = study.optimize(trainer, { trials: 3, concurrency: 2, signal: controller.signal, evaluators })
    for (let i = 0; i < 5; i++) await turn()
    const begin = clock.now()
    controller.abort()
    expect(await pass(run)).toMatchObject({ aborted: true })
    expect(clock.now() - begin).toBeLessThanOrEqual(5200)
    expect(study.counts.running).toBe(0)
    await pass(study.close())
    expect(clock.pending).toBe(0)
  })

  it('by closing the study ends as interrupted: the trial is put back, and nothing is thrown', { timeout: 10_000 }, async () => {
    const { clock, use, pass } = timed()
    const storage = new MemoryStorage(clock)
    const study = await createStudy({ storage, space, seed: 1, use })
    const run = study.optimize(() => never, { trials: 3 })
    await turn()
    await pass(study.close())
    expect(await run).toEqual({ reason: 'the study was closed', aborted: false })
    expect(study.trial(0)).toMatchObject({ state: 'waiting', earlierFailures: [{ reason: 'aborted' }] })
    expect(clock.pending).toBe(0)
  })

  it('leaves the sampler to those who ask by hand afterwards', async () => {
    const signals: boolean[] = []
    const study = await createStudy({ space, seed: 1, sampler: { ...random(), create: (problem) => ({ suggest: ({ signal, random: stream }) => (signals.push(signal.aborted), { params: problem.space.sample(stream) }) }) } })
    const controller = new AbortController()
    controller.abort()
    expect(await study.optimize(() => 1, { trials: 1, signal: controller.signal })).toMatchObject({ aborted: true })
    await study.ask()
    expect(signals).toEqual([false])
  })

  it('before the study could say so leaves no timer', async () => {
    const { clock, use, pass } = timed()
    const storage = Object.assign(new MemoryStorage(clock), {})
    const study = await createStudy({ storage, space, seed: 1, use })
    const write = vi.spyOn(storage, 'write').mockImplementation(() => { throw new Error('gone') })
    await expect(pass(study.optimize(() => 1, { timeout: 1000 }))).rejects.toThrow('gone')
    write.mockRestore()
    await study.close()
    expect(clock.pending).toBe(0)
  })

  it('does not wait for the clean-up of a generator that has ignored the abort already', { timeout: 10_000 }, async () => {
    const { clock, use, pass } = timed()
    const study = await createStudy({ space, seed: 1, use })
    const begin = clock.now()
    await pass(study.optimize(async function* (trial) {
      if (trial.number === 0) await never
      yield { step: 1, value: 1 }
    }, { trials: 1, trialTimeout: 1000, grace: 3000 }))
    expect(clock.now() - begin).toBeLessThanOrEqual(4100)
    expect(study.trial(0).failure!.reason).toBe('timeout')
  })
})

describe('plugins that throw', () => {
  const broken: PrunerFactory = { specVersion: 'v1', id: 'broken', create: () => ({ judge: () => { throw new Error('bug in judge') }, next: () => { throw new Error('bug in next') } }) }

  it('a pruner: trials go on, and it is told', async () => {
    const study = await createStudy({ space, pruner: broken, seed: 1 })
    const warnings: string[] = []
    study.on((event) => event.type === 'warning' && warnings.push(event.message))
    await study.optimize(async function* () { yield { step: 1, value: 1 } }, { trials: 2 })
    expect(study.counts.complete).toBe(2)
    expect(warnings.sort()).toEqual(['The pruner has failed, so trials go on where it cannot judge them: bug in judge', 'The pruner has failed, so trials go on where it cannot judge them: bug in next'])
  })

  it('a listener: the study goes on, the others hear everything, and it is told', async () => {
    const study = await createStudy({ space, seed: 1 })
    const seen: string[] = []
    study.on(() => { throw new Error('bug in listener') })
    study.on((event) => seen.push(event.type))
    await study.optimize(() => 1, { trials: 1 })
    expect(seen.filter((type) => type !== 'warning')).toEqual(['study.started', 'trial.asked', 'trial.started', 'trial.completed', 'best.improved', 'study.stopped'])
    expect(seen.filter((type) => type === 'warning')).toHaveLength(1)
  })

  it('a listener that acts: everybody hears everything in the order of the history', async () => {
    const study = await createStudy({ space, seed: 1 })
    const seen: number[] = []
    study.on((event) => { if (event.type === 'best.improved') study.warn('me', `new best ${event.trial.number}`) })
    study.on((event) => seen.push(event.revision))
    await study.optimize(({ number }) => -number, { trials: 3 })
    expect(seen).toEqual([...seen].sort((a, b) => a - b))
  })

  it('a sampler, when it is told of a trial: the result is kept, everybody hears of it, and the next suggestion says why', async () => {
    const thrown = new Error('bug in observe')
    const study = await createStudy({ space, seed: 1, sampler: { ...random(), create: () => ({ observe: () => { throw thrown }, suggest: () => ({ params: { x: 0.5 } }) }) } })
    const seen: string[] = []
    study.on((event) => seen.push(event.type))
    expect(await study.tell(await study.ask(), 3)).toMatchObject({ state: 'complete', value: 3 })
    expect(seen).toContain('trial.completed')
    await expect(study.ask()).rejects.toBe(thrown)
  })

  it('a sampler is never told of a trial while it suggests', async () => {
    let suggesting = false
    const told: [number, boolean][] = []
    const study = await createStudy({ space, seed: 1, sampler: { ...random(), create: (problem) => ({
      observe: ({ number }) => void told.push([number, suggesting]),
      async suggest({ random: stream }) {
        suggesting = true
        for (let i = 0; i < 5; i++) await turn()
        suggesting = false
        return { params: problem.space.sample(stream) }
      },
    }) } })
    const first = await study.ask()
    const asking = study.ask()
    await turn()
    expect(suggesting).toBe(true)
    await study.tell(first, 1)
    expect(told).toEqual([])
    await asking
    expect(told).toEqual([[0, false]])
  })

  it('an evaluator and a trainer that cannot be released do not hide how the run ended', async () => {
    const study = await createStudy({ space, seed: 1 })
    const release = (): never => { throw new Error('stuck') }
    const result = await study.optimize({ specVersion: 'v1', id: 'stuck', concurrency: 'shared', async *train() { yield { step: 1, value: 1 } }, release }, { trials: 1 })
    expect(result.reason).toBe('1 trial is done')
  })
})

describe('what is thrown', () => {
  const hostile = Object.defineProperty(new Error('x'), 'stack', { get() { throw new Error('no stack') } })
  const bare = Object.create(null) as object
  it.each([
    ['a text', 'plain', 'plain'],
    ['null', null, 'null'],
    ['undefined', undefined, 'undefined'],
    ['an object', { code: 7 }, '{"code":7}'],
    ['an object without a prototype', Object.assign(bare, { toJSON() { throw new Error('no') } }), 'something was thrown that cannot be shown'],
    ['an error without a stack', hostile, 'x'],
    ['a symbol', Symbol('s'), 'Symbol(s)'],
  ])('%s fails the trial with a reason, and no more', async (_, thrown, message) => {
    const study = await createStudy({ space, seed: 1 })
    await study.optimize(({ number }) => { if (number === 0) throw thrown as Error; return 1 }, { trials: 1 })
    expect(study.trial(0)).toMatchObject({ state: 'failed', failure: { reason: 'error', message } })
  })

  it('is cut where it is huge', async () => {
    const study = await createStudy({ space, seed: 1 })
    await study.optimize(({ number }) => { if (number === 0) throw new Error('x'.repeat(1_000_000)); return 1 }, { trials: 1 })
    expect(study.trial(0).failure!.message.length).toBeLessThan(11_000)
    expect(study.trial(0).failure!.message).toMatch(/more characters\)$/)
  })
})

describe('retries', () => {
  it('are not used up by interruptions', async () => {
    const storage = new MemoryStorage(systemClock)
    const study = await createStudy({ storage, space, seed: 1 })
    for (let i = 0; i < 3; i++) {
      const controller = new AbortController()
      await study.optimize(async ({ signal }) => {
        const aborted = new Promise((resolve) => signal.addEventListener('abort', resolve))
        controller.abort()
        await aborted
      }, { trials: 1, signal: controller.signal })
    }
    let failures = 0
    await study.optimize(() => { if (failures++ < 2) throw new Error('flaky'); return 1 }, { trials: 1, retry: 2 })
    expect(study.trial(0)).toMatchObject({ state: 'complete', attempt: 6 })
  })

  it('of one trial are not three trials that fail alike', async () => {
    const study = await createStudy({ space, seed: 1 })
    await study.optimize(({ attempt }) => { if (attempt < 5) throw new Error('flaky'); return 1 }, { trials: 1, retry: 5 })
    expect(study.trial(0)).toMatchObject({ state: 'complete', attempt: 5 })
  })
})

describe('a space defined by running', () => {
  it('keeps null where it was suggested or enqueued, and names that objects have anyway', async () => {
    const study = await createStudy<undefined>({ seed: 1 })
    await study.enqueue({ kind: null })
    await study.optimize((trial) => {
      expect(trial.choice('kind', ['a', null, 'b', 'c', 'd', 'e', 'f'])).toBe(null)
      return trial.float('toString', 0, 1)
    }, { trials: 1 })
    expect(study.trial(0).flatParams['toString']).toBe(study.trial(0).value)
  })

  it('refuses a leaf that one trial defines twice', async () => {
    const study = await createStudy({ seed: 1 })
    const trial = await study.ask()
    trial.float('x', 0, 1)
    expect(() => trial.float('x', 0, 2)).toThrow(/'x' was .* and is now/)
  })

  it('survives trials at the same time whose leaves exclude each other', async () => {
    const storage = new MemoryStorage(systemClock)
    const study = await createStudy({ storage, seed: 1 })
    const [first, second] = [await study.ask(), await study.ask()]
    first.float('a', 0, 1)
    second.float('a.b', 0, 1)
    await study.tell(first, 1)
    expect(await study.tell(second, 2)).toMatchObject({ state: 'failed', failure: { message: expect.stringMatching(/LEAF_CHANGED.*'a.b' and 'a'/) as unknown } })
    const again = await createStudy({ storage, seed: 1, ifExists: 'resume' })
    expect(again.columns.length).toBe(2)
  })

  it('survives leaves that exclude each other also where two processes wrote them', async () => {
    const storage = new MemoryStorage(systemClock)
    const [one, two] = [await createStudy({ storage, seed: 1 }), await createStudy({ storage, seed: 1, ifExists: 'resume' })]
    const [first, second] = [await one.ask(), await two.ask()]
    first.float('a', 0, 1)
    second.float('a.b', 0, 1)
    await one.tell(first, 1)
    await two.tell(second, 2)
    await one.refresh()
    for (const study of [one, two, await createStudy({ storage, seed: 1, ifExists: 'resume' })]) {
      expect(study.space.dimensions.map(({ path }) => path)).toEqual(['a'])
      expect(study.trials().map(({ state }) => state)).toEqual(['complete', 'complete'])
    }
  })

  it('refuses to enqueue what no parameter can be', async () => {
    const study = await createStudy({ seed: 1 })
    await expect(study.enqueue({ x: [1] } as never)).rejects.toMatchObject({ code: 'PARAMS' })
    await expect(study.enqueue(5 as never)).rejects.toMatchObject({ code: 'PARAMS' })
  })
})

describe('snapshots', () => {
  it('P12: snapshots are not the objects of the user, and cannot be changed', async () => {
    const study = await createStudy({ space, seed: 1 })
    const config = { list: [1], deep: { a: 1 } }
    const metrics = { value: 1 }
    await study.setAttribute('config', config)
    await study.add({ params: { x: 0.5 }, metrics })
    expect([Object.isFrozen(config), Object.isFrozen(config.deep), Object.isFrozen(metrics)]).toEqual([false, false, false])
    config.deep.a = 2
    expect(study.attributes['config']).toEqual({ list: [1], deep: { a: 1 } })
    expect(() => Object.assign(study.trial(0).params, { x: 9 })).toThrow(TypeError)
    expect(() => Object.assign(study.attributes['config'] as object, { list: 0 })).toThrow(TypeError)
    expect(() => Object.assign(study.definition, { name: 'other' })).toThrow(TypeError)
  })

  it('P12: snapshots cannot be changed either where the storage answers data of its own', async () => {
    class Copying extends MemoryStorage {
      override write(...args: Parameters<MemoryStorage['write']>): ReturnType<MemoryStorage['write']> {
        return structuredClone(super.write(...args))
      }
    }
    const study = await createStudy({ storage: new Copying(systemClock), space, seed: 1 })
    await study.optimize(async function* () { yield { step: 1, value: 1 } }, { trials: 1 })
    const { metrics, flatParams, reports, suggestion } = study.trial(0)
    for (const part of [metrics, flatParams, reports, reports[0], reports[0]!.metrics, suggestion]) expect(Object.isFrozen(part)).toBe(true)
  })

  it('P12: who reads while another one writes sees whole trials, in order, each as it was', async () => {
    const storage = new MemoryStorage(systemClock)
    const [reader, writer] = await Promise.all([createStudy({ storage, space, seed: 1, ifExists: 'resume' }), createStudy({ storage, space, seed: 1, ifExists: 'resume' })])
    const seen: string[] = []
    const writing = writer.optimize(async ({ report }) => {
      await report({ step: 1, value: 1 })
      await turn()
      await report({ step: 2, value: 2 })
    }, { trials: 20, concurrency: 3 })
    for (let round = 0; round < 30; round++) {
      await reader.refresh()
      const trials = reader.trials()
      const before = JSON.stringify(trials)
      for await (const event of reader.events()) if (event.type === 'trial.completed') seen.push(`${round} ${event.trial.number} ${event.trial.reports.length}`)
      await turn()
      expect(JSON.stringify(trials)).toBe(before)
      for (const { state, reports, value } of trials) expect([value, reports.length <= 2]).toEqual([state === 'complete' ? 2 : undefined, true])
    }
    await writing
    expect(seen.length).toBeGreaterThan(20)
    expect(seen.every((line) => line.endsWith(' 2'))).toBe(true)
  })

  it('P12: snapshots stay as they were while their trial goes on', async () => {
    const study = await createStudy({ space, seed: 1 })
    const trial = await study.ask()
    await trial.report({ step: 1, value: 1 })
    const first = study.trial(0)
    await trial.report({ step: 2, value: 2 })
    const second = study.trial(0)
    await study.tell(trial, 3)
    expect([first.reports.length, second.reports.length, first.state, study.trial(0).state]).toEqual([1, 2, 'running', 'complete'])
  })

  it.each([
    ['a function', { f: () => 1 }, /The attribute "key".f is of type function/],
    ['undefined', undefined, /is of type undefined/],
    ['a class instance', new Date(0), /is an instance of a class/],
    ['a key that names a prototype', JSON.parse('{"__proto__":1}') as object, /has the key "__proto__"/],
  ])('take no %s as an attribute', async (_, value, message) => {
    const study = await createStudy({ space, seed: 1 })
    await expect(study.setAttribute('key', value as never)).rejects.toMatchObject({ code: 'NOT_JSON', message: expect.stringMatching(message) as unknown })
  })

  it('take no cycle as an attribute, and no name of a prototype', async () => {
    const study = await createStudy({ space, seed: 1 })
    const cycle: unknown[] = []
    cycle.push(cycle)
    await expect(study.setAttribute('key', cycle as never)).rejects.toMatchObject({ code: 'NOT_JSON' })
    await expect(study.setAttribute('__proto__', 1)).rejects.toMatchObject({ code: 'NOT_JSON' })
  })
})

describe('amendments', () => {
  const opened = async (duplicates: 'allow' | 'reuse' = 'allow'): Promise<{ readonly study: Awaited<ReturnType<typeof createStudy<typeof space>>>; amend(number: number, amendment: { readonly void: string }): void }> => {
    const storage = new MemoryStorage(systemClock)
    const study = await createStudy({ storage, space, duplicates, seed: 1 })
    let id = 0
    return { study, amend: (number, amendment) => void storage.write(study.summary.id, { id: `amend ${id++}`, operations: [{ type: 'amend', number, amendment, by: 'me' }] }) }
  }

  it('that make a trial void take it out of the counts, once, so that the total is filled up', async () => {
    const { study, amend } = await opened()
    await study.optimize(({ number }) => number, { trials: 4 })
    amend(0, { void: 'wrong data' })
    amend(0, { void: 'very wrong data' })
    await study.refresh()
    expect([study.counts.complete, study.columns.completeCount, study.best.number]).toEqual([3, 3, 1])
    await study.optimize(({ number }) => number, { trials: 4 })
    expect(study.columns.length).toBe(5)
  })

  it('that make a waiting trial void keep it from being run', async () => {
    const { study, amend } = await opened()
    await study.enqueue({ x: 0.1 })
    await study.enqueue({ x: 0.2 })
    amend(0, { void: 'a typing mistake' })
    await study.refresh()
    const ran: number[] = []
    await study.optimize(({ number, params }) => (ran.push(number), params.x), { trials: 2 })
    expect(ran).toEqual([1, 2])
    expect(study.counts).toMatchObject({ waiting: 0, running: 0, complete: 2, failed: 0 })
  })

  it('that make a trial void keep its value from being reused', async () => {
    const storage = new MemoryStorage(systemClock)
    const study = await createStudy({ storage, space: { a: choice(['x']) }, duplicates: 'reuse', seed: 1 })
    await study.tell(await study.ask(), 1)
    storage.write(study.summary.id, { id: 'void', operations: [{ type: 'amend', number: 0, amendment: { void: 'wrong data' }, by: 'me' }] })
    await study.refresh()
    const trial = await study.ask()
    expect(trial.number).toBe(1)
  })
})

describe('metrics', () => {
  it('of reports that are NaN are never the best', async () => {
    const study = await createStudy({ space, objective: minimize('loss', { from: 'best' }), seed: 1 })
    await study.optimize(async function* () {
      for (const [i, loss] of [1, NaN, 2].entries()) yield { step: i + 1, loss }
    }, { trials: 1 })
    expect(study.best.value).toBe(1)
  })

  it('from a generator that is not asynchronous are refused with the remedy', async () => {
    const study = await createStudy({ space, seed: 1 })
    await expect(study.optimize((function* () { yield 1 }) as never, { trials: 1 })).rejects.toThrow(/async function\*/)
  })

  it('of a constraint that was corrected count as corrected', async () => {
    const storage = new MemoryStorage(systemClock)
    const study = await createStudy({ storage, space, constraints: { cost: { bound: 'atMost', limit: 1 } }, seed: 1 })
    await study.tell(await study.ask(), { value: 1, cost: 3 })
    storage.write(study.summary.id, { id: 'amend', operations: [{ type: 'amend', number: 0, amendment: { metrics: { cost: 1 }, note: 'measured again' }, by: 'me' }] })
    await study.refresh()
    expect([study.trial(0).violation, study.columns.violations()[0], study.best.number]).toEqual([0, 0, 0])
  })
})

describe('options', () => {
  it('that do not exist or have values that do not are refused', async () => {
    await expect(createStudy({ space, duplicates: 'avoidd' as never })).rejects.toThrow(/duplicates must be one of .* Did you mean "avoid"/)
    await expect(createStudy({ space, ifExists: 'resumee' as never })).rejects.toThrow(/ifExists must be one of/)
    const study = await createStudy({ space })
    await expect(study.optimize(() => 1, { trials: 1, concurency: 2 } as never)).rejects.toThrow(/Did you mean "concurrency"/)
  })
})

describe('a storage from a module', () => {
  it('stays open if it is given as a value', async () => {
    const storage = new MemoryStorage(systemClock)
    const study = await createStudy({ space, seed: 1, use: [{ register: (registry) => registry.value(tokens.storage, storage) }] })
    await study.close()
    expect(storage.listStudies()).toHaveLength(1)
  })
})

describe('reports that nobody waits for', () => {
  afterEach(() => vi.restoreAllMocks())

  it('are stored in their order before the trial ends, also where the storage takes its time', async () => {
    class Slow extends MemoryStorage {
      async slowly(...args: Parameters<MemoryStorage['write']>): Promise<ReturnType<MemoryStorage['write']>> {
        await turn()
        return super.write(...args)
      }
    }
    const storage = new Slow(systemClock)
    const slow = new Proxy(storage, { get: (target, key) => key === 'write' ? target.slowly.bind(target) : typeof target[key as 'write'] === 'function' ? target[key as 'write'].bind(target) : target[key as 'write'] })
    const study = await createStudy({ storage: slow, space, seed: 1 })
    await study.optimize((trial) => {
      for (const step of [1, 2, 3]) void trial.report({ step, value: step })
    }, { trials: 1 })
    expect(study.trial(0)).toMatchObject({ state: 'complete', value: 3, reports: [{ step: 1 }, { step: 2 }, { step: 3 }] })
  })
})

describe('pausing', () => {
  const pausing: PrunerFactory = {
    specVersion: 'v1',
    id: 'pausing',
    create: ({ history }) => ({
      judge: ({ step, trial }) => (step === 2 && trial.attempt === 1 ? 'pause' : 'continue'),
      next: () => (history.length > 0 && history.trial(0).state === 'paused' ? { promote: 0 } : undefined),
    }),
  }

  it.each([['without an artefact store', {}, [1, 2, 1, 2, 3]], ['between two checkpoints', { artifacts: new MemoryArtifacts() }, [1, 2, 3]]])('%s goes on all the same', async (_, options, expected) => {
    const steps: number[] = []
    const study = await createStudy({ space, pruner: pausing, seed: 1, ...options })
    await study.optimize({ specVersion: 'v1', id: 'test', concurrency: 'shared', async *train(trial) {
      for (let step = (trial.resumeFrom?.step ?? 0) + 1; step <= 3; step++) {
        steps.push(step)
        yield { step, value: step, checkpoint: () => Uint8Array.of(step) }
      }
    } }, { trials: 1, checkpointEvery: 5 })
    expect(study.trial(0)).toMatchObject({ state: 'complete', attempt: 2, reports: [{ step: 1 }, { step: 2 }, { step: 3 }] })
    expect(steps).toEqual(expected)
  })
})

describe('the model of the best trial', () => {
  it('is kept also where several trials end together', async () => {
    const artifacts = new MemoryArtifacts()
    const study = await createStudy({ space, artifacts, seed: 1 })
    const gates: (() => void)[] = []
    const run = study.optimize({ specVersion: 'v1', id: 'test', concurrency: 'shared', async *train(trial) {
      yield { step: 1, value: -trial.number }
      return { kind: 'bytes', as: () => Promise.reject(new Error('no')), bytes: () => trial.number === 0 ? new Promise<Uint8Array>((resolve) => gates.push(() => resolve(Uint8Array.of(0)))) : Uint8Array.of(trial.number) }
    } }, { trials: 2, concurrency: 2 })
    for (let i = 0; i < 5; i++) await turn()
    for (const open of gates) open()
    await run
    expect(study.best.number).toBe(1)
    expect(await study.best.artifact()).toMatchObject({ bytes: Uint8Array.of(1) })
    expect(artifacts.list()).toHaveLength(1)
  })
})

describe('a look at the storage that began too early', () => {
  it('is not taken for what was written since', { timeout: 5_000 }, async () => {
    const memory = new MemoryStorage(systemClock)
    let gate: Promise<void> | undefined
    const storage = new Proxy(memory, { get(target, key) {
      const value: unknown = Reflect.get(target, key, target)
      if (typeof value !== 'function') return value
      return (...args: unknown[]): unknown => {
        const answer: unknown = Reflect.apply(value, target, args)
        const wait = gate
        return key === 'changesSince' && wait !== undefined ? wait.then(() => answer) : answer
      }
    } })
    const one = await createStudy({ storage, space, seed: 1 })
    const two = await createStudy({ storage: memory, space, seed: 1, ifExists: 'resume' })
    await one.refresh()
    let open!: () => void
    gate = new Promise((resolve) => {
      open = resolve
    })
    const early = one.refresh()
    await turn()
    await two.enqueue({ x: 0.5 })
    const late = one.refresh()
    const added = one.add({ params: { x: 0.25 }, value: 1 })
    gate = undefined
    open()
    await Promise.all([early, late])
    expect(await added).toMatchObject({ number: 1, value: 1 })
    expect(one.columns.length).toBe(2)
  })
})

describe('a logger', () => {
  it('that never starts does not keep a study from being opened', async () => {
    const { clock, use, pass } = timed()
    const study = await pass(createStudy({ space, seed: 1, use, loggers: [{ specVersion: 'v1', id: 'stuck', create: () => never }] }), 5000)
    await study.optimize(() => 1, { trials: 1 })
    const warnings: string[] = []
    for await (const event of study.events()) if (event.type === 'warning') warnings.push(event.message)
    expect(warnings).toEqual(['Logger stuck cannot start, the study goes on without it: it was not ready within 30000 ms'])
    expect(clock.pending).toBe(0)
  })

  it('whose tracker is ahead of the history gets what happens from here on, and it is told', async () => {
    const seen: string[] = []
    const study = await createStudy({ space, seed: 1, loggers: [{ specVersion: 'v1', id: 'ahead', create: () => ({ cursor: 500, log: ({ type }) => void seen.push(type), flush() {}, close() {} }) }] })
    await study.optimize(() => 1, { trials: 1 })
    expect(seen).toContain('trial.completed')
    expect(seen[0]).toBe('warning')
  })
})

describe('stop rules', () => {
  it('may be shared between runs and studies', async () => {
    const rule = noProgress(3)
    for (let i = 0; i < 2; i++) {
      const study = await createStudy({ space, seed: 1 })
      await study.optimize(({ number }) => (number < 2 ? -number : 0), { trials: 50, stop: rule })
      expect(study.columns.length).toBe(5)
    }
  })
})

describe('closing', () => {
  it('frees everything although a part fails, and says what failed', async () => {
    const closed: string[] = []
    const storage = { specVersion: 'v1' as const, id: 'test', create: () => Object.assign(new MemoryStorage(systemClock), { close: () => void closed.push('storage') }) }
    const executor = Object.assign(new InProcessExecutor(), { close: () => { throw new Error('executor stuck') } })
    const study = await createStudy({ space, seed: 1, storage, executor })
    await study.ask()
    await expect(study.close()).rejects.toThrow('executor stuck')
    expect([closed, study.trial(0).state]).toEqual([['storage'], 'waiting'])
  })

  it('puts back all trials at once: where each write takes its time, they take it together', async () => {
    let waiting = 0
    let most = 0
    class Slow extends MemoryStorage {
      override write(...args: Parameters<MemoryStorage['write']>): ReturnType<MemoryStorage['write']> {
        if (args[1].operations[0]?.type !== 'finish') return super.write(...args)
        most = Math.max(most, ++waiting)
        return turn().then(() => {
          waiting--
          return super.write(...args)
        }) as never
      }
    }
    const study = await createStudy({ space, seed: 1, storage: new Slow(systemClock) })
    for (let i = 0; i < 5; i++) await study.ask()
    await study.close()
    expect([most, study.counts.waiting]).toEqual([5, 5])
  })

  it('while somebody asks ends the asking', { timeout: 5_000 }, async () => {
    const study = await createStudy({ space, seed: 1, sampler: { ...random(), create: () => ({ suggest: () => never }) } })
    const asking = study.ask()
    const queued = study.ask()
    await turn()
    const [, first, second] = await Promise.allSettled([study.close(), asking, queued])
    expect([first, second]).toMatchObject([{ reason: { code: 'STUDY_CLOSED' } }, { reason: { code: 'STUDY_CLOSED' } }])
  })
})
