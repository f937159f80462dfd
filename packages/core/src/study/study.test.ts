import { describe, expect, expectTypeOf, it } from 'vitest'
import type { StudyEvent } from '../contracts/event.ts'
import { atMost, maximize, minimize } from '../objective/objectives.ts'
import { choice, float, int, oneOf } from '../space/builders.ts'
import { MemoryStorage } from '../storage/memory-storage.ts'
import { systemClock } from '../system.ts'
import { createStudy } from './create-study.ts'

const space = { x: float(-10, 10), n: int(1, 8) }

describe('optimize', () => {
  it('minimises a plain function, and answers typed parameters', async () => {
    const study = await createStudy({ space: { ...space, kind: oneOf({ a: { depth: int(1, 3) }, b: {} }) }, seed: 1 })
    const result = await study.optimize((trial) => (trial.params.x - 2) ** 2 + trial.params.n, { trials: 60 })
    expect(result).toEqual({ reason: '60 trials are done', aborted: false })
    expect(study.counts).toMatchObject({ complete: 60, running: 0 })
    expect(study.best.value).toBe(Math.min(...study.trials().map((trial) => trial.value!)))
    expectTypeOf(study.best.params.kind).toEqualTypeOf<{ readonly type: 'a'; readonly depth: number } | { readonly type: 'b' }>()
  })

  it.each([
    ['an async function', async ({ params }: { readonly params: { readonly x: number } }) => params.x],
    ['metrics by name', ({ params }: { readonly params: { readonly x: number } }) => ({ value: params.x, other: 1 })],
  ])('takes the result of %s', async (_, objective) => {
    const study = await createStudy({ space, seed: 1 })
    await study.optimize(objective, { trials: 3 })
    expect(study.trials().map(({ value }) => value)).toEqual(study.trials().map(({ params }) => params.x))
  })

  it('counts trials in total, and `more` on top', async () => {
    const study = await createStudy({ space, seed: 1 })
    await study.optimize(() => 1, { trials: 5 })
    await study.optimize(() => 1, { trials: 5 })
    expect(study.columns.length).toBe(5)
    await study.optimize(() => 1, { more: 2 })
    expect(study.columns.length).toBe(7)
  })

  it('runs so many at once as asked, and never more trials than the total', async () => {
    const study = await createStudy({ space, seed: 1 })
    let running = 0
    let most = 0
    await study.optimize(async () => {
      most = Math.max(most, ++running)
      await new Promise((resolve) => setImmediate(resolve))
      running--
      return 1
    }, { trials: 10, concurrency: 4 })
    expect(most).toBe(4)
    expect(study.columns.length).toBe(10)
  })

  it('pulls reports from an async generator and takes the last one as the value, or the best', async () => {
    const losses = [3, 1, 2]
    for (const [from, expected] of [['last', 2], ['best', 1]] as const) {
      const study = await createStudy({ space, objective: minimize('loss', { from }), seed: 1 })
      await study.optimize(async function* () {
        for (const [i, loss] of losses.entries()) yield { step: i + 1, loss, other: i }
      }, { trials: 1 })
      expect(study.best.value).toBe(expected)
      expect(study.best.metrics['other']).toBe(2)
      expect(study.best.reports.map(({ step, metrics }) => [step, metrics['loss']])).toEqual([[1, 3], [2, 1], [3, 2]])
    }
  })

  it('ends a generator structurally when it is pruned: its finally block runs, nothing is thrown', async () => {
    const seen: string[] = []
    const study = await createStudy({
      space,
      objective: minimize('loss'),
      pruner: { specVersion: 'v1', id: 'second', create: () => ({ judge: ({ step }) => (step === 2 ? 'prune' : 'continue') }) },
      seed: 1,
    })
    await study.optimize(async function* () {
      try {
        for (let step = 1; step < 9; step++) yield { step, loss: step }
      } catch {
        seen.push('thrown')
      } finally {
        seen.push('finally')
      }
    }, { trials: 1 })
    expect(seen).toEqual(['finally'])
    expect(study.trial(0)).toMatchObject({ state: 'pruned', value: 2 })
  })

  it('tells callback code to stop by the answer of report', async () => {
    const study = await createStudy({
      space,
      objective: minimize('loss'),
      pruner: { specVersion: 'v1', id: 'all', create: () => ({ judge: () => 'prune' }) },
      seed: 1,
    })
    const verdicts: string[] = []
    await study.optimize(async (trial) => {
      verdicts.push(await trial.report({ step: 1, loss: 5 }))
      return 99
    }, { trials: 1 })
    expect(verdicts).toEqual(['stop'])
    expect(study.trial(0)).toMatchObject({ state: 'pruned', value: 5 })
  })

  it('records a failed trial as data with its reason, and goes on', async () => {
    const study = await createStudy({ space, seed: 1 })
    await study.optimize(({ number }) => {
      if (number === 1) throw new RangeError('Array buffer allocation failed')
      if (number === 2) throw new TypeError('broken')
      return number === 3 ? NaN : 1
    }, { trials: 3 })
    expect(study.counts).toMatchObject({ complete: 3, failed: 3 })
    expect(study.trials().flatMap(({ failure }) => (failure === undefined ? [] : [[failure.reason, failure.message]]))).toEqual([
      ['out-of-memory', 'RangeError: Array buffer allocation failed'],
      ['error', 'TypeError: broken'],
      ['invalid-metric', 'The objective "value" is NaN: the training diverged, or the metric divides by zero or uses something undefined, as a misspelt name of a parameter is.'],
    ])
  })

  it('ends after three identical errors from the start, with the stack of the user', async () => {
    const study = await createStudy({ space, seed: 1 })
    const thrown = new Error('a typo')
    const run = study.optimize(() => {
      throw thrown
    }, { trials: 50 })
    await expect(run).rejects.toMatchObject({ code: 'OBJECTIVE_FAILS', cause: thrown })
    await expect(run).rejects.toThrow(/all failed alike.*a typo[\s\S]*study\.test\.ts/)
    await expect(run).rejects.not.toThrow(/a typo[\s\S]*a typo/) // The stack repeats the message; the error does not.
    expect(study.counts.failed).toBe(3)
  })

  it('does not end when the errors differ, or when something worked before', async () => {
    const study = await createStudy({ space, seed: 1 })
    await study.optimize(({ number }) => {
      if (number < 4) throw new Error(`number ${number}`)
      return 1
    }, { trials: 1 })
    await study.optimize(({ number }) => {
      if (number > 5 && number < 10) throw new Error('same')
      return 1
    }, { more: 2 })
    expect(study.counts).toMatchObject({ failed: 8, complete: 3 })
  })

  it('ends when failures never cease, whatever their messages', async () => {
    const study = await createStudy({ space, seed: 1 })
    await expect(study.optimize(({ number }) => {
      throw new Error(`number ${number}`)
    }, { trials: 10 })).rejects.toThrow(/50 trials in a row have failed/)
  })

  it('keeps and orders infinite values', async () => {
    const study = await createStudy({ space, seed: 1 })
    const values = [Infinity, 3, -Infinity]
    await study.optimize(({ number }) => values[number]!, { trials: 3 })
    expect(study.best.number).toBe(2)
    expect(study.trials().map(({ value }) => value)).toEqual(values)
  })

  it('tries failed trials again under the same number with the same parameters', async () => {
    const study = await createStudy({ space, seed: 1 })
    const seen: unknown[] = []
    await study.optimize((trial) => {
      seen.push([trial.number, trial.attempt, trial.params.x, trial.seed])
      if (trial.attempt < 3) throw new Error('flaky')
      return 1
    }, { trials: 1, retry: 2 })
    const trial = study.trial(0)
    expect(trial).toMatchObject({ state: 'complete', attempt: 3 })
    expect(trial.earlierFailures.map(({ message }) => message)).toEqual(['flaky', 'flaky'])
    expect(new Set(seen.map((row) => JSON.stringify([(row as number[])[0], (row as number[])[2], (row as number[])[3]]))).size).toBe(1)
  })

  it('gives each trial a seed of its own, the same in every run', async () => {
    const seeds = async (): Promise<number[]> => {
      const study = await createStudy({ space, seed: 4 })
      const found: number[] = []
      await study.optimize((trial) => found.push(trial.seed), { trials: 4 })
      return found
    }
    const first = await seeds()
    expect(await seeds()).toEqual(first)
    expect(new Set(first).size).toBe(4)
  })

  it('aborts at once by a signal, puts running trials back, and goes on from there', async () => {
    const storage = new MemoryStorage(systemClock)
    const study = await createStudy({ storage, space, seed: 1 })
    const controller = new AbortController()
    const seen: unknown[] = []
    const result = await study.optimize(async (trial) => {
      if (trial.number < 2) return 1
      const { signal } = trial
      const aborted = new Promise((resolve) => signal.addEventListener('abort', resolve))
      controller.abort()
      await aborted
      return 7
    }, { trials: 5, signal: controller.signal })
    expect(result.aborted).toBe(true)
    expect(study.trial(2)).toMatchObject({ state: 'waiting', attempt: 1 })
    await study.close()
    const again = await createStudy({ storage, space, seed: 1, ifExists: 'resume' })
    await again.optimize((trial) => seen.push(trial.number), { trials: 5 })
    expect(seen).toEqual([2, 3, 4])
    expect(again.trial(2)).toMatchObject({ attempt: 2, flatParams: study.trial(2).flatParams })
  })

  it('stops gracefully: what runs ends as usual', async () => {
    const study = await createStudy({ space, seed: 1 })
    const result = await study.optimize(({ number }) => {
      if (number === 2) study.stop()
      return number
    }, { trials: 50 })
    expect(result.reason).toBe('stop() was called')
    expect(study.counts.complete).toBe(3)
  })

  it('runs enqueued points first, each once however often it is enqueued', async () => {
    const study = await createStudy({ space, seed: 1 })
    expect(await study.enqueue({ x: 2, n: 1 })).toBe(0)
    expect(await study.enqueue({ x: 2, n: 1 })).toBe(0)
    expect(await study.enqueue({ x: 2, n: 1 }, { again: true })).toBe(1)
    await study.optimize(({ params }) => params.x, { trials: 3 })
    expect(study.trials().map(({ origin }) => origin)).toEqual(['enqueued', 'enqueued', 'sampler'])
    expect(study.trial(0).params).toEqual({ x: 2, n: 1 })
  })

  it('adds results from elsewhere, which count and can be the best', async () => {
    const study = await createStudy({ space, seed: 1 })
    await study.add({ params: { x: 1, n: 2 }, value: -5 })
    expect(study.best).toMatchObject({ number: 0, origin: 'added', value: -5, params: { x: 1, n: 2 } })
    await expect(study.add({ params: { x: 1, n: 2 }, value: NaN })).rejects.toMatchObject({ code: 'INVALID_METRIC' })
  })

  it('keeps attributes of studies and trials, of any JSON', async () => {
    const study = await createStudy({ space, seed: 1 })
    await study.setAttribute('who', { name: 'x', list: [1, null] })
    await study.optimize(async (trial) => {
      await trial.setAttribute('host', 'a')
      return 1
    }, { trials: 1 })
    expect(study.attributes).toEqual({ who: { name: 'x', list: [1, null] } })
    expect(study.trial(0).attributes).toEqual({ host: 'a' })
  })
})

