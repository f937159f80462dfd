// What a person sees of a study: its table, what Node prints, and what plugins warn of.
import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import type { SamplerFactory } from '../contracts/sampler.ts'
import { minimize } from '../objective/objectives.ts'
import { choice, float, int, oneOf } from '../space/builders.ts'
import { createStudy } from './create-study.ts'

describe('table', () => {
  it('has one plain row a trial: number, state, metrics, then parameters by path', async () => {
    const study = await createStudy({ space: { n: int(1, 4), kind: oneOf({ a: { depth: int(2, 2) }, b: {} }) }, objective: minimize('loss'), seed: 1 })
    await study.enqueue({ n: 3, kind: { type: 'a', depth: 2 } })
    await study.enqueue({ n: 1, kind: { type: 'b' } })
    await study.tell(await study.ask(), { loss: 0.5, other: 7 })
    await study.fail(await study.ask(), new Error('no'))
    expect(study.table()).toEqual([
      { number: 0, state: 'complete', loss: 0.5, other: 7, n: 3, 'kind.type': 'a', 'kind.a.depth': 2 },
      { number: 1, state: 'failed', n: 1, 'kind.type': 'b' },
    ])
    expect(Object.keys(study.table()[0]!).slice(0, 4)).toEqual(['number', 'state', 'loss', 'other'])
  })

  it('keeps what has the name of another column, the same way in every row', async () => {
    const study = await createStudy({ space: { state: choice(['on', 'off']), loss: float(0, 1) }, objective: minimize('loss'), seed: 1 })
    await study.enqueue({ state: 'on', loss: 0.25 })
    await study.enqueue({ state: 'off', loss: 0.5 })
    await study.tell(await study.ask(), { loss: 3, number: 9 })
    await study.fail(await study.ask(), new Error('no'))
    expect(study.table()).toEqual([
      { number: 0, state: 'complete', loss: 3, 'metrics.number': 9, 'params.state': 'on', 'params.loss': 0.25 },
      { number: 1, state: 'failed', 'params.state': 'off', 'params.loss': 0.5 },
    ])
  })
})

describe('a trial that Node prints', () => {
  it('shows what a person looks for, nested parameters included', async () => {
    const study = await createStudy({ space: { rate: float(0, 1), optimizer: oneOf({ sgd: { momentum: float(0, 1) }, adam: {} }) }, objective: minimize('loss'), seed: 1 })
    await study.add({ params: { rate: 0.5, optimizer: { type: 'sgd', momentum: 0.25 } }, value: 2 })
    expect(inspect(study.best)).toBe(inspect({ number: 0, state: 'complete', params: { rate: 0.5, optimizer: { type: 'sgd', momentum: 0.25 } }, metrics: { loss: 2 } }))
    const trial = await study.ask()
    await trial.report({ step: 1, loss: 4 })
    await study.fail(trial, new RangeError('too large'))
    expect(inspect(study.trial(1))).toMatch(/state: 'failed'[\s\S]*message: 'RangeError: too large'[\s\S]*reports: \[/)
  })
})

describe('a warning of a sampler', () => {
  it('is an event that carries its name, once however often it is told', async () => {
    const fallingBack: SamplerFactory = {
      specVersion: 'v1',
      id: 'model',
      revision: 1,
      create: ({ space, warn }) => ({
        suggest({ random }) {
          warn('The model fell back to random, because its matrix is singular.')
          return { params: space.sample(random) }
        },
      }),
    }
    const study = await createStudy({ space: { x: float(0, 1) }, sampler: fallingBack, seed: 1 })
    const warnings: unknown[] = []
    study.on((event) => event.type === 'warning' && warnings.push([event.source, event.message]))
    await study.optimize(({ params }) => params.x, { trials: 3 })
    expect(warnings).toEqual([['model', 'The model fell back to random, because its matrix is singular.']])
  })
})

describe('a retry policy', () => {
  const failing = async (error: Error | number, retry: Parameters<Awaited<ReturnType<typeof createStudy>>['optimize']>[1]['retry']): Promise<number> => {
    const study = await createStudy({ space: { x: float(0, 1) }, seed: 1 })
    let attempts = 0
    await study.optimize(({ number }) => {
      if (number > 0) return 1
      attempts++
      if (typeof error === 'number') return error
      throw error
    }, { trials: 1, ...(retry === undefined ? {} : { retry }) })
    return attempts
  }

  it.each([
    ['none by default', new Error('x'), undefined, 1],
    ['errors, so often as asked', new Error('x'), 2, 3],
    ['lack of memory', new RangeError('Array buffer allocation failed'), { times: 1 }, 2],
    ['no invalid metric, which would only come again', NaN, 2, 1],
    ['the reasons that are named', NaN, { times: 2, on: ['invalid-metric'] as const }, 3],
    ['no other reason then', new Error('x'), { times: 2, on: ['timeout'] as const }, 1],
  ])('starts again after %s', async (_, error, retry, attempts) => {
    expect(await failing(error, retry)).toBe(attempts)
  })
})
