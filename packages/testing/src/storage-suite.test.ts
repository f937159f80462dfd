import { MemoryStorage } from '@attune/core'
import { storageSuite } from './storage-suite.ts'

storageSuite('the in-memory storage', () => ({ storage: new MemoryStorage({ now: () => Date.now() }) }))