describe('ask and tell', () => {
  it('drive a study by hand', async () => {
    const study = await createStudy({ space, objective: maximize('accuracy'), seed: 1 })
    const [first, second] = [await study.ask(), await study.ask()]
    expect([first.number, second.number]).toEqual([0, 1])
    await study.tell(second, { accuracy: 0.9 })
    await study.tell(first, 0.7)
    const third = await study.ask()
    expect(await study.fail(third, new Error('no'))).toMatchObject({ state: 'failed', failure: { reason: 'error', message: 'no' } })
    const fourth = await study.ask()
    await fourth.report({ step: 1, accuracy: 0.1 })
    expect(await study.prune(3)).toMatchObject({ state: 'pruned', value: 0.1 })
    expect(study.best).toMatchObject({ number: 1, value: 0.9 })
  })

  it('give numbers in the order of the calls, however many at once', async () => {
    const study = await createStudy({ space, seed: 1 })
    const trials = await Promise.all(Array.from({ length: 20 }, () => study.ask()))
    expect(trials.map(({ number }) => number)).toEqual(Array.from({ length: 20 }, (_, i) => i))
    expect(trials[19]!.flatParams).toEqual((await (async () => {
      const alone = await createStudy({ space, seed: 1 })
      for (let i = 0; i < 19; i++) await alone.tell(await alone.ask(), 1)
      return alone.ask()
    })()).flatParams)
  })

  it('free what was asked and never told when the study is closed', async () => {
    const storage = new MemoryStorage(systemClock)
    const study = await createStudy({ storage, space, seed: 1 })
    const { flatParams } = await study.ask()
    await study.close()
    const again = await createStudy({ storage, space, seed: 1, ifExists: 'resume' })
    expect(await again.ask()).toMatchObject({ number: 0, attempt: 2, flatParams })
  })
})

