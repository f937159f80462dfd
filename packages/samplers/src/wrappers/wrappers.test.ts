import { createStudy, float, type History, int, type Json, MemoryStorage, oneOf, type Problem, random, type SamplerFactory, space, type SuggestContext, systemClock, type TrialRecord } from '@attune/core'
import { samplerSuite } from '@attune/testing'
import { describe, expect, it } from 'vitest'
import { grid } from '../grid/grid.ts'
import { OwnNotes } from '../model/own-notes.ts'
import { quasiRandom } from '../quasi-random/quasi-random.ts'
import { tpe } from '../tpe/tpe.ts'
import { blend } from './blend.ts'
import { limitConcurrency } from './limit-concurrency.ts'
import { RestrictedHistory } from './restricted-history.ts'
import { RestrictedSpace } from './restricted-space.ts'
import { fixed, restricted } from './restricted.ts'
import { startingFrom } from './starting-from.ts'

samplerSuite('blend', () => blend([{ sampler: tpe(), share: 2 }, { sampler: counter('a') }, { sampler: quasiRandom() }]), { trials: 9 })
samplerSuite('restricted to everything', () => restricted(tpe(), {}), { trials: 8 })
samplerSuite('limitConcurrency', () => limitConcurrency(counter('a'), 3), { trials: 8 })
samplerSuite('startingFrom', () => startingFrom(counter('a'), []), { trials: 8 })

/** Writes into each note the one that it finds as its last, plus one: what fits do that begin where the last one ended. */
function counter(id: string, seen: { contexts: SuggestContext[]; observed: TrialRecord[] } = { contexts: [], observed: [] }): SamplerFactory {
  return {
    specVersion: 'v1',
    id,
    revision: 3,
    create: (problem: Problem) => {
      const notes = new OwnNotes(problem.history, id)
      return {
        observe: (trial) => void seen.observed.push(trial),
        suggest: (context) => {
          seen.contexts.push(context)
          const last = notes.latest()?.note as { readonly count: number } | undefined
          return { params: problem.space.sample(context.random), note: { count: (last?.count ?? 0) + 1 } }
        },
      }
    },
  }
}

const plane = space({ x: float(0, 1), n: int(1, 8) })
const armOf = ({ suggestion }: TrialRecord): string | undefined => (suggestion?.note as { readonly arm?: string } | undefined)?.arm
const countOf = ({ suggestion }: TrialRecord, depth: number): number | undefined => {
  let note = suggestion?.note as { readonly note?: Json; readonly count?: number } | undefined
  for (let i = 0; i < depth; i++) note = note?.note as typeof note
  return note?.count
}

describe('a wrapper', () => {
  it('shows each sampler its own notes, and nobody else\'s, at any depth', async () => {
    const seen = { contexts: [] as SuggestContext[], observed: [] as TrialRecord[] }
    // All have one id: only the arm tells whose a note is.
    const sampler = blend([{ sampler: limitConcurrency(counter('c', seen), 9) }, { sampler: blend([{ sampler: counter('c') }, { sampler: counter('c') }]) }])
    const study = await createStudy({ name: 'notes', space: plane, sampler, seed: 1 })
    for (let i = 0; i < 16; i++) {
      const trial = await study.ask()
      if (i % 2 === 0) await study.tell(trial, i)
    }
    const records = study.trials()
    const by = (arm: string): readonly TrialRecord[] => records.filter((record) => armOf(record) === arm)
    expect(by('limit-concurrency').map((record) => countOf(record, 2))).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    expect(by('blend').map((record) => countOf(record, 2) ?? 0).sort((a, b) => a - b)).toEqual([1, 1, 2, 2, 3, 3, 4, 4])
    const own = seen.observed.filter(({ suggestion }) => suggestion?.sampler === 'c@3' && suggestion.note !== undefined)
    expect(own.length).toBeGreaterThan(0)
    expect(seen.observed).toHaveLength(8)
    for (const record of own) expect(record.suggestion?.note).toEqual({ count: expect.any(Number) as number })
    for (const { running } of seen.contexts) for (const { suggestion, params, value } of running) expect([Object.keys(suggestion?.note ?? {}), typeof params, value]).toEqual([expect.not.arrayContaining(['arm', 'sampler']), 'object', undefined])
    await study.close()
  })

  it('leaves out a note for which there is no room', async () => {
    const wordy: SamplerFactory = { specVersion: 'v1', id: 'wordy', revision: 1, create: () => ({ suggest: () => ({ params: { x: 0.5, n: 1 }, note: { text: 'x'.repeat(4070) } }) }) }
    const study = await createStudy({ name: 'wordy', space: plane, sampler: limitConcurrency(wordy, 1), seed: 1 })
    await study.ask()
    expect(study.trials()[0]?.suggestion?.note).toEqual({ sampler: 'wordy@1' })
    await study.close()
  })
})

