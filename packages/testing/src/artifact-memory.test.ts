import { MemoryArtifacts } from '@attune/core'
import { artifactStoreSuite } from './artifact-store-suite.ts'

artifactStoreSuite('MemoryArtifacts of core', () => ({ store: new MemoryArtifacts() }))
