// Rules that nothing else would miss: each of these tests was seen to fail without the line that it is about.
import { describe, expect, it } from 'vitest'
import { MemoryArtifacts } from '../artifact/memory-artifacts.ts'
import type { Amendment, Operation } from '../contracts/change.ts'
import type { Clock } from '../contracts/clock.ts'
import type { PrunerFactory } from '../contracts/pruner.ts'
import type { SamplerFactory } from '../contracts/sampler.ts'
import type { Trainer } from '../contracts/trainer.ts'
import { tokens } from '../container/tokens.ts'
import { AttuneError } from '../errors.ts'
import { atMost, maximize, minimize } from '../objective/objectives.ts'
import { choice, float } from '../space/builders.ts'
import { linear } from '../space/constraint.ts'
import { space as buildSpace } from '../space/space.ts'
import { MemoryStorage } from '../storage/memory-storage.ts'
import { systemClock } from '../system.ts'
import { createStudy } from './create-study.ts'

const space = { x: float(0, 1) }

/** What another process would write into the storage of a study. */
function elsewhere(storage: MemoryStorage, study: { readonly summary: { readonly id: string }; refresh(): Promise<void> }): (operation: Operation) => Promise<void> {
  let id = 0
  return async (operation) => {
    storage.write(study.summary.id, { id: `elsewhere ${id++}`, operations: [operation] })
    await study.refresh()
  }
}

describe('a trial that loses its owner again and again', () => {
  it('fails after five times: it may be what ends them', async () => {
    const storage = new MemoryStorage(systemClock)
    const study = await createStudy({ storage, space, seed: 1 })
    const write = elsewhere(storage, study)
    for (let time = 1; time <= 5; time++) {
      expect(await study.ask()).toMatchObject({ number: 0, attempt: time })
      await write({ type: 'sweep', gone: [study.trial(0).owner!] })
    }
    expect((await study.ask()).number).toBe(1)
    expect(study.trial(0)).toMatchObject({ state: 'failed', failure: { reason: 'lost', message: 'The trial lost its owner 5 times without coming further: it may be what ends them.' } })
  })
})

describe('a suggestion', () => {
  it('that breaks a constraint of the space is refused', async () => {
    const careless: SamplerFactory = { specVersion: 'v1', id: 'careless', revision: 1, create: () => ({ suggest: () => ({ params: { x: 0.75 } }) }) }
    const study = await createStudy({ space: buildSpace(space, { constraints: [linear({ x: 1 }, { atMost: 0.5 })] }), sampler: careless, seed: 1 })
    await expect(study.ask()).rejects.toMatchObject({ code: 'INVALID_SUGGESTION', message: expect.stringContaining('they violate a constraint of the space') as unknown })
    expect(study.columns.length).toBe(0)
  })
})

describe('a metric', () => {
  it.each(['__proto__', 'prototype', 'constructor'])('cannot be named %s', async (name) => {
    const study = await createStudy({ space, seed: 1 })
    const trial = await study.ask()
    await expect(study.tell(trial, JSON.parse(`{"value": 1, "${name}": 2}`))).rejects.toMatchObject({ code: 'INVALID_METRIC', message: `"${name}" cannot be the name of a metric.` })
    await expect(trial.report(JSON.parse(`{"step": 1, "value": 1, "${name}": 2}`))).rejects.toMatchObject({ code: 'INVALID_METRIC' })
  })
})

describe('duplicates', () => {
  it('of trials that failed are none', async () => {
    const study = await createStudy({ space: { only: choice(['a']) }, duplicates: 'repeat', seed: 1 })
    await study.fail(await study.ask(), new Error('no'))
    await study.tell(await study.ask(), 1)
    await study.tell(await study.ask(), 2)
    expect(study.trials().map(({ origin, parent }) => [origin, parent])).toEqual([['sampler', undefined], ['sampler', undefined], ['replicate', 1]])
  })

  it('of trials that run are avoided, too', async () => {
    for (let seed = 0; seed < 10; seed++) {
      const study = await createStudy({ space: { a: choice(['x', 'y', 'z']) }, duplicates: 'avoid', seed })
      expect(new Set([(await study.ask()).params.a, (await study.ask()).params.a, (await study.ask()).params.a]).size).toBe(3)
    }
  })
})