describe('several objectives and constraints', () => {
  it('give a Pareto front of feasible trials', async () => {
    const study = await createStudy({ space: { x: float(0, 1) }, objective: [minimize('a'), maximize('b')], constraints: { a: atMost(0.8) }, seed: 1 })
    for (const [a, b] of [[0.5, 0.5], [0.2, 0.1], [0.6, 0.4], [0.9, 0.9], [0.7, 0.8]] as const) await study.tell(await study.ask(), { a, b })
    expect(study.pareto().map(({ number }) => number)).toEqual([0, 1, 4])
    expect(study.trial(3).violation).toBeCloseTo(0.1)
    expect(() => study.best).toThrow(/has 2 objectives/)
  })

  it('keep an infeasible trial from being the best', async () => {
    const study = await createStudy({ space: { x: float(0, 1) }, constraints: { latencyMs: atMost(5) }, seed: 1 })
    await study.tell(await study.ask(), { value: 1, latencyMs: 9 })
    expect(() => study.best).toThrow(/none of the complete ones keeps the constraints/)
    await study.tell(await study.ask(), { value: 2, latencyMs: 5 })
    await study.tell(await study.ask(), { value: 0 })
    expect(study.best.number).toBe(1)
    expect(study.trial(2).violation).toBe(Infinity)
  })

  it('say which metric is bounded and was never measured', async () => {
    const study = await createStudy({ space: { x: float(0, 1) }, constraints: { latencyMs: atMost(5), latency: atMost(5) }, seed: 1 })
    await study.tell(await study.ask(), { value: 1, latencyMs: 1 })
    expect(() => study.best).toThrow(/none of the complete ones keeps the constraints \(none has the metric "latency", which is bounded; the first has "value", "latencyMs"\)\./)
  })
})