describe('blend', () => {
  it('keeps the shares at every moment, and names who suggested', async () => {
    const study = await createStudy({ name: 'shares', space: plane, sampler: blend([{ sampler: tpe(), share: 6 }, { sampler: random(), share: 3 }, { sampler: quasiRandom(), share: 1 }]), seed: 1 })
    await study.optimize((trial) => trial.params.x, { trials: 60 })
    const arms = study.trials().map(armOf)
    for (let n = 1; n <= 60; n++) {
      for (const [arm, share] of [['tpe', 0.6], ['random', 0.3], ['quasi-random', 0.1]] as const) expect(Math.abs(arms.slice(0, n).filter((one) => one === arm).length - share * n)).toBeLessThanOrEqual(1)
    }
    expect(study.explain(arms.indexOf('quasi-random')).model).toBe('quasi-random: Sobol sequence')
    await study.close()
  })

  it('lets a sequence go on where it was, whoever has the trials between', async () => {
    const alone = await createStudy({ name: 'alone', space: plane, sampler: blend([{ sampler: quasiRandom() }]), seed: 1 })
    const mixed = await createStudy({ name: 'mixed', space: plane, sampler: blend([{ sampler: random() }, { sampler: quasiRandom() }]), seed: 1 })
    await alone.optimize(() => 0, { trials: 16 })
    await mixed.optimize(() => 0, { trials: 32 })
    const own = mixed.trials().filter((record) => armOf(record) === 'quasi-random')
    expect(own.map(({ flatParams }) => flatParams)).toEqual(alone.trials().map(({ flatParams }) => flatParams))
    await alone.close()
    await mixed.close()
  })

  it('gives two samplers of one kind streams of their own', async () => {
    const study = await createStudy({ name: 'twins', space: plane, sampler: blend([{ sampler: quasiRandom() }, { sampler: quasiRandom() }]), seed: 1 })
    await study.optimize(() => 0, { trials: 8 })
    expect(new Set(study.trials().map(({ flatParams }) => flatParams['x'])).size).toBe(8)
    expect(new Set(study.trials().map(armOf))).toEqual(new Set(['quasi-random', 'quasi-random#2']))
    await study.close()
  })

  it('goes on without a sampler that has nothing left, and ends when none has', async () => {
    const of = space({ n: int(1, 4) })
    const study = await createStudy({ name: 'ends', space: of, sampler: blend([{ sampler: grid() }, { sampler: limitConcurrency(grid({ sample: 0.5 }), 2) }]), seed: 1 })
    const { reason } = await study.optimize(() => 0, { trials: 40, concurrency: 3 })
    expect([study.counts.complete, reason]).toEqual([4, expect.stringContaining('grid')])
    await study.close()
    const on = await createStudy({ name: 'goes on', space: of, sampler: blend([{ sampler: grid() }, { sampler: random() }]), seed: 1 })
    await on.optimize(() => 0, { trials: 30 })
    expect(on.counts.complete).toBe(30)
    await on.close()
  })

  it('refuses shares and samplers that make no sense', () => {
    for (const arms of [[], undefined, [{ sampler: tpe(), share: 0 }], [{ sampler: tpe(), share: Number.NaN }], [{ sampler: tpe }], [{ sampler: tpe(), weight: 1 }]]) expect(() => blend(arms as never)).toThrow(expect.objectContaining({ code: 'OPTION' }))
  })
})