describe('an amendment', () => {
  const opened = async (parts: { readonly sampler?: SamplerFactory; readonly pruner?: PrunerFactory } = {}): Promise<{ readonly study: Awaited<ReturnType<typeof createStudy<typeof space>>>; amend(number: number, amendment: Amendment): Promise<void> }> => {
    const storage = new MemoryStorage(systemClock)
    const study = await createStudy({ storage, space, seed: 1, ...parts })
    const write = elsewhere(storage, study)
    return { study, amend: (number, amendment) => write({ type: 'amend', number, amendment, by: 'me' }) }
  }

  it('that makes another trial the best says so', async () => {
    const { study, amend } = await opened()
    await study.optimize(({ number }) => number, { trials: 2 })
    const told: unknown[] = []
    study.on((event) => 'trial' in event && told.push([event.type, event.trial.number, event.trial.value]))
    await amend(1, { metrics: { value: -1 }, note: 'measured again' })
    expect(told).toEqual([['trial.amended', 1, -1], ['best.improved', 1, -1]])
  })

  it('makes a sampler and a pruner learn the history anew', async () => {
    const observed: number[][] = []
    let pruners = 0
    const sampler: SamplerFactory = {
      specVersion: 'v1',
      id: 'listening',
      revision: 1,
      create: () => {
        const own: number[] = []
        observed.push(own)
        return { observe: ({ number }) => void own.push(number), suggest: ({ random }) => ({ params: { x: random.uniform() } }) }
      },
    }
    const pruner: PrunerFactory = { specVersion: 'v1', id: 'counted', create: () => (pruners++, { judge: () => 'continue' }) }
    const { study, amend } = await opened({ sampler, pruner })
    await study.optimize(({ number }) => number, { trials: 3 })
    await amend(1, { void: 'wrong data' })
    const trial = await study.ask()
    await trial.report({ step: 1, value: 1 })
    expect(observed).toEqual([[0, 1, 2], [0, 2]])
    expect(pruners).toBe(2)
  })
})

describe('a fork', () => {
  it('goes on from the checkpoint of its parent', async () => {
    const started: unknown[] = []
    const trainer: Trainer<{ readonly x: number }> = {
      specVersion: 'v1',
      id: 'counting',
      concurrency: 'shared',
      async *train({ number, resumeFrom }) {
        started.push([number, resumeFrom?.step, resumeFrom?.bytes])
        for (let step = (resumeFrom?.step ?? 0) + 1; step <= 4; step++) yield { step, loss: step, checkpoint: () => Uint8Array.of(number, step) }
        return undefined
      },
    }
    const pruner: PrunerFactory = { specVersion: 'v1', id: 'forking', create: ({ history }) => ({ judge: ({ number, step }) => (number === 0 && step === 2 ? 'prune' : 'continue'), next: () => (history.length === 1 ? { fork: 0, params: { x: 0.5 } } : undefined) }) }
    const study = await createStudy({ space, objective: minimize('loss'), artifacts: new MemoryArtifacts(), pruner, seed: 1 })
    await study.optimize(trainer, { trials: 2 })
    expect(started).toEqual([[0, undefined, undefined], [1, 2, Uint8Array.of(0, 2)]])
    expect(study.trial(1)).toMatchObject({ parent: 0, origin: 'fork', params: { x: 0.5 } })
    expect(study.trial(1).reports.map(({ step }) => step)).toEqual([3, 4])
  })
})

describe('a study that exists', () => {
  it('is not resumed with other constraints on metrics, or other metrics', async () => {
    const storage = new MemoryStorage(systemClock)
    const options = { storage, space, metrics: ['value', 'latencyMs'], constraints: { latencyMs: atMost(5) }, seed: 1, ifExists: 'resume' } as const
    await createStudy(options)
    await expect(createStudy({ ...options, constraints: { latencyMs: atMost(6) } })).rejects.toMatchObject({ code: 'STUDY_CHANGED', message: expect.stringMatching(/constraints on metrics: .*5.* → .*6/) as unknown })
    await expect(createStudy({ ...options, metrics: ['value', 'latencyMs', 'size'] })).rejects.toMatchObject({ code: 'STUDY_CHANGED', message: expect.stringMatching(/metrics: .* → .*size/) as unknown })
    await createStudy(options)
  })
})

