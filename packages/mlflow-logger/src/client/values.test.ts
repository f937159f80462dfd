import { afterAll, describe, expect, it } from 'vitest'
import { mlflowClient } from './client.ts'
import { mlflowError, startHostile } from './hostile.test-support.ts'
import type { MlflowClient } from './types.ts'

// Nothing listens there: what is not refused before it is sent fails as unreachable.
const client = mlflowClient({ trackingUri: 'http://127.0.0.1:9', maxRetries: 0 })
afterAll(async () => await client.close())

/** Values that types forbid, as code without types gives them. */
type Call = (value: never) => Promise<unknown>

async function refused(call: Call, values: readonly unknown[]): Promise<void> {
  for (const value of values) await expect(call(value as never), String(value)).rejects.toMatchObject({ name: 'MlflowError', code: 'MLFLOW_INVALID' })
}

async function sent(call: Call, values: readonly unknown[]): Promise<void> {
  for (const value of values) await expect(call(value as never), String(value)).rejects.toMatchObject({ code: 'MLFLOW_UNREACHABLE' })
}

const noText = [undefined, null, '', 1, 1n, true, {}, [], Symbol('s'), () => 1, 'a\0b', '\ud800', 'a\udc00']
const noInteger = [null, '1', 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, -(2 ** 53), 1n, true, {}, []]

