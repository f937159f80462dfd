import { expect, it, vi } from 'vitest'
import { measureCurves } from './measure-curves.ts'
import { problemEntries } from './problems/load.ts'

const entries = problemEntries('functions.json').filter(({ id }) => ['branin/2', 'rastrigin/2'].includes(id))
const common = { list: 'functions.json', entries, data: '/nowhere', seeds: [0, 1, 2], trials: 10 }

it('children run all studies, the same however many there are, and tell which failed', async () => {
  const told = vi.spyOn(console, 'error').mockImplementation(() => undefined)
  const [random, unknown] = await measureCurves([{ ...common, sampler: 'random' }, { ...common, sampler: 'no-such-sampler' }], 2)
  const [again] = await measureCurves([{ ...common, sampler: 'random' }], 1)
  expect(random?.curves['branin/2']).toHaveLength(3)
  expect(random?.curves).toEqual(again?.curves)
  expect(random?.failed).toEqual([])
  expect(unknown?.failed).toHaveLength(6)
  expect(unknown?.failed[0]).toContain('no-such-sampler on branin/2, seed 0')
  expect(Object.values(unknown?.curves ?? {})).toEqual([[], []])
  expect(told).toHaveBeenCalledTimes(6)
  told.mockRestore()
})
