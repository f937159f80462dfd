import { samplerSuite } from '@attune/testing'
import { tpe } from './tpe.ts'

samplerSuite('tpe', () => tpe())