describe('what is sent', () => {
  it('has numbers as values of metrics, and nothing else', async () => {
    const call: Call = async (value) => await client.runs.log('r', { metrics: [{ key: 'loss', value }] })
    await refused(call, [undefined, null, '0.5', '', 'nan', true, 1n, {}, [], new Date(0), Symbol('s')])
    await sent(call, [0, -0, 1.5, Number.NaN, Number.POSITIVE_INFINITY])
  })

  it('has safe integers as steps and times', async () => {
    const step: Call = async (value) => await client.runs.log('r', { metrics: [{ key: 'loss', value: 1, step: value }] })
    await refused(step, noInteger)
    await sent(step, [undefined, 0, -0, -5, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER])
    const timestamp: Call = async (value) => await client.runs.log('r', { metrics: [{ key: 'loss', value: 1, timestamp: value }] })
    await refused(timestamp, [...noInteger, -1, new Date(0)])
    await sent(timestamp, [undefined, 0, Date.now()])
    await refused(async (value) => await client.runs.create({ experimentId: '1', startTime: value }), [...noInteger, -1])
    await refused(async (value) => await client.runs.update('r', { endTime: value }), [...noInteger, -1])
    await refused(async (value) => await client.runs.logOutputs('r', [{ modelId: 'm', step: value }]), noInteger)
  })

  it('has texts, numbers and booleans as parameters and tags', async () => {
    for (const kind of ['params', 'tags']) {
      const call: Call = async (value) => await client.runs.log('r', { [kind]: { name: value } })
      await refused(call, [undefined, null, {}, [], 1n, new Date(0), Symbol('s'), () => 1])
      await sent(call, ['', 'a\0b', '\ud800', 0, -0, Number.NaN, true])
      await refused(async (value) => await client.runs.log('r', { [kind]: value }), [null, 'a', 1, ['a'], new Map([['a', 1]]), new Set(['a'])])
    }
  })

  it('has names', async () => {
    await refused(async (key) => await client.runs.log('r', { metrics: [{ key, value: 1 }] }), [undefined, null, '', 1, {}])
    await refused(async () => await client.runs.log('r', { params: { '': 1 } }), [0])
    await refused(async (name) => await client.experiments.create({ name }), noText)
    await refused(async (name) => await client.registry.createModel({ name }), [...noText, ' ', '..', 'a/b'])
    await refused(async (name) => await client.models.create({ experimentId: '1', name }), [...noText, 'a.b'])
    await refused(async (name) => await client.runs.create({ experimentId: '1', name }), noText.slice(1))
    await refused(async (key) => await client.runs.create({ experimentId: '1', key }), noText.slice(1))
  })

  it('has identifiers', async () => {
    const calls: readonly Call[] = [
      async (id) => await client.runs.get(id),
      async (id) => await client.runs.log(id, {}),
      async (id) => await client.runs.delete(id),
      async (id) => await client.runs.end(id),
      async (id) => await client.runs.create({ experimentId: id }),
      async (id) => await client.experiments.get(id),
      async (id) => await client.experiments.setTags(id, { a: 1 }),
      async (id) => await client.models.get(id),
      async (id) => await client.models.finalize(id, 'READY'),
      async (id) => await client.runs.logInputs('r', { models: [id] }),
      async (id) => await client.registry.getVersion('m', id),
    ]
    for (const call of calls) await refused(call, noText)
    for (const call of [client.models.get, client.models.delete]) await refused(async (id) => await call(id), ['.', '..'])
    await refused(async (version) => await client.registry.setAlias('m', 'a', version), ['latest', '1.0', '-1', ' 1'])
  })

  it('has no address that a name of a tag leads out of', async () => {
    await using server = await startHostile()
    server.answer(mlflowError(404, 'RESOURCE_DOES_NOT_EXIST', 'no'))
    await using own = mlflowClient({ trackingUri: server.url })
    for (const key of ['..', '.']) await expect(own.models.deleteTag('m-1', key)).rejects.toMatchObject({ code: 'MLFLOW_NOT_FOUND' })
    expect(server.requests.map(({ url }) => url)).toEqual(['/api/2.0/mlflow/logged-models/m-1/tags/_x2e_.', '/api/2.0/mlflow/logged-models/m-1/tags/_x2e_'])
  })

  it('has known words', async () => {
    await refused(async (status) => await client.runs.end('r', status), ['finished', 'DONE', '', null, 3, 'toString'])
    await refused(async (status) => await client.models.finalize('m', status), ['LOGGED_MODEL_READY', 'PENDING', null])
    await refused(async (view) => await Array.fromAsync(client.runs.search(['1'], { view })), ['ACTIVE_ONLY', '', null, 1])
    await refused(async (change) => await client.runs.update('r', change), [{}])
    await refused(async (batch) => await client.runs.log('r', batch), [{ metric: [] }, { metrics: {} }, { metrics: [null] }])
  })

  it('has whole pages', async () => {
    const searches: readonly ((pageSize: number) => AsyncIterable<unknown>)[] = [
      (pageSize) => client.runs.search(['1'], { pageSize }),
      (pageSize) => client.experiments.search({ pageSize }),
      (pageSize) => client.models.search(['1'], { pageSize }),
      (pageSize) => client.registry.searchModels({ pageSize }),
      (pageSize) => client.registry.searchVersions({ pageSize }),
      (pageSize) => client.runs.metricHistory('r', 'm', { pageSize }),
    ]
    for (const search of searches) await refused(async (pageSize) => await Array.fromAsync(search(pageSize)), [0, -1, 1.5, '10', null, 10 ** 9])
  })

  it('has data sets that MLflow can hold', async () => {
    const dataset = { name: 'mnist', digest: 'abc' }
    for (const change of [{ name: '' }, { name: 'x'.repeat(501) }, { digest: 'x'.repeat(37) }, { digest: 1 }, { schema: {} }, { source: 'x'.repeat(65_536) }, { context: '' }]) {
      await refused(async (wrong) => await client.runs.logInputs('r', { datasets: [wrong] }), [{ ...dataset, ...change }])
    }
    await sent(async (right) => await client.runs.logInputs('r', { datasets: [right] }), [dataset])
  })

  it('is refused with what is wrong, where, and what to do', async () => {
    const message = async (call: (client: MlflowClient) => Promise<unknown>) => await call(client).catch((error: unknown) => (error as Error).message)
    expect(await message(async (c) => await c.runs.log('r', { metrics: [{ key: 'loss', value: 1, step: 1.5 }] }))).toBe('The step of the metric "loss" is 1.5, and has to be an integer from -9007199254740991 to 9007199254740991. MLflow would keep 0 and lose what follows')
    expect(await message(async (c) => await c.runs.create({ experimentId: '1', tags: { 'a(b)': 1 } }))).toContain('Use "a_x28_b_x29_" (encodeKey gives it), or runs.log')
  })
})
