import { expect, it } from 'vitest'
import { annealing, cmaEs, differentialEvolution, exhaustive, forest, gp, grid, nsgaII, nsgaIII, quasiRandom, tpe } from './index.ts'

const factories: Readonly<Record<string, (options?: never) => unknown>> = { annealing, cmaEs, differentialEvolution, exhaustive, forest, gp, grid, nsgaII, nsgaIII, quasiRandom, tpe }

it.each(Object.entries(factories))('%s takes an object of options, and none that it does not have', (name, make) => {
  for (const wrong of [null, 5, 'halton', [3]] as never[]) expect(() => make(wrong)).toThrow(expect.objectContaining({ code: 'OPTION', message: expect.stringContaining(`as in ${name}({ `) as string }))
  expect(() => make({ candidate: 3 } as never)).toThrow(expect.objectContaining({ code: 'OPTION', message: expect.stringContaining('"candidate"') as string }))
  expect(make(undefined)).toMatchObject({ specVersion: 'v1' })
})
