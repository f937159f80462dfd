import { createStudy, float, type Json, type Problem, type SamplerFactory } from '@attune/core'
import { expect, it } from 'vitest'
import { OwnNotes } from './own-notes.ts'

it('finds the latest note of one sampler among those of others and trials without', async () => {
  let problem!: Problem
  const notes: (Json | undefined)[] = [{ fit: 1 }, undefined, { other: 2 }, { fit: 3 }, undefined]
  const factory: SamplerFactory = {
    specVersion: 'v1',
    id: 'fitter',
    revision: 2,
    create: (given) => {
      problem = given
      return { suggest: ({ number }) => ({ params: { x: 0.5 }, ...(notes[number] === undefined ? {} : { note: notes[number] }) }) }
    },
  }
  const study = await createStudy({ name: 'notes', space: { x: float(0, 1) }, sampler: factory, seed: 1 })
  const own = new OwnNotes(problem.history, 'fitter', (note) => typeof note === 'object' && note !== null && 'fit' in note)
  const found: unknown[] = []
  for (const _ of notes) {
    found.push(own.latest())
    await study.ask()
  }
  expect(found).toEqual([undefined, { number: 0, note: { fit: 1 } }, { number: 0, note: { fit: 1 } }, { number: 0, note: { fit: 1 } }, { number: 3, note: { fit: 3 } }])
  expect(new OwnNotes(problem.history, 'fitter').latest()).toEqual({ number: 3, note: { fit: 3 } })
  expect(new OwnNotes(problem.history, 'fit').latest()).toBeUndefined()
})
