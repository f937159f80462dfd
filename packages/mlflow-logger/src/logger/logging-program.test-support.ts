// A study that logs to MLflow, to be killed. Arguments: folder, tracking URI, experiment, and the number of trials after which it ends by itself.
import { createStudy, float, minimize, tokens } from '@attune/core'
import { directoryArtifacts, nodeHost } from '@attune/node'
import { sqlite } from '@attune/storage'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { mlflow } from './mlflow.ts'

const [folder = '', trackingUri = '', experimentName = '', more = '1000000'] = process.argv.slice(2)

export const studyOptions = {
  name: 'killed',
  space: { rate: float(0, 1) },
  objective: minimize('loss'),
  seed: 1,
  ifExists: 'resume',
} as const

if (process.argv[1]?.endsWith('logging-program.test-support.ts') === true) {
  const study = await createStudy({
    ...studyOptions,
    storage: sqlite(join(folder, 'study.db')),
    artifacts: directoryArtifacts(join(folder, 'artifacts')),
    loggers: [mlflow({ trackingUri, experimentName, flush: { milliseconds: 50 }, links: false })],
    use: [{ register: (registry) => registry.factory(tokens.host, [], nodeHost) }],
  })
  await study.optimize(
    async function* (trial) {
      for (let step = 1; step <= 6; step++) {
        await delay(40)
        yield { step, loss: trial.params.rate + 1 / step, accuracy: trial.number + step / 64 }
        process.stdout.write(`${trial.number} ${step}\n`)
      }
      await trial.setAttribute('done', true)
      if (trial.number % 7 === 3) throw new Error('This trial fails on purpose.')
    },
    { more: Number(more), concurrency: 2, retry: { times: 1, on: ['error'] } },
  )
  await study.close()
}
