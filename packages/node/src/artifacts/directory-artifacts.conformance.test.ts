import { mkdtemp, rm, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { artifactStoreSuite } from '@attune/testing'
import { directoryArtifacts } from './directory-artifacts.ts'

artifactStoreSuite('directoryArtifacts', async () => {
  const path = await mkdtemp(join(tmpdir(), 'attune-artifacts-'))
  const open = (): ReturnType<typeof directoryArtifacts> => directoryArtifacts(path, { onWarning: () => undefined })
  return {
    store: open(),
    reopen: open,
    damage: (hash) => truncate(join(path, hash.slice(0, 2), hash), 10),
    dispose: () => rm(path, { recursive: true }),
  }
})
