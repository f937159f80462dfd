import { describe, expect, it } from 'vitest'
import type { Operation } from '../../contracts/change.ts'
import type { Storage } from '../../contracts/storage.ts'
import { maximize, minimize } from '../../objective/objectives.ts'
import { float } from '../../space/builders.ts'
import { MemoryStorage } from '../../storage/memory-storage.ts'
import { systemClock } from '../../system.ts'
import { createStudy } from '../create-study.ts'
import { copyStudy, loadStudy, mergeStudies } from '../manage-studies.ts'
import type { Study } from '../study.ts'

const space = { x: float(0, 1) }

async function opened(name: string, storage: Storage = new MemoryStorage(systemClock)): Promise<Study<{ readonly x: number }>> {
  return createStudy({ name, storage, space, objective: minimize('loss'), seed: 3, ifExists: 'resume' })
}

/** A study with trials that end in each way, with reports. */
async function filled(name: string, storage?: Storage): Promise<Study<{ readonly x: number }>> {
  const study = await opened(name, storage)
  await study.optimize(async function* ({ number }) {
    if (number === 1) throw new Error('broken')
    for (let step = 1; step <= 3; step++) yield { step, loss: number + step }
  }, { trials: 3 })
  await study.prune(await asked(study))
  await study.ask() // It runs on: a merge leaves it where it is.
  await study.void(2, 'wrong data')
  return study
}

async function asked(study: Study<{ readonly x: number }>): Promise<number> {
  const trial = await study.ask()
  await trial.report({ step: 1, loss: 5 })
  return trial.number
}

