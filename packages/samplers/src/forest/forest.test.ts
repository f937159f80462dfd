import { samplerSuite } from '@attune/testing'
import { forest } from './forest.ts'

samplerSuite('forest', () => forest({ trees: 10, draws: 60 }), { trials: 16 })