describe('restricted', () => {
  const tree = space({ rate: float(1e-5, 1, { scale: 'log' }), layers: int(1, 8), optimizer: oneOf({ sgd: { momentum: float(0, 1) }, adam: { beta: float(0, 1) }, none: {} }) })

  it('suggests within, and what is fixed stays fixed', async () => {
    const study = await createStudy({ name: 'part', space: tree, sampler: restricted(tpe(), { optimizer: ['adam', 'sgd'], rate: [1e-4, 1e-2], layers: 3 }), seed: 1 })
    await study.optimize(({ params }) => (Math.log10(params.rate) + 4.5) ** 2 + (params.optimizer.type === 'sgd' ? params.optimizer.momentum : 0.2), { trials: 40 })
    const records = study.trials().map(({ params }) => params)
    expect(records.every(({ rate, layers, optimizer }) => rate >= 1e-4 && rate <= 1e-2 && layers === 3 && optimizer.type !== 'none')).toBe(true)
    // It is led to the bound by what lies within.
    expect(study.best.params.rate).toBeLessThan(2e-4)
    await study.close()
  })

  it('is the sampler itself where nothing is restricted', async () => {
    const run = async (sampler: SamplerFactory): Promise<unknown> => {
      const study = await createStudy({ name: 'same', space: tree, sampler, seed: 1 })
      await study.optimize(({ params }) => params.rate + params.layers, { trials: 25 })
      return study.trials().map(({ flatParams }) => flatParams)
    }
    const plain = await run(tpe())
    expect(await run(restricted(tpe(), {}))).toEqual(plain)
    expect(await run(limitConcurrency(tpe(), 4))).toEqual(plain)
    expect(await run(startingFrom(tpe(), []))).toEqual(plain)
  })

  it('tells the sampler of the trials within only, with the history to it', async () => {
    const seen = { contexts: [] as SuggestContext[], observed: [] as TrialRecord[] }
    let history!: Problem['history']
    const plain = counter('c', seen)
    const spy: SamplerFactory = { ...plain, create: (problem) => ((history = problem.history), plain.create(problem)) }
    const study = await createStudy({ name: 'within', space: tree, sampler: fixed(spy, { optimizer: 'adam', layers: 2 }), seed: 1 })
    await study.add({ params: { rate: 0.1, layers: 2, optimizer: { type: 'none' } }, value: -5 })
    await study.add({ params: { rate: 0.1, layers: 2, optimizer: { type: 'adam', beta: 0.5 } }, value: 3 })
    await study.add({ params: { rate: 0.1, layers: 3, optimizer: { type: 'adam', beta: 0.5 } }, value: -3 })
    await study.tell(await study.ask(), 2)
    const open = await study.ask()
    expect(seen.observed.map(({ number }) => number)).toEqual([1, 3])
    expect([history.best, history.completeCount, history.length, [...history.running()]]).toEqual([3, 2, 5, [open.number]])
    expect([...history.losses()].slice(0, 4)).toEqual([NaN, 3, NaN, 2])
    expect([...history.units(1)].slice(0, 3)).toEqual([NaN, expect.any(Number), NaN])
    expect(study.trials().slice(3).every(({ params }) => params.layers === 2 && params.optimizer.type === 'adam')).toBe(true)
    await study.close()
  })

  it('knows why random trials are where they are', async () => {
    for (const [sampler, model] of [[limitConcurrency(random(), 2), 'prior'], [blend([{ sampler: random() }]), 'random: prior']] as const) {
      const study = await createStudy({ name: 'why', space: plane, sampler, seed: 1 })
      await study.ask()
      expect(study.explain(0)).toEqual({ model, why: 'Drawn from the priors; results play no part.' })
    }
  })

  it('looks at open trials alone to say which of them are within, however many there are', async () => {
    const study = await createStudy({ name: 'open', space: plane, sampler: random(), seed: 1 })
    for (let i = 0; i < 20; i++) await study.tell(await study.ask(), i)
    const open = [await study.ask(), await study.ask()]
    const looked: number[] = []
    const history: History = Object.create(study.columns, { trial: { value: (number: number) => (looked.push(number), study.columns.trial(number)) }, running: { value: () => study.columns.running() }, paused: { value: () => study.columns.paused() } })
    const part = new RestrictedSpace(study.space, { n: open[0]!.params.n, x: [0, 1] })
    const within = new RestrictedHistory(history, () => part)
    expect([within.running()[0], within.paused()]).toEqual([20, []])
    expect(looked).toEqual([20, 21])
  })

  it('says so at once where there is no sampler inside', () => {
    const refused = { code: 'OPTION', message: expect.stringMatching(/takes a sampler, as tpe\(\) or random\(\)/) }
    for (const wrong of [undefined, { layers: 2 }, tpe] as never[]) {
      for (const make of [() => fixed(wrong, { layers: 2 }), () => restricted(wrong, {}), () => limitConcurrency(wrong, 2), () => startingFrom(wrong, []), () => blend([{ sampler: wrong }])]) expect(make).toThrow(expect.objectContaining(refused))
    }
    expect(() => fixed(tpe(), undefined as never)).toThrow(expect.objectContaining({ code: 'OPTION' }))
  })

  it('begins anew where another part of the space was searched: notes of that are of other parameters', async () => {
    const storage = new MemoryStorage(systemClock)
    for (const sampler of [counter('c'), fixed(counter('c'), { n: 2 }), fixed(counter('c'), { x: 0.5 }), fixed(counter('c'), { n: 2 })]) {
      const study = await createStudy({ name: 'parts', space: plane, sampler, seed: 1, storage, ifExists: 'resume' })
      for (let i = 0; i < 3; i++) await study.tell(await study.ask(), i)
      if (study.counts.complete === 12) expect(study.trials().map((record) => countOf(record, record.number < 3 ? 0 : 1))).toEqual([1, 2, 3, 1, 2, 3, 1, 2, 3, 4, 5, 6])
      await study.close()
    }
    expect.assertions(1)
  })

  it('makes a finite space of an infinite one', async () => {
    const study = await createStudy({ name: 'finite', space: tree, sampler: fixed(grid(), { rate: 0.1, 'optimizer.type': 'none' }), seed: 1 })
    const { reason } = await study.optimize(() => 0, { trials: 100 })
    expect([study.counts.complete, reason]).toEqual([8, expect.stringContaining('grid')])
    await study.close()
  })

  it('holds in a space that is defined by running from the second trial that has the parameter', async () => {
    const study = await createStudy({ name: 'running', sampler: restricted(tpe(), { x: [0.25, 0.5], kind: 'b' }), seed: 1 })
    await study.optimize((trial) => trial.float('x', 0, 1) + (trial.choice('kind', ['a', 'b', 'c']) === 'a' ? 1 : 0), { trials: 12 })
    for (const { flatParams } of study.trials().slice(1)) expect(flatParams).toEqual({ x: expect.closeTo(0.375, 0), kind: 'b' })
    expect(study.trials().slice(1).every(({ flatParams }) => (flatParams['x'] as number) >= 0.25 && (flatParams['x'] as number) <= 0.5)).toBe(true)
    await study.close()
  })

  it('refuses what the space does not have', async () => {
    await expect(createStudy({ name: 'x', space: tree, sampler: fixed(tpe(), { layer: 3 }) })).rejects.toMatchObject({ code: 'OPTION', message: expect.stringContaining("'layers'") })
    await expect(createStudy({ name: 'x', space: tree, sampler: restricted(tpe(), { optimizer: ['adam', 'lion'] }) })).rejects.toMatchObject({ code: 'OPTION' })
    expect(() => fixed(tpe(), { layers: [1, 2] } as never)).toThrow(expect.objectContaining({ code: 'OPTION', message: expect.stringContaining('restricted(') }))
    expect(() => restricted(tpe(), undefined as never)).toThrow(expect.objectContaining({ code: 'OPTION' }))
  })
})

