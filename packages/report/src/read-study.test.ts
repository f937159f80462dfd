import { createStudy, float } from '@attune/core'
import { expect, it } from 'vitest'
import { readStudy } from './read-study.ts'

it('reads a study of core: trials, and the warnings of its whole history', async () => {
  await using study = await createStudy({ name: 'read', space: { x: float(0, 1) }, seed: 1 })
  await study.optimize((trial) => {
    if (trial.number === 1) trial.warn('look here')
    return trial.params.x
  }, { trials: 3 })
  await study.void(2, 'wrong data', { by: 'Ada' })
  const data = await readStudy(study)
  expect(data.definition.name).toBe('read')
  expect(data.space.dimensions.map(({ path }) => path)).toEqual(['x'])
  expect(data.trials.map(({ number, state }) => [number, state])).toEqual([[0, 'complete'], [1, 'complete'], [2, 'complete']])
  expect(data.warnings).toEqual([expect.objectContaining({ message: 'look here', number: 1 })])
  expect(data.corrections).toMatchObject([{ what: 'void', number: 2, by: 'Ada' }])
})
