import { createStudy, float, isAttuneError, oneOf, minimize, choice, int } from '@attune/core'
import { samplerSuite } from '@attune/testing'
import { describe, expect, it } from 'vitest'
import { auto } from './auto.ts'
import { choose, type Facts, manyObjectives, manyParameters, manyTrials, stuckAfter } from './choice.ts'

samplerSuite('auto', () => auto())

const usual: Facts = { objectives: 1, parameters: 5, smooth: true, ended: 50, sinceBest: 3 }

describe('the rule of auto', () => {
  it.each<readonly [string, Partial<Facts>, readonly string[]]>([
    ['a Gaussian process as long as it finds better trials', {}, ['gp', 'gp', 'gp', 'gp']],
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
})