describe('startingFrom', () => {
  const points = [{ x: 0.25, n: 3 }, { x: 0.5, n: 4 }, { x: 0.75, n: 5 }]

  it('tries the points first, beside each other too, and none twice after a restart', async () => {
    const storage = new MemoryStorage(systemClock)
    const open = (): Promise<Awaited<ReturnType<typeof createStudy<typeof plane>>>> => createStudy({ name: 'known', space: plane, sampler: startingFrom(tpe(), points), seed: 1, storage, ifExists: 'resume' })
    const first = await open()
    const [one, two] = [await first.ask(), await first.ask()]
    expect([one.params, two.params]).toEqual(points.slice(0, 2))
    await first.tell(one, 1)
    await first.fail(two, new Error('stopped'), 'aborted')
    await first.close()
    const second = await open()
    await second.optimize(({ params }) => params.x, { more: 4 })
    const tried = second.trials().map(({ params }) => params)
    expect(tried.slice(2, 4)).toEqual([points[1], points[2]])
    expect(tried.slice(4).every((params) => !points.some(({ x }) => x === params.x))).toBe(true)
    expect(second.explain(2).why).toContain('known points')
    await second.close()
  })

  it('takes points by path, in trees, and refuses what is no point', async () => {
    const tree = space({ optimizer: oneOf({ sgd: { momentum: float(0, 1) }, adam: {} }) })
    const study = await createStudy({ name: 'tree', space: tree, sampler: startingFrom(random(), [{ optimizer: { type: 'sgd', momentum: 0.5 } }, { 'optimizer.type': 'adam' }]), seed: 1 })
    await study.optimize(() => 0, { trials: 2 })
    expect(study.trials().map(({ params }) => params.optimizer)).toEqual([{ type: 'sgd', momentum: 0.5 }, { type: 'adam' }])
    await study.close()
    for (const wrong of [{ optimizer: { type: 'sgd' } }, { 'optimizer.type': 'lion' }, { x: 1 }, null as never, 'sgd' as never]) await expect(createStudy({ name: 'x', space: tree, sampler: startingFrom(random(), [wrong]) })).rejects.toMatchObject({ code: 'OPTION' })
    await expect(createStudy({ name: 'x', sampler: startingFrom(random(), [{ x: 1 }]) })).rejects.toMatchObject({ code: 'UNSUPPORTED', message: expect.stringContaining('enqueue') })
  })
})

