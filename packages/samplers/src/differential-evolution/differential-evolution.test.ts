import { samplerSuite } from '@attune/testing'
import { differentialEvolution } from './differential-evolution.ts'

samplerSuite('differentialEvolution', () => differentialEvolution())
