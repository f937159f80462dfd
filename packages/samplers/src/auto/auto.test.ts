import { choice, createStudy, float, int, isAttuneError, MemoryStorage, minimize, oneOf, type Study, systemClock } from '@attune/core'
import { samplerSuite } from '@attune/testing'
import { describe, expect, it } from 'vitest'
import { auto } from './auto.ts'
import { choose, type Facts, manyObjectives, manyParameters, manyPaused, manyTrials, stuckAfter } from './choice.ts'

samplerSuite('auto', () => auto())

const usual: Facts = { objectives: 1, parameters: 5, smooth: true, ended: 50, paused: 0, sinceBest: 3 }

describe('the rule of auto', () => {
  it.each<readonly [string, Partial<Facts>, readonly string[]]>([
    ['a Gaussian process as long as it finds better trials', {}, ['gp', 'gp', 'gp', 'gp']],
    ['a Gaussian process while some trials are paused', { paused: 50 }, ['gp', 'gp', 'gp', 'gp']],
    ['TPE where most trials are paused', { ended: manyPaused - 1, paused: manyPaused }, ['tpe', 'tpe', 'tpe', 'tpe']],
    ['every third trial to CMA-ES where numbers are stuck', { sinceBest: stuckAfter }, ['cma-es', 'gp', 'gp', 'cma-es']],
    ['every third trial to TPE where other spaces are stuck', { sinceBest: stuckAfter, smooth: false }, ['tpe', 'gp', 'gp', 'tpe']],
    ['three of four to CMA-ES after many trials', { ended: manyTrials }, ['gp', 'cma-es', 'cma-es', 'cma-es']],
    ['no Gaussian process with very many parameters', { parameters: manyParameters + 1, smooth: false }, ['tpe', 'tpe', 'tpe', 'tpe']],
    ['Gaussian processes for a few objectives', { objectives: 2 }, ['gp', 'gp', 'gp', 'gp']],
    ['NSGA-II for many objectives', { objectives: manyObjectives + 1 }, ['nsga-ii', 'nsga-ii', 'nsga-ii', 'nsga-ii']],
    ['NSGA-II for several objectives after many trials', { objectives: 2, ended: manyTrials }, ['nsga-ii', 'nsga-ii', 'nsga-ii', 'nsga-ii']],
    ['TPE for several objectives of very many parameters', { objectives: 2, parameters: manyParameters + 1 }, ['tpe', 'tpe', 'tpe', 'tpe']],
  ])('gives %s', (_, facts, arms) => {
    expect([0, 1, 2, 3].map((number) => choose({ ...usual, ...facts }, number).arm)).toEqual(arms)
  })
})

describe('auto', () => {
  it('tells what it goes on with, once, and names the sampler in each explanation', async () => {
    const study = await createStudy({ space: { kind: oneOf({ a: { x: float(0, 1) }, b: { n: int(1, 5) } }), c: choice(['p', 'q']) }, sampler: auto(), seed: 1, objective: minimize('value') })
    const remarks: string[] = []
    study.on((event) => event.type === 'remark' && remarks.push(event.message))
    // Nothing is ever better than the first trial.
    for (let i = 0; i < stuckAfter + 8; i++) {
      try {
        await study.tell(await study.ask(), i === 0 ? 0 : 1 + (i % 3))
      } catch (error) {
        if (isAttuneError(error, 'EXHAUSTED')) break
        throw error
      }
    }
    const models = new Set(study.trials().map(({ number }) => study.explain(number).model.split(':')[0]))
    await study.close()
    expect(models).toEqual(new Set(['gp', 'tpe']))
    expect(remarks).toHaveLength(2)
    expect(remarks[0]).toMatch(/^gp: A Gaussian process/)
    expect(remarks[1]).toMatch(/^tpe: 25 trials without a better one/)
  })

  it.each([
    { what: 'numbers that are stuck', space: { x: float(0, 1), y: int(1, 100) }, added: 26, objectives: 1, arms: ['cma-es', 'gp'] },
    { what: 'categories that are stuck', space: { x: float(0, 1), y: choice([1, 2, 3]) }, added: 26, objectives: 1, arms: ['gp', 'tpe'] },
    { what: 'many trials', space: { x: float(0, 1), y: int(1, 100) }, added: manyTrials, objectives: 1, arms: ['cma-es', 'gp'] },
    { what: 'many trials of two objectives', space: { x: float(0, 1), y: int(1, 100) }, added: manyTrials, objectives: 2, arms: ['nsga-ii'] },
  ])('answers the same however the history was loaded, also after corrections: $what', async ({ space, added, objectives, arms }) => {
    const names = ['a', 'b'].slice(0, objectives)
    const measured = (x: number): Record<string, number> => Object.fromEntries(names.map((name, i) => [name, Math.abs(x - i)]))
    const run = async (reopens: boolean): Promise<readonly { readonly note: { readonly arm: string } }[]> => {
      const storage = new MemoryStorage(systemClock)
      const open = (): Promise<Study<{ readonly x: number }>> => createStudy({ name: 'history', space, objective: names.map((name) => minimize(name)), sampler: auto(), seed: 1, storage, ifExists: 'resume' }) as never
      let study = await open()
      // The first is the best for ever.
      for (let i = 0; i < added; i++) {
        const x = 0.3 + (i % 50) / 100
        await study.add({ params: { x, y: 1 + (i % 3) } as never, metrics: i === 0 ? Object.fromEntries(names.map((name) => [name, -1])) : measured(x) })
      }
      for (let i = 0; i < 8; i++) {
        if (reopens) {
          await study.close()
          study = await open()
        }
        if (i === 4) await study.void(added - 2, 'mixed up')
        const trial = await study.ask()
        await study.tell(trial, measured(trial.params.x))
      }
      const found = study.trials().slice(added).map(({ flatParams, suggestion }) => ({ flatParams, explanation: suggestion?.explanation, note: suggestion?.note as { readonly arm: string } }))
      await study.close()
      return found
    }
    const live = await run(false)
    expect(await run(true)).toEqual(live)
    expect(new Set(live.map(({ note }) => note.arm))).toEqual(new Set(arms))
  }, 60_000)
})