describe('duplicates', () => {
  const tiny = { a: choice(['x', 'y', 'z']) }
  const run = async (duplicates: 'allow' | 'avoid' | 'reuse' | 'repeat', trials: number): Promise<{ readonly ran: number; readonly study: Awaited<ReturnType<typeof createStudy<typeof tiny>>> }> => {
    const study = await createStudy({ space: tiny, duplicates, seed: 2 })
    let ran = 0
    await study.optimize(() => ++ran, { trials })
    return { ran, study }
  }

  it('are run again by default', async () => {
    expect((await run('allow', 9)).ran).toBe(9)
  })

  it('are avoided while there are other points', async () => {
    const { study } = await run('avoid', 3)
    expect(new Set(study.trials().map(({ params }) => params.a)).size).toBe(3)
  })

  it('reuse the value that is known, and end when everything is known', async () => {
    const { ran, study } = await run('reuse', 50)
    expect(ran).toBe(3)
    const values = new Map<string, unknown>()
    for (const { params, value } of study.trials()) expect(values.get(params.a) ?? value).toBe((values.set(params.a, values.get(params.a) ?? value), value))
  })

  it('are marked as repetitions of the first', async () => {
    const { ran, study } = await run('repeat', 9)
    expect(ran).toBe(9)
    const replicate = study.trials().find(({ origin }) => origin === 'replicate')!
    expect(study.trial(replicate.parent!).flatParams).toEqual(replicate.flatParams)
  })
})