describe('a merge', () => {
  it('adds ended trials that are not void, with reports and where they came from, once', async () => {
    const [into, other] = [await opened('into'), await filled('other')]
    const notes = { note: 'the same digits', by: 'Ada' }
    expect(await into.merge(other, notes)).toEqual({ added: 4, known: 0 })
    expect(await into.merge(other, notes)).toEqual({ added: 0, known: 4 })
    expect(into.trials().map(({ state, origin }) => [state, origin])).toEqual([['complete', 'added'], ['failed', 'added'], ['complete', 'added'], ['pruned', 'added']])
    const [source, copy] = [other.trial(3), into.trial(2)]
    expect([copy.params, copy.metrics, copy.reports.map(({ step, metrics }) => [step, metrics])]).toEqual([source.params, source.metrics, source.reports.map(({ step, metrics }) => [step, metrics])])
    expect(copy.attributes['mergedFrom']).toEqual({ study: other.summary.id, name: 'other', number: 3, origin: 'sampler', createdAt: source.createdAt, startedAt: source.startedAt, endedAt: source.endedAt })
    expect(into.best.number).toBe(0)
    expect((await into.workers()).map(({ ended, running }) => [ended, running])).toEqual([[0, []]])
    expect(await into.history()).toMatchObject([{ what: 'merge', from: { id: other.summary.id, name: 'other' }, before: 0, after: 4, ...notes }])
    await other.tell(await other.ask(), 0)
    expect(await into.merge(other)).toEqual({ added: 1, known: 4 })
    expect(into.best.value).toBe(0)
  })

  it('that is interrupted at any write and repeated is complete, and nothing is doubled', async () => {
    const other = await opened('other')
    for (let i = 0; i < 8; i++) await other.optimize(async function* () {
      for (let step = 1; step <= 150; step++) yield { step, loss: i }
    }, { more: 1 })
    for (let last = 0; ; last++) {
      let writes = 0
      const memory = new MemoryStorage(systemClock)
      const storage = Object.assign(Object.create(memory) as Storage, {
        write: (id: string, request: { readonly id: string; readonly operations: readonly Operation[] }) => {
          if (request.operations.some(({ type }) => type === 'merge') && writes++ === last) throw Object.assign(new Error('killed'), { [Symbol.for('@attune/core/AttuneError')]: true, code: 'KILLED' })
          return memory.write(id, request)
        },
        createStudy: memory.createStudy.bind(memory), findStudy: memory.findStudy.bind(memory), changesSince: memory.changesSince.bind(memory),
      })
      const into = await opened('into', storage)
      const result = await into.merge(other).catch((error: unknown) => error)
      const repeated = await into.merge(other)
      expect(into.trials().map(({ metrics }) => metrics['loss'])).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
      expect(repeated).toEqual({ added: 8 - repeated.known, known: repeated.known })
      if (!(result instanceof Error)) {
        expect(writes).toBeGreaterThan(2)
        return
      }
    }
  })

  it('while others make trials takes the numbers that are left', async () => {
    const storage = new MemoryStorage(systemClock)
    const [into, twin, other] = [await opened('into', storage), await opened('into', storage), await filled('other')]
    await Promise.all([into.merge(other), twin.optimize(() => 1, { trials: 20 }), twin.merge(other)])
    await Promise.all([into.refresh(), twin.refresh()])
    expect(into.trials().filter(({ origin }) => origin === 'added')).toHaveLength(4)
    expect(twin.trials().map(({ number, params }) => [number, params])).toEqual(into.trials().map(({ number, params }) => [number, params]))
  })

  it('of a copy, back into what it was copied from, adds only what is new', async () => {
    const storage = new MemoryStorage(systemClock)
    const original = await filled('original', storage)
    await copyStudy(storage, 'original', 'copy', { by: 'Ada' })
    const copy = await opened('copy', storage)
    expect(await copy.history()).toMatchObject([{ what: 'void' }, { what: 'copy', by: 'Ada', before: 'original', after: 'copy', from: { id: original.summary.id } }])
    await copy.tell(await copy.ask(), 1)
    const { added } = await original.merge(copy)
    expect([added, original.trials().at(-1)!.metrics]).toEqual([1, { loss: 1 }])
    expect(await copy.merge(original)).toMatchObject({ added: 0 })
  })

  it('through a third study adds nothing twice', async () => {
    const [a, b, c] = [await filled('a'), await opened('b'), await opened('c')]
    await b.merge(a)
    await c.merge(b)
    expect(await c.merge(a)).toEqual({ added: 0, known: 4 })
    expect(await a.merge(c)).toEqual({ added: 0, known: 4 })
  })

  it('takes in trials of an earlier space, and of one that the values complete', async () => {
    const [into, other] = [await opened('into'), await filled('other')]
    const larger = { x: float(-1, 1), y: float(0, 1) }
    const wider = await into.extendSpace(larger, { values: { y: 0.5 } })
    await wider.merge(other)
    expect(wider.trials().map(({ params }) => params.y)).toEqual([0.5, 0.5, 0.5, 0.5])
    const fresh = await createStudy({ name: 'fresh', space: larger, objective: minimize('loss') })
    await expect(fresh.merge(other)).rejects.toMatchObject({ code: 'STUDIES_DIFFER', message: expect.stringMatching(/y, float\(0, 1\): say what trials of the other study had/) as unknown })
    await fresh.merge(other, { values: { y: 0 } })
    expect(fresh.trials().map(({ params }) => params.y)).toEqual([0, 0, 0, 0])
  })

  it('of spaces defined by running unites them', async () => {
    const [into, other] = [await createStudy({ name: 'into', seed: 1 }), await createStudy({ name: 'other', seed: 2 })]
    await into.optimize((t) => t.float('x', 0, 1), { trials: 1 })
    await other.optimize((t) => t.float('x', 0, 1) + t.int('n', 1, 3), { trials: 2 })
    await into.merge(other)
    expect([into.space.dimensions.map(({ path }) => path), into.trials().map(({ params }) => Object.keys(params))]).toEqual([['x', 'n'], [['x'], ['x', 'n'], ['x', 'n']]])
    const third = await createStudy({ name: 'third', seed: 3 })
    await third.optimize((t) => t.float('n', 0, 1), { trials: 1 })
    await expect(into.merge(third)).rejects.toMatchObject({ code: 'STUDIES_DIFFER', message: expect.stringMatching(/n: the two studies define it differently/) as unknown })
  })

  it('is refused with all differences', async () => {
    const into = await createStudy({ name: 'into', space, objective: maximize('score'), metrics: ['score'] })
    const other = await createStudy({ name: 'other', space: { x: float(0, 2), z: float(0, 1) }, objective: minimize('loss') })
    await other.tell(await other.ask(), 1)
    await expect(into.merge(other)).rejects.toMatchObject({ code: 'STUDIES_DIFFER', message: expect.stringMatching(/objectives: .*"loss".* → .*"score".*\n.*not declared: "loss"\n.*z: removed.*\n.*x: high 2 → 1/) as unknown })
    await expect(into.merge(into)).rejects.toMatchObject({ code: 'OPTION' })
    await expect(into.merge('other' as never)).rejects.toMatchObject({ code: 'OPTION', message: expect.stringMatching(/mergeStudies takes names/) as unknown })
    const dynamic = await createStudy({ name: 'dynamic', objective: maximize('score') })
    await expect(into.merge(dynamic)).rejects.toMatchObject({ code: 'STUDIES_DIFFER', message: expect.stringMatching(/one space is declared/) as unknown })
  })
})

describe('mergeStudies', () => {
  it('works by names, within one storage and from another', async () => {
    const [storage, elsewhere] = [new MemoryStorage(systemClock), new MemoryStorage(systemClock)]
    await filled('other', storage)
    await filled('far', elsewhere)
    await opened('into', storage)
    expect(await mergeStudies(storage, 'other', 'into')).toEqual({ added: 4, known: 0 })
    expect(await mergeStudies(storage, { storage: elsewhere, name: 'far' }, 'into', { by: 'Bo' })).toEqual({ added: 4, known: 0 })
    expect(await mergeStudies(storage, { storage: elsewhere, name: 'far' }, 'into')).toEqual({ added: 0, known: 4 })
    const into = await loadStudy({ storage, name: 'into' })
    expect([into.trials().length, (await into.history()).map(({ what, note }) => [what, note])]).toEqual([8, [['merge', undefined], ['merge', undefined]]])
    await expect(mergeStudies(storage, 'othr', 'into')).rejects.toMatchObject({ code: 'STUDY_NOT_FOUND' })
  })
})
