import { samplerSuite } from '@attune/testing'
import { cmaEs } from './cma-es.ts'

samplerSuite('cmaEs', () => cmaEs())
