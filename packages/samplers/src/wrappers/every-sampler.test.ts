import { createStudy, float, int, oneOf, random, type SamplerFactory, space } from '@attune/core'
import { expect, it } from 'vitest'
import { annealing } from '../annealing/annealing.ts'
import { cmaEs } from '../cma-es/cma-es.ts'
import { differentialEvolution } from '../differential-evolution/differential-evolution.ts'
import { forest } from '../forest/forest.ts'
import { gp } from '../gp/gp.ts'
import { nsgaII } from '../nsga/nsga.ts'
import { quasiRandom } from '../quasi-random/quasi-random.ts'
import { tpe } from '../tpe/tpe.ts'
import { blend } from './blend.ts'
import { limitConcurrency } from './limit-concurrency.ts'
import { restricted } from './restricted.ts'

const tree = space({ rate: float(1e-5, 1, { scale: 'log' }), layers: int(1, 8), width: int(8, 64, { step: 8 }), optimizer: oneOf({ sgd: { momentum: float(0, 1) }, adam: { beta: float(0, 1) }, none: {} }) })
const every: readonly SamplerFactory[] = [random(), quasiRandom(), tpe(), gp(), forest(), cmaEs(), differentialEvolution(), annealing(), nsgaII()]

async function run(sampler: SamplerFactory, trials: number): Promise<readonly unknown[]> {
  const study = await createStudy({ name: 'wrapped', space: tree, sampler, seed: 3 })
  const warnings: string[] = []
  study.on((event) => event.type === 'warning' && warnings.push(event.message))
  for (let i = 0; i < trials; i++) {
    const trial = await study.ask()
    const { rate, layers, optimizer } = trial.params
    if (i % 7 === 3) await study.fail(trial, new Error('broken'))
    else await study.tell(trial, (Math.log10(rate) + 3) ** 2 + layers + (optimizer.type === 'sgd' ? optimizer.momentum : 1))
  }
  const found = study.trials().map(({ flatParams }) => flatParams)
  await study.close()
  expect(warnings).toEqual([])
  return found
}

it.each(every)('$id suggests within a restriction', async (sampler) => {
  const points = await run(restricted(sampler, { rate: [1e-4, 1e-2], width: 32, layers: [2, 5], optimizer: ['sgd', 'none'] }), 30) as readonly Record<string, unknown>[]
  for (const point of points) {
    expect(point).toMatchObject({ width: 32, 'optimizer.type': expect.stringMatching(/sgd|none/) as string })
    expect(point['rate']).toBeGreaterThanOrEqual(1e-4)
    expect(point['rate']).toBeLessThanOrEqual(1e-2)
    expect([2, 3, 4, 5]).toContain(point['layers'])
  }
})

it.each(every)('$id suggests under a wrapper what it suggests alone, with its notes and its history', async (sampler) => {
  expect(await run(limitConcurrency(sampler, 1), 24)).toEqual(await run(sampler, 24))
})

it('all of them share a study, and are told of each other', async () => {
  expect(await run(blend(every.map((sampler) => ({ sampler }))), 45)).toHaveLength(45)
})

it.each(every.slice(1))('$id gives a reason for each trial, from the first of a space that is defined by running', async (sampler) => {
  const study = await createStudy({ name: 'running', sampler, seed: 3 })
  await study.optimize((trial) => trial.float('x', 0, 1) + trial.int('n', 1, 4), { trials: 14 })
  for (const { suggestion } of study.trials()) expect(suggestion?.explanation).toMatchObject({ model: expect.stringMatching(/\w/) as string, why: expect.stringMatching(/\.$/) as string })
  await study.close()
})
