import { describe, expect, it } from 'vitest'
import type { StudyEvent } from '../../contracts/event.ts'
import type { SamplerFactory } from '../../contracts/sampler.ts'
import { choice, float, int, oneOf, repeat } from '../../space/builders.ts'
import { constraint } from '../../space/constraint.ts'
import { space as build } from '../../space/space.ts'
import { MemoryStorage } from '../../storage/memory-storage.ts'
import { systemClock } from '../../system.ts'
import { createStudy } from '../create-study.ts'
import { listStudies, loadStudy } from '../manage-studies.ts'

const narrow = { rate: float(0.1, 1), optimizer: oneOf({ sgd: { momentum: float(0, 1) } }) }
const wide = { rate: float(0.01, 2), optimizer: oneOf({ sgd: { momentum: float(0, 1) }, adam: {} }), dropout: float(0, 0.5), layers: repeat({ units: int(1, 4) }, { min: 1, max: 2 }) }
const values = { dropout: 0, 'layers.length': 1, 'layers.*.units': 2 }
const given = { seed: 1, ifExists: 'resume' } as const

describe('extending a space', () => {
  it('gives old trials the values of new parameters, and everything the new space', async () => {
    const storage = new MemoryStorage(systemClock)
    const study = await createStudy({ ...given, storage, space: narrow })
    await study.optimize(({ params }) => params.rate, { trials: 3 })
    const [kept] = study.trials()
    const before = structuredClone(kept!.params)
    const events: StudyEvent[] = []
    study.on((event) => events.push(event))
    const wider = await study.extendSpace(wide, { values, note: 'regularise', by: 'Ada' })
    const { rate, optimizer } = wider.trial(0).params
    expect(wider.trial(0).params).toEqual({ rate, optimizer, dropout: 0, layers: [{ units: 2 }] })
    expect(wider.trial(0).flatParams).toMatchObject({ dropout: 0, 'layers.length': 1, 'layers.0.units': 2 })
    expect(kept!.params).toEqual(before)
    const { space } = wider
    const unit = (path: string): number => study.columns.units(space.dimensions.findIndex((dimension) => dimension.path === path))[0]!
    expect(['dropout', 'layers.1.units', 'rate'].map(unit)).toEqual([0, NaN, (rate - 0.01) / 1.99])
    expect(study.definition.fingerprint).toBe(build(wide).fingerprint)
    expect((await listStudies(storage))[0]!.definition).toEqual(study.definition)
    expect(events).toMatchObject([{ type: 'space.revised', by: 'Ada', note: 'regularise', values: { dropout: 0 } }])
    await wider.optimize(({ params }) => params.dropout + params.layers.length, { trials: 6 })
    expect((await study.history())).toMatchObject([{ what: 'space', by: 'Ada', note: 'regularise', values: { dropout: 0, 'layers.length': 1, 'layers.0.units': 2 } }])
    expect((await study.history()).flatMap((entry) => (entry.what === 'space' ? entry.changes : []))).toContain('dropout: added, float(0, 0.5)')
  })

  it('changes nothing where the space is the same, and is refused with the list where it is narrower or lacks values', async () => {
    const study = await createStudy({ ...given, space: narrow })
    await study.extendSpace(narrow)
    await expect(study.extendSpace({ ...narrow, rate: float(0.5, 1) })).rejects.toMatchObject({ code: 'NOT_EXTENSION', message: expect.stringMatching(/rate: low 0\.1 → 0\.5, which is narrower/) as unknown })
    await expect(study.extendSpace(wide, { values: { dropout: 0 } })).rejects.toMatchObject({ code: 'NOT_EXTENSION', message: expect.stringMatching(/layers\.length, int\(1, 2\)\n.*layers\.0\.units|layers\.length, int\(1, 2\)\nSay what/s) as unknown })
    const dynamic = await createStudy({ name: 'dynamic' })
    await expect(dynamic.extendSpace(narrow)).rejects.toMatchObject({ code: 'NOT_EXTENSION', message: expect.stringMatching(/defined by running/) as unknown })
    expect([await study.history(), study.columns.revision]).toEqual([[], 1])
  })

  it('leaves running trials undisturbed, in this and in other processes, and stores what was suggested for the old space', async () => {
    const storage = new MemoryStorage(systemClock)
    const study = await createStudy({ ...given, storage, space: narrow })
    const other = await createStudy({ ...given, storage, space: narrow })
    const reader = await loadStudy({ storage, name: 'study' })
    const [own, foreign] = [await study.ask(), await other.ask()]
    await study.extendSpace(wide, { values })
    const late = await other.ask() // It does not know of the new space when it asks.
    expect(late.params).toMatchObject({ dropout: 0, layers: [{ units: 2 }] })
    expect(own.params.rate).toBe(own.flatParams['rate'])
    await study.tell(own, 1)
    await other.tell(foreign, 2)
    await other.tell(late, 3)
    expect(other.trials().map(({ flatParams }) => flatParams['dropout'])).toEqual([0, 0, 0])
    const next = await other.ask()
    expect(Object.keys(next.flatParams)).toContain('dropout')
    await Promise.all([study.refresh(), reader.refresh()])
    expect(reader.trials().map(({ params }) => params)).toEqual(other.trials().map(({ params }) => params))
    expect(study.trials().map(({ params }) => params)).toEqual(other.trials().map(({ params }) => params))
    const warned: StudyEvent[] = []
    for await (const event of study.events()) if (event.type === 'warning') warned.push(event)
    expect(warned).toMatchObject([{ message: expect.stringMatching(/has extended the space.*its program was written without "dropout", "layers\.length", "layers\.0\.units": start it again/) as unknown }])
  })

  it('while a sampler is at work completes what it suggests', async () => {
    let go!: () => void
    const started = Promise.withResolvers<void>()
    const slow: SamplerFactory = {
      specVersion: 'v1', id: 'slow', revision: 1,
      create: ({ space }) => ({
        suggest: async ({ random }) => {
          const params = space.sample(random)
          await new Promise<void>((resolve) => {
            go = resolve
            started.resolve()
          })
          return { params }
        },
      }),
    }
    const study = await createStudy({ ...given, space: { x: float(0, 1) }, sampler: slow })
    const asking = study.ask()
    await started.promise
    await study.extendSpace({ x: float(0, 1), y: float(0, 1) }, { values: { y: 0.25 } })
    go()
    expect((await asking).params).toMatchObject({ y: 0.25 })
  })

  it('is done by two at once in turn, each knowing what the other did', async () => {
    const storage = new MemoryStorage(systemClock)
    const [first, second] = [await createStudy({ ...given, storage, space: { x: float(0, 1) } }), await createStudy({ ...given, storage, space: { x: float(0, 1) } })]
    const results = await Promise.allSettled([first.extendSpace({ x: float(0, 2) }), second.extendSpace({ x: float(-1, 1) })])
    expect(results.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
    await Promise.all([first.refresh(), second.refresh()])
    expect(first.definition.fingerprint).toBe(second.definition.fingerprint)
    await second.extendSpace({ x: float(-1, 2) })
    await first.extendSpace({ x: float(-1, 2) })
    expect(await first.history()).toHaveLength(2)
  })

  it('keeps function constraints by name and version', async () => {
    const storage = new MemoryStorage(systemClock)
    const kept = constraint<{ readonly x: number }>('below a half', ({ x }) => x - 0.5)
    const dropped = constraint<{ readonly x: number }>('above a tenth', ({ x }) => 0.1 - x)
    const study = await createStudy({ ...given, storage, space: build({ x: float(0, 1) }, { constraints: [kept, dropped] }) })
    await study.optimize(({ params }) => params.x, { trials: 5 })
    const larger = build({ x: float(-1, 1) }, { constraints: [kept] })
    await study.extendSpace(larger)
    await study.optimize(({ params }) => params.x, { trials: 30 })
    const xs = study.trials().map(({ params }) => params.x)
    expect([Math.max(...xs) <= 0.5, Math.min(...xs) < 0.1]).toEqual([true, true])
    const again = await createStudy({ ...given, storage, space: larger })
    expect(again.trials().map(({ params }) => params)).toEqual(study.trials().map(({ params }) => params))
  })
})

describe('a study with another space', () => {
  it('is extended by opening it with "revise", and says so where that is left out', async () => {
    const storage = new MemoryStorage(systemClock)
    const study = await createStudy({ ...given, storage, space: narrow })
    await study.optimize(({ params }) => params.rate, { trials: 3 })
    await study.close()
    await expect(createStudy({ ...given, storage, space: wide })).rejects.toMatchObject({ code: 'STUDY_CHANGED', message: expect.stringMatching(/has every point of the old one.*open it with revise: \{ values: \{ 'dropout': …, 'layers\.length': …/s) as unknown })
    await expect(createStudy({ ...given, storage, space: wide, revise: {} })).rejects.toMatchObject({ code: 'STUDY_CHANGED', message: expect.stringMatching(/say what trials so far had: revise: \{ values: \{ 'dropout'/) as unknown })
    await expect(createStudy({ ...given, storage, space: { rate: choice([1]) }, revise: {} })).rejects.toMatchObject({ code: 'STUDY_CHANGED', message: expect.stringMatching(/cannot be extended to the new one:\n.*optimizer\.type: removed/s) as unknown })
    const wider = await createStudy({ ...given, storage, space: wide, revise: { values, note: 'regularise' } })
    expect(wider.trials().map(({ params }) => params.dropout)).toEqual([0, 0, 0])
    expect(await wider.history()).toMatchObject([{ what: 'space', note: 'regularise' }])
    const again = await createStudy({ ...given, storage, space: wide, revise: { values, note: 'regularise' } })
    expect(await again.history()).toHaveLength(1)
    await expect(createStudy({ ...given, storage, space: narrow })).rejects.toMatchObject({ code: 'STUDY_CHANGED' })
  })

  it('tells its past to whoever comes later: each event with the space of its time', async () => {
    const storage = new MemoryStorage(systemClock)
    const study = await createStudy({ ...given, storage, space: { x: float(0, 1) } })
    await study.tell(await study.ask(), 1)
    await study.extendSpace({ x: float(0, 1), o: oneOf({ a: { y: float(0, 1) }, b: {} }) }, { values: { 'o.type': 'a', 'o.a.y': 1 } })
    await study.tell(await study.ask(), 2)
    await study.rename('later')
    const later = await loadStudy({ storage, name: 'later' })
    const seen: unknown[] = []
    for await (const event of later.events()) if (event.type === 'trial.completed') seen.push(Object.keys(event.trial.params as object))
    else if (event.type === 'study.opened') seen.push(event.study.definition.name)
    expect(seen).toEqual(['study', ['x'], ['x', 'o']])
    expect(later.trials().map(({ params }) => params)).toEqual(study.trials().map(({ params }) => params))
    expect(later.name).toBe('later')
  })
})
