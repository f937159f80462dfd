import { readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { loggerSuite, type KeptMetric } from '@attune/testing'
import { runValues, temporaryFolder } from './files.test-support.ts'
import { safeName } from './safe-name.ts'
import { tensorboard } from './tensorboard.ts'

loggerSuite('tensorboard', async () => {
  const folder = await temporaryFolder()
  const file = join(folder.path, 'file')
  await writeFile(file, '')
  const logDir = join(folder.path, 'runs')
  return {
    factory: () => tensorboard({ logDir }),
    unwritable: () => tensorboard({ logDir: file }),
    async read({ id, definition }): Promise<readonly KeptMetric[]> {
      const study = join(logDir, safeName(definition.name, id))
      const runs = (await readdir(study)).filter((name) => name.startsWith('trial-')).sort()
      const kept = await Promise.all(runs.map(async (run) => (await runValues(join(study, run))).map(([step, value]) => ({ trial: Number(run.slice(6)), step, value }))))
      return kept.flat().flatMap(({ trial, step, value }) => (value.kind === 'scalar' ? [{ trial, metric: value.tag, step, value: value.value }] : []))
    },
    // A disk that is taken out and put back.
    outage: {
      async begin() {
        await rename(logDir, `${logDir} away`)
        await writeFile(logDir, '')
      },
      async end() {
        await rm(logDir)
        await rename(`${logDir} away`, logDir)
      },
    },
    dispose: () => folder[Symbol.asyncDispose](),
  }
})
