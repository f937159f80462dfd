import { expectTypeOf, test } from 'vitest'
import { mlflowClient, type Alteration, type Experiment, type Metric, type MlflowClient, type Run, type RunStatus } from './index.ts'

declare const client: MlflowClient

test('a client is made of connection options, and can be disposed of', () => {
  expectTypeOf(mlflowClient).returns.toEqualTypeOf<MlflowClient>()
  expectTypeOf<MlflowClient>().toExtend<AsyncDisposable>()
  mlflowClient()
  mlflowClient({ trackingUri: 'http://localhost:5000', username: 'ada', password: 'x' })
  // @ts-expect-error -- a misspelt option
  mlflowClient({ trackingUrl: 'http://localhost:5000' })
})

test('calls take what MLflow keeps, and nothing else', () => {
  void client.runs.log('r', { metrics: [{ key: 'loss', value: 0.5, step: 1 }], params: { rate: 0.1, name: 'adam', on: true }, tags: {} })
  // @ts-expect-error -- the value of a metric is a number
  void client.runs.log('r', { metrics: [{ key: 'loss', value: '0.5' }] })
  // @ts-expect-error -- objects have to be written as texts
  void client.runs.log('r', { params: { layers: [1, 2] } })
  // @ts-expect-error -- nothing else can be logged
  void client.runs.log('r', { metric: [] })
  // @ts-expect-error -- a status that MLflow does not know
  void client.runs.end('r', 'DONE')
  // @ts-expect-error -- the status of what others say cannot be set
  void client.runs.end('r', 'UNKNOWN')
  // @ts-expect-error -- a version is a text
  void client.registry.setAlias('m', 'champion', 1)
  // @ts-expect-error -- an experiment is needed
  void client.runs.create({ name: 'x' })
})

test('answers are typed', () => {
  expectTypeOf(client.runs.create).returns.resolves.toEqualTypeOf<Run>()
  expectTypeOf(client.experiments.find).returns.resolves.toEqualTypeOf<Experiment | undefined>()
  expectTypeOf(client.runs.log).returns.resolves.toEqualTypeOf<readonly Alteration[]>()
  expectTypeOf(client.runs.search).returns.toEqualTypeOf<AsyncIterable<Run>>()
  expectTypeOf(client.runs.metricHistory).returns.toEqualTypeOf<AsyncIterable<Metric>>()
  expectTypeOf<Run['status']>().toEqualTypeOf<RunStatus | 'UNKNOWN'>()
  expectTypeOf<Run['metrics'][string]>().toEqualTypeOf<Metric>()
  // @ts-expect-error -- answers are not changed
  void ((run: Run) => (run.runName = 'x'))
})
