import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startProxy, type Proxy } from './client-proxy.test-support.ts'
import { mlflowClient } from './client.ts'
import { decodeExperiment, decodeLoggedModel, decodeMetric, decodeModelVersion, decodeRegisteredModel, decodeRun } from './decode.ts'
import type { MlflowClient } from './types.ts'

const info = { run_id: 'r', experiment_id: '1', status: 'FINISHED', start_time: 5 }

describe('answers', () => {
  it('that leave out what is empty are whole', () => {
    expect(decodeRun({ info }, 'run')).toEqual({ runId: 'r', runName: '', experimentId: '1', status: 'FINISHED', startTime: 5, endTime: undefined, artifactUri: '', lifecycleStage: 'active', userId: undefined, metrics: {}, params: {}, tags: {}, inputs: { datasets: [], models: [] }, outputs: [] })
    expect(decodeExperiment({ experiment_id: '1', name: 'n' }, 'experiment')).toEqual({ experimentId: '1', name: 'n', artifactLocation: '', lifecycleStage: 'active', createdAt: undefined, updatedAt: undefined, tags: {} })
    expect(decodeLoggedModel({ info: { model_id: 'm', experiment_id: '1' } }, 'model')).toMatchObject({ modelId: 'm', status: 'UNSPECIFIED', params: {}, tags: {}, metrics: [] })
    expect(decodeRegisteredModel({ name: 'n' }, 'model')).toMatchObject({ name: 'n', description: '', tags: {}, aliases: {} })
    expect(decodeModelVersion({ name: 'n', version: 1 }, 'version')).toMatchObject({ name: 'n', version: '1', aliases: [] })
    expect(decodeMetric({ key: 'm', timestamp: '5' }, 'metric')).toEqual({ key: 'm', value: 0, step: 0, timestamp: 5 })
  })

  it('of old and of other servers are read: run_uuid, integers as texts, unknown statuses', () => {
    expect(decodeRun({ info: { run_uuid: 'r', experiment_id: 0, start_time: '1700000000000', end_time: '1700000000001', status: 'SLEEPING', lifecycle_stage: 'deleted' }, data: { tags: [{ key: 'mlflow.runName', value: 'x' }] } }, 'run')).toMatchObject({ runId: 'r', runName: 'x', experimentId: '0', startTime: 1_700_000_000_000, endTime: 1_700_000_000_001, status: 'UNKNOWN', lifecycleStage: 'deleted' })
    expect(decodeLoggedModel({ info: { model_id: 'm', experiment_id: '1', status: 'toString' } }, 'model').status).toBe('UNSPECIFIED')
  })

  it('have numbers that JSON lacks as texts', () => {
    const value = (text: unknown) => decodeMetric({ key: 'm', value: text }, 'metric').value
    expect(['NaN', 'Infinity', '-Infinity', '1e-5', 2, -0].map(value)).toEqual([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e-5, 2, -0])
  })

  it('keep hostile names apart from objects', () => {
    const run = decodeRun({ info, data: { params: [{ key: '__proto__', value: 'x' }, { key: 'constructor', value: 'y' }], metrics: [{ key: '__proto__', value: 1 }] } }, 'run')
    expect(run.params['__proto__']).toBe('x')
    expect(run.metrics['__proto__']).toMatchObject({ value: 1 })
    expect(run.tags['toString']).toBeUndefined()
  })

  it.each([
    ['run.info is missing', () => decodeRun({}, 'run')],
    ['run is null', () => decodeRun(null, 'run')],
    ['run.info.run_id is missing', () => decodeRun({ info: { ...info, run_id: undefined } }, 'run')],
    ['run.info.start_time is of type number', () => decodeRun({ info: { ...info, start_time: 1.5 } }, 'run')],
    ['run.info.start_time is of type string', () => decodeRun({ info: { ...info, start_time: 'soon' } }, 'run')],
    ['run.data.tags is of type object', () => decodeRun({ info, data: { tags: {} } }, 'run')],
    ['an entry of run.data.params is of type string', () => decodeRun({ info, data: { params: ['a'] } }, 'run')],
    ['metric.value is of type string', () => decodeMetric({ key: 'm', value: 'high' }, 'metric')],
    ['metric.value is of type string', () => decodeMetric({ key: 'm', value: 'toString' }, 'metric')],
    ['metric.value is of type boolean', () => decodeMetric({ key: 'm', value: true }, 'metric')],
    ['experiment.name is a list', () => decodeExperiment({ experiment_id: '1', name: [] }, 'experiment')],
  ])('that make no sense are refused: %s', (place, decode) => {
    expect(decode).toThrow(expect.objectContaining({ code: 'MLFLOW_ANSWER', message: expect.stringContaining(place) as string }) as Error)
  })
})

describe('a server that answers nonsense', () => {
  let stub: Proxy
  let client: MlflowClient
  let answer = '{}'
  beforeAll(async () => {
    stub = await startProxy('http://127.0.0.1:9')
    stub.decide = () => ({ status: 200, body: answer })
    client = mlflowClient({ trackingUri: stub.url, maxRetries: 0 })
  })
  afterAll(async () => {
    await client?.close()
    await stub?.close()
  })

  const readings: { readonly [call: string]: () => Promise<unknown> } = {
    'experiments.get': async () => await client.experiments.get('1'),
    'experiments.find': async () => await client.experiments.find('n'),
    'experiments.create': async () => await client.experiments.create({ name: 'n' }),
    'runs.create': async () => await client.runs.create({ experimentId: '1' }),
    'runs.get': async () => await client.runs.get('r'),
    'models.create': async () => await client.models.create({ experimentId: '1', name: 'n' }),
    'models.get': async () => await client.models.get('m'),
    'models.finalize': async () => await client.models.finalize('m', 'READY'),
    'registry.createModel': async () => await client.registry.createModel({ name: 'n' }),
    'registry.getModel': async () => await client.registry.getModel('n'),
    'registry.updateModel': async () => await client.registry.updateModel('n', { description: '' }),
    'registry.createVersion': async () => await client.registry.createVersion({ name: 'n', source: 's' }),
    'registry.getVersion': async () => await client.registry.getVersion('n', '1'),
    'registry.findVersionByAlias': async () => await client.registry.findVersionByAlias('n', 'a'),
  }
  it.each(Object.keys(readings))('%s says so', async (name) => {
    for (const body of ['{}', '[]', '"x"', 'null', '{"run":[],"experiment":1,"model":"x","registered_model":null,"model_version":0,"experiment_id":[]}']) {
      answer = body
      await expect(readings[name]!(), body).rejects.toMatchObject({ code: 'MLFLOW_ANSWER' })
    }
  })

  it('for ever the same page is refused', async () => {
    answer = JSON.stringify({ runs: [{ info }], next_page_token: 'again' })
    const seen: unknown[] = []
    const walk = async () => {
      for await (const run of client.runs.search(['1'])) seen.push(run)
    }
    await expect(walk()).rejects.toMatchObject({ code: 'MLFLOW_ANSWER' })
    expect(seen).toHaveLength(2)
  })

  it('and nothing at all is an empty list', async () => {
    answer = '{}'
    expect(await Array.fromAsync(client.runs.search(['1']))).toEqual([])
    expect(await Array.fromAsync(client.runs.metricHistory('r', 'm'))).toEqual([])
    expect(await Array.fromAsync(client.experiments.search())).toEqual([])
  })
})
