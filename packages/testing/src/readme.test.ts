// Registers the suite that it runs.
import { expect, it } from 'vitest'
import { climb } from '../examples/custom-sampler.ts'
import { samplerCases } from './sampler-suite.ts'

it('examples/custom-sampler.ts runs every case of the suite', () => {
  expect(samplerCases(climb).length).toBeGreaterThan(40)
})