describe('a space defined by running', () => {
  it('grows as code meets it, and records what each trial met', async () => {
    const study = await createStudy({ seed: 1 })
    await study.optimize((trial) => {
      const kind = trial.choice('kind', ['sgd', 'adam'])
      return kind === 'sgd' ? trial.float('momentum', 0, 0.99) : trial.int('layers', 1, 3)
    }, { trials: 20, concurrency: 3 })
    for (const { params } of study.trials()) {
      expect(Object.keys(params).sort()).toEqual(params['kind'] === 'sgd' ? ['kind', 'momentum'] : ['kind', 'layers'])
    }
    expect(study.space.dimensions.map(({ path }) => path).sort()).toEqual(['kind', 'layers', 'momentum'])
  })

  it('gives the same values when it is run again, and refuses a leaf that changed', async () => {
    const storage = new MemoryStorage(systemClock)
    const objective = (trial: { float(name: string, low: number, high: number): number }): number => trial.float('x', 0, 1)
    const study = await createStudy({ storage, seed: 1 })
    await study.optimize(objective, { trials: 5 })
    const other = await createStudy({ seed: 1 })
    await other.optimize(objective, { trials: 5 })
    expect(other.trials().map(({ flatParams }) => flatParams)).toEqual(study.trials().map(({ flatParams }) => flatParams))
    await study.optimize((trial) => trial.float('x', 0, 2), { more: 1 }).catch((error: unknown) => expect(error).toMatchObject({ code: 'OBJECTIVE_FAILS' }))
    expect(study.trials().at(-1)!.failure!.message).toMatch(/'x' was .*0.*1.* and is now/)
  })

  it('fails a trial that met a leaf which another one, running at the same time, has defined otherwise', async () => {
    const study = await createStudy({ seed: 1 })
    const [first, second] = [await study.ask(), await study.ask()]
    first.float('x', 0, 1)
    second.float('x', 0, 2)
    await study.tell(second, 1)
    expect(await study.tell(first, 1)).toMatchObject({ state: 'failed', failure: { message: expect.stringMatching(/LEAF_CHANGED.*x/) as unknown } })
  })

  it('is refused where a space is declared', async () => {
    const study = await createStudy({ space, seed: 1 })
    const trial = await study.ask()
    expect(() => trial.float('y', 0, 1)).toThrow(/has a declared space/)
  })
})

describe('events', () => {
  it('tell one typed stream, which can be read again from the beginning', async () => {
    const study = await createStudy({ space, objective: minimize('loss'), seed: 1 })
    const live: StudyEvent[] = []
    study.on((event) => live.push(event))
    await study.optimize(async function* ({ number }) {
      yield { step: 1, loss: 5 - number }
      if (number === 1) throw new Error('x')
    }, { trials: 2 })
    expect(live.map(({ type }) => type)).toEqual([
      'study.started',
      'trial.asked', 'trial.started', 'trial.reported', 'trial.completed', 'best.improved',
      'trial.asked', 'trial.started', 'trial.reported', 'trial.failed',
      'trial.asked', 'trial.started', 'trial.reported', 'trial.completed', 'best.improved',
      'study.stopped',
    ])
    const again: StudyEvent[] = []
    for await (const event of study.events()) again.push(event)
    expect(JSON.parse(JSON.stringify(again.slice(1)))).toEqual(JSON.parse(JSON.stringify(live)))
  })

  it('carry snapshots that nothing changes afterwards', async () => {
    const study = await createStudy({ space, seed: 1 })
    const trial = await study.ask()
    const before = study.trial(trial.number)
    await study.tell(trial, 1)
    expect(before).toMatchObject({ state: 'running', values: undefined })
    expect(() => Object.assign(before, { state: 'failed' })).toThrow(TypeError)
    expect(() => Object.assign(study.trial(0).flatParams, { x: 0 })).toThrow(TypeError)
    expect(() => Object.assign(study.trial(0).metrics, { value: 0 })).toThrow(TypeError)
  })
})
