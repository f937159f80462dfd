// A stranger's program on the trackers: MLflow's client alone, event files alone, and a study that logs to all of them while MLflow's server is away.
import { equal, ok, rejects } from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { createStudy, float, minimize } from '@attune/core'
import { mlflow } from '@attune/mlflow-logger'
import { MlflowError, mlflowClient } from '@attune/mlflow-logger/client'
import { openTelemetry } from '@attune/opentelemetry-logger'
import { tensorboard } from '@attune/tensorboard-logger'
import { openEventWriter, readEvents } from '@attune/tensorboard-logger/events'

const trackingUri = 'http://127.0.0.1:9' // Nobody listens there.

await using client = mlflowClient({ trackingUri, maxRetries: 0 })
const best = async (): Promise<string | undefined> => {
  for await (const { runId } of client.runs.search(['0'], { orderBy: ['metrics.loss ASC'] })) return runId
  return undefined
}
await rejects(best(), (error: unknown) => error instanceof MlflowError && error.code === 'MLFLOW_UNREACHABLE')

const writer = await openEventWriter({ folder: 'mine' })
writer.add({ step: 1, values: [{ kind: 'scalar', tag: 'loss', value: 0.5 }] })
await writer.close()
let events = 0
for await (const event of readEvents(writer.path)) events += event.kind === 'summary' ? 1 : 0
equal(events, 1)

const study = await createStudy({
  space: { x: float(-1, 1) },
  objective: minimize('loss'),
  loggers: [mlflow({ trackingUri }), tensorboard({ logDir: 'runs' }), openTelemetry()],
  seed: 1,
})
await study.optimize(({ params }) => (params.x - 0.3) ** 2, { trials: 10 })
await study.close()
equal(study.counts.complete, 10)
ok((await readdir('runs', { recursive: true })).length > 10)
console.log('A study logged to MLflow (away), TensorBoard and OpenTelemetry, each installed alone.')
