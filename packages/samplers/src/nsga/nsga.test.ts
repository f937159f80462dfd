import { samplerSuite } from '@attune/testing'
import { nsgaII, nsgaIII } from './nsga.ts'

samplerSuite('nsgaII', () => nsgaII())
samplerSuite('nsgaIII', () => nsgaIII())
