import { mlflowClient } from '@attune/mlflow-logger/client'

// The server is the one of MLFLOW_TRACKING_URI, as for Python.
await using mlflow = mlflowClient()
const { experimentId } = await mlflow.experiments.ensure('first steps')

const run = await mlflow.runs.create({ experimentId, name: 'by hand', tags: { team: 'vision' } })
const losses = [0.9, 0.4, 0.2]
await mlflow.runs.log(run.runId, {
  params: { learningRate: 0.01, optimizer: 'adam' },
  metrics: losses.map((value, step) => ({ key: 'loss', value, step })),
})
await mlflow.artifacts.upload({ runId: run.runId }, 'notes.md', '# It learns')
await mlflow.runs.end(run.runId)

for await (const { runName, params, metrics } of mlflow.runs.search([experimentId], { orderBy: ['metrics.loss ASC'] })) {
  console.log(runName, params['learningRate'], metrics['loss']?.value)
}
