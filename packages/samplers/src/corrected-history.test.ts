// A corrected study goes on as one would whose history had been right from the start.
import { choice, createStudy, float, int, MemoryStorage, oneOf, type Operation, type SamplerFactory, type Study, systemClock, type TrialRecord } from '@attune/core'
import { expect, it } from 'vitest'
import { annealing, auto, blend, cmaEs, differentialEvolution, exhaustive, forest, gp, grid, nsgaIII, quasiRandom, restricted, tpe } from './index.ts'

const narrow = { rate: float(0.25, 1, { step: 0.25 }), kind: oneOf({ sgd: { momentum: float(0, 0.75, { step: 0.25 }) } }) }
const wide = { rate: float(0.25, 1.5, { step: 0.25 }), kind: oneOf({ sgd: { momentum: float(0, 0.75, { step: 0.25 }) }, adam: {} }), layers: int(1, 2), act: choice(['relu', 'tanh']) }
const values = { layers: 1, act: 'relu' }
const loss = ({ flatParams }: { readonly flatParams: { readonly [path: string]: unknown } }): number => (Number(flatParams['rate']) - 0.75) ** 2 + Number(flatParams['kind.sgd.momentum'] ?? 0.1) + Number(flatParams['layers'] ?? 1)

const opened = <S extends typeof narrow | typeof wide>(storage: MemoryStorage, space: S, sampler: SamplerFactory): Promise<Study<never>> =>
  createStudy({ storage, space, sampler, seed: 5, ifExists: 'resume' }) as unknown as Promise<Study<never>>

/** What a study suggests next, some trials long. */
async function next(study: Study<never>): Promise<readonly unknown[]> {
  const suggested: unknown[] = []
  for (let i = 0; i < 4; i++) {
    const trial = await study.ask()
    suggested.push(trial.flatParams)
    await study.tell(trial, loss(trial))
  }
  return suggested
}

/** A study whose trials ended, at once and for good, as these did by now. */
async function rightFromTheStart(trials: readonly TrialRecord[], space: typeof narrow | typeof wide, sampler: SamplerFactory): Promise<Study<never>> {
  const storage = new MemoryStorage(systemClock)
  const study = await opened(storage, space, sampler)
  for (const { number, flatParams, metrics, voided } of trials) {
    const operations: readonly Operation[] = voided === undefined
      ? [{ type: 'create', origin: 'sampler', params: flatParams, outcome: { state: 'complete', metrics } }]
      : [{ type: 'create', origin: 'enqueued', params: flatParams }, { type: 'amend', number, amendment: { void: voided }, by: 'me' }] // It never ran.
    storage.write(study.summary.id, { id: `trial ${number}`, operations })
  }
  await study.refresh()
  return study
}

const corrections: readonly (readonly [what: string, space: typeof narrow | typeof wide, correct: (study: Study<never>) => Promise<unknown>])[] = [
  ['a void', narrow, (study) => study.void(study.best.number, 'wrong data')],
  ['an edit', narrow, (study) => study.edit(study.best.number, { metrics: { value: 50 } }, 'in seconds')],
  ['a void that was taken back, and another', narrow, async (study) => {
    await study.void(3, 'wrong data')
    await study.void(7, 'wrong data')
    await study.restore(3, 'right data')
  }],
  ['an extension of the space', wide, (study) => study.extendSpace(wide, { values })],
  ['all of these', wide, async (study) => {
    await study.void(2, 'wrong data')
    await study.extendSpace(wide, { values })
    await study.edit(4, { metrics: { value: 0 } }, 'in seconds')
  }],
]

const samplers = [['tpe', tpe({ startupTrials: 5 })], ['grid', grid()], ['nsgaIII', nsgaIII({ startupTrials: 5 })], ['annealing', annealing({ startupTrials: 5 })], ['forest', forest({ startupTrials: 5 })], ['exhaustive', exhaustive()], ['quasiRandom', quasiRandom()]] as const
const cases = samplers.flatMap(([name, sampler]) => corrections.map(([what, space, correct]) => [`${name} after ${what}`, sampler, space, correct] as const))

it.each(cases)('P10: a corrected study suggests what it would have with the right history from the start, also after it was opened again: %s', async (_what, sampler, space, correct) => {
  const corrected = async (storage: MemoryStorage): Promise<Study<never>> => {
    const study = await opened(storage, narrow, sampler)
    await study.optimize(loss, { trials: 10 })
    await correct(study)
    return study
  }
  const study = await corrected(new MemoryStorage(systemClock))
  const expected = await next(await rightFromTheStart(study.trials(), space, sampler))
  expect(await next(study)).toEqual(expected)
  const storage = new MemoryStorage(systemClock)
  await (await corrected(storage)).close()
  expect(await next(await opened(storage, space, sampler))).toEqual(expected)
})

it.each(samplers)('and what it suggests without its corrections is something else: %s', async (_name, sampler) => {
  const study = await opened(new MemoryStorage(systemClock), narrow, sampler)
  await study.optimize(loss, { trials: 10 })
  const uncorrected = await next(await rightFromTheStart(study.trials(), narrow, sampler))
  await study.extendSpace(wide, { values })
  await study.edit(study.best.number, { metrics: { value: 50 } }, 'in seconds')
  expect(await next(study)).not.toEqual(uncorrected)
})

it('a space on which the sampler cannot work is not taken', async () => {
  const study = await opened(new MemoryStorage(systemClock), narrow, grid())
  await expect(study.extendSpace({ ...narrow, free: float(0, 1) }, { values: { free: 0 } })).rejects.toMatchObject({ code: 'UNSUPPORTED' })
  expect(await study.history()).toEqual([])
  await study.optimize(loss, { trials: 2 })
})

const noting = [['gp', gp()], ['cmaEs', cmaEs()], ['differentialEvolution', differentialEvolution()], ['auto', auto()], ['blend', blend([{ sampler: gp() }, { sampler: quasiRandom() }])], ['restricted', restricted(auto(), { rate: [0.25, 0.75] })]] as const

it.each(noting)('P10: a corrected study suggests the same however often it is opened again, if its sampler leaves notes: %s', async (_name, sampler) => {
  const run = async (again: boolean): Promise<readonly unknown[]> => {
    const storage = new MemoryStorage(systemClock)
    let study = await opened(storage, narrow, sampler)
    const go = async (trials: number, space: typeof narrow | typeof wide): Promise<void> => {
      for (let i = 0; i < trials; i++) {
        if (again) {
          await study.close()
          study = await opened(storage, space, sampler)
        }
        const trial = await study.ask()
        await study.tell(trial, loss(trial))
      }
    }
    await go(12, narrow)
    await study.extendSpace(wide, { values })
    await go(4, wide)
    await study.void(3, 'wrong data')
    await go(3, wide)
    return study.trials().map(({ flatParams }) => flatParams)
  }
  expect(await run(true)).toEqual(await run(false))
})