describe('a Pareto front', () => {
  it('leaves void trials out', async () => {
    const storage = new MemoryStorage(systemClock)
    const study = await createStudy({ storage, space, objective: [minimize('a'), minimize('b')], seed: 1 })
    for (const [a, b] of [[0, 0], [1, 2], [2, 1]] as const) await study.tell(await study.ask(), { a, b })
    expect(study.pareto().map(({ number }) => number)).toEqual([0])
    await elsewhere(storage, study)({ type: 'amend', number: 0, amendment: { void: 'wrong data' }, by: 'me' })
    expect(study.pareto().map(({ number }) => number)).toEqual([1, 2])
  })
})

describe('enqueue', () => {
  it('does not take a void trial for one that was run', async () => {
    const storage = new MemoryStorage(systemClock)
    const study = await createStudy({ storage, space, seed: 1 })
    expect(await study.enqueue({ x: 0.5 })).toBe(0)
    await elsewhere(storage, study)({ type: 'amend', number: 0, amendment: { void: 'wrong data' }, by: 'me' })
    expect(await study.enqueue({ x: 0.5 })).toBe(1)
  })
})

describe('a checkpoint', () => {
  it('that is not bytes ends the run after three trials alike, and says what to answer', async () => {
    const study = await createStudy({ space, objective: minimize('loss'), artifacts: new MemoryArtifacts(), seed: 1 })
    const run = study.optimize(async function* () {
      yield { step: 1, loss: 1, checkpoint: () => 'bytes' as never }
    }, { trials: 1 })
    await expect(run).rejects.toThrow(/The first 3 trials all failed alike.*The checkpoint is of type string: answer its bytes as a Uint8Array\./)
  })
})

describe('the value of a trial with reports', () => {
  it('is the best of them also where the last one is NaN', async () => {
    for (const [objective, expected] of [[minimize('m', { from: 'best' }), 1], [maximize('m', { from: 'best' }), 3]] as const) {
      const study = await createStudy({ space, objective, seed: 1 })
      await study.optimize(async function* () {
        for (const [i, m] of [2, 1, 3, Number.NaN].entries()) yield { step: i + 1, m }
      }, { trials: 1 })
      expect(study.best.value).toBe(expected)
    }
  })

  it('is what the function returns, where it returns something', async () => {
    const study = await createStudy({ space, objective: minimize('loss'), seed: 1 })
    await study.optimize(async (trial) => {
      await trial.report({ step: 1, loss: 5, other: 7 })
      return 4
    }, { trials: 1 })
    expect(study.best.metrics).toEqual({ loss: 4, other: 7 })
  })
})

describe('the time of a run', () => {
  it('ends it also where trials never let a timer fire', async () => {
    let now = 0
    const clock: Clock = { specVersion: 'v1', now: () => now, schedule: () => () => undefined }
    const study = await createStudy({ space, seed: 1, use: [{ register: (registry) => registry.value(tokens.clock, clock) }] })
    const result = await study.optimize(() => (now += 400), { timeout: 1000 })
    expect(result.reason).toBe('the time of 1000 ms is over')
    expect(study.counts.complete).toBe(3)
  })
})

describe('a report that the storage refuses', () => {
  it('ends the run with the error of the storage: the trial has not failed', async () => {
    const memory = new MemoryStorage(systemClock)
    const storage = new Proxy(memory, { get(target, key) {
      const value: unknown = Reflect.get(target, key, target)
      if (typeof value !== 'function') return value
      return (...args: unknown[]): unknown => {
        if (key === 'write' && (args[1] as { readonly operations: readonly Operation[] }).operations.some(({ type }) => type === 'report')) throw new AttuneError('STORAGE_FULL', 'No space is left.')
        return Reflect.apply(value, target, args)
      }
    } })
    const study = await createStudy({ storage, space, seed: 1 })
    await expect(study.optimize(async function* () {
      yield { step: 1, value: 1 }
    }, { trials: 1 })).rejects.toMatchObject({ code: 'STORAGE_FULL' })
    expect(study.trial(0)).toMatchObject({ state: 'waiting', attempt: 1 })
  })
})