describe('limitConcurrency', () => {
  it('lets no more run at once, however many could', async () => {
    const study = await createStudy({ name: 'two', space: plane, sampler: limitConcurrency(tpe(), 2), seed: 1 })
    let [now, most] = [0, 0]
    await study.optimize(async ({ params }) => {
      most = Math.max(most, ++now)
      await new Promise((resolve) => void setTimeout(resolve))
      now--
      return params.x
    }, { trials: 20, concurrency: 6 })
    expect([most, study.counts.complete]).toEqual([2, 20])
    await study.close()
  })

  it('counts the trials of all who share the study, also those that nobody here has seen yet', async () => {
    const storage = new MemoryStorage(systemClock)
    const open = (): ReturnType<typeof createStudy<typeof plane>> => createStudy({ name: 'shared', space: plane, sampler: limitConcurrency(random(), 2), seed: 1, storage, ifExists: 'resume' })
    const [one, two] = [await open(), await open()]
    const first = await one.ask()
    await two.ask()
    await expect(one.ask()).rejects.toMatchObject({ code: 'SAMPLER_WAITS' })
    await expect(two.ask()).rejects.toMatchObject({ code: 'SAMPLER_WAITS' })
    await one.tell(first, 1)
    await two.ask()
    await expect(one.ask()).rejects.toMatchObject({ code: 'SAMPLER_WAITS' })
    await one.close()
    await two.close()
  })

  it('refuses limits that make no sense', () => {
    for (const trials of [0, 1.5, undefined]) expect(() => limitConcurrency(tpe(), trials as never)).toThrow(expect.objectContaining({ code: 'OPTION' }))
  })
})
