// Requests that are larger than MLflow takes, values that are longer than it keeps, and servers that keep less. An old server is a real one behind a proxy that says and does what `mlflow/utils/validation.py` of its version does.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { missingMlflow } from '../../../../tools/python/mlflow.mjs'
import { all, fresh } from './client-contract.test-support.ts'
import { startProxy, type Proxy, type ProxiedRequest } from './client-proxy.test-support.ts'
import { mlflowClient } from './client.ts'
import type { MlflowClient } from './types.ts'

const url = inject('mlflow')

interface LoggedBatch {
  readonly metrics?: readonly object[]
  readonly params?: readonly { readonly key: string; readonly value: string }[]
  readonly tags?: readonly { readonly key: string; readonly value: string }[]
}

describe.skipIf(url === undefined)(`limits of MLflow${missingMlflow === undefined ? '' : ` (skipped: ${missingMlflow})`}`, () => {
  let proxy: Proxy
  let client: MlflowClient
  let experimentId: string
  let runId: string
  beforeAll(async () => {
    proxy = await startProxy(url!)
    await using direct = mlflowClient({ trackingUri: url! })
    experimentId = (await direct.experiments.create({ name: fresh('limits') })).experimentId
  })
  afterAll(async () => await proxy?.close())
  beforeEach(async () => {
    proxy.decide = () => 'pass'
    client = mlflowClient({ trackingUri: proxy.url, maxRetries: 0 })
    runId = (await client.runs.create({ experimentId })).runId
  })
  afterEach(async () => await client.close())

  const logged = (): readonly ProxiedRequest[] => proxy.requests.filter(({ path, body }) => path.endsWith('/log-batch') && body.includes(runId))
  const batches = () => logged().map(({ body }) => JSON.parse(body) as LoggedBatch)

  it('split what is more than a request takes, in number and in bytes, parameters apart', async () => {
    const texts = (prefix: string, length: number) => Object.fromEntries(Array.from({ length: 250 }, (_, index) => [`${prefix}${index}`, '損'.repeat(length)]))
    const metrics = Array.from({ length: 2500 }, (_, step) => ({ key: `m${step % 3}/${'k'.repeat(240)}`, value: step, step, timestamp: 5 }))
    expect(await client.runs.log(runId, { metrics, params: texts('p', 250), tags: texts('t', 5000) })).toEqual([])
    for (const [index, { metrics: points = [], params = [], tags = [] }] of batches().entries()) {
      expect(Buffer.byteLength(logged()[index]!.body)).toBeLessThan(1_000_000)
      expect([points.length <= 1000, params.length <= 100, tags.length <= 100, points.length + tags.length <= 1000]).toEqual([true, true, true, true])
      expect(params.length > 0 && points.length + tags.length > 0).toBe(false)
    }
    const run = await client.runs.get(runId)
    expect(Object.keys(run.params)).toHaveLength(250)
    expect(Object.values(run.tags).filter((value) => value.length === 5000)).toHaveLength(250)
    for (const key of [0, 1, 2]) expect(await all(client.runs.metricHistory(runId, `m${key}/${'k'.repeat(240)}`))).toHaveLength(key === 0 ? 834 : 833)
  })

  it('need one request for what fits into one, and the tags come with the last metrics', async () => {
    await client.runs.log(runId, { metrics: Array.from({ length: 990 }, (_, step) => ({ key: 'm', value: 1, step })), tags: { a: 1 } })
    expect(batches().map(({ metrics = [], tags = [] }) => [metrics.length, tags.length])).toEqual([[990, 1]])
    await client.runs.log(runId, {})
    expect(batches()).toHaveLength(1)
  })

  it('cut values that are too long, with a mark, and answer all of them', async () => {
    const value = '🎉'.repeat(5000)
    expect(await client.runs.log(runId, { params: { long: value }, tags: { long: value } })).toEqual([
      { kind: 'param', key: 'long', storedKey: 'long', what: 'truncated', value },
      { kind: 'tag', key: 'long', storedKey: 'long', what: 'truncated', value },
    ])
    const run = await client.runs.get(runId)
    expect([run.params['long']!.length, run.tags['long']!.length]).toEqual([5999, 7999])
    for (const text of [run.params['long']!, run.tags['long']!]) expect(text).toMatch(/^(🎉)+… \[cut: 10000 characters\]$/u)
    await client.experiments.setTags(experimentId, { long: 'x'.repeat(20_001) })
    expect((await client.experiments.get(experimentId)).tags['long']).toMatch(/^x+… \[cut: 20001 characters\]$/)
  })

  // Old servers, as their own sources have it: 1.27 and 2.7 refuse what is too long; 2.16 cuts tags silently.
  const versions = [
    { version: '1.27.0', param: 250, tag: 5000 },
    { version: '2.7.1', param: 500, tag: 5000 },
    { version: '2.16.2', param: 6000, tag: 5000 },
  ]
  it.each(versions)('of MLflow $version are known by its version', async ({ version, param, tag }) => {
    proxy.decide = ({ path }) => (path === '/version' ? { status: 200, body: version } : 'pass')
    const value = 'x'.repeat(9000)
    await client.runs.log(runId, { params: { long: value }, tags: { long: value } })
    const run = await client.runs.get(runId)
    expect([run.params['long']!.length, run.tags['long']!.length]).toEqual([param, tag])
    expect(run.params['long']).toMatch(/… \[cut: 9000 characters\]$/)
  })

  it('of a server that does not say its version are learned from its refusals', async () => {
    proxy.decide = ({ path, body }) => {
      if (path === '/version') return { status: 404, body: '' }
      if (!path.endsWith('/log-batch')) return 'pass'
      const { params = [] } = JSON.parse(body) as LoggedBatch
      const long = params.find(({ value }) => value.length > 500)
      return long === undefined ? 'pass' : { status: 400, body: JSON.stringify({ error_code: 'INVALID_PARAMETER_VALUE', message: `Param value '${long.value.slice(0, 250)}' had length ${long.value.length}, which exceeded length limit of 500` }) }
    }
    const value = 'x'.repeat(9000)
    const alterations = await client.runs.log(runId, { params: { long: value, short: 'a' }, metrics: [{ key: 'm', value: 1 }] })
    expect(alterations).toEqual([{ kind: 'param', key: 'long', storedKey: 'long', what: 'truncated', value }])
    expect((await client.runs.get(runId)).params).toMatchObject({ short: 'a', long: expect.stringMatching(/^x+… \[cut: 9000 characters\]$/) as string })
    const before = logged().length
    await client.runs.log(runId, { params: { another: value } })
    expect(logged().length - before).toBe(1)
  })

  it('are refused where nothing says what would be changed', async () => {
    const refused = { code: 'MLFLOW_INVALID' }
    await expect(client.runs.create({ experimentId, tags: { long: 'x'.repeat(5001) } })).rejects.toMatchObject(refused)
    await expect(client.runs.create({ experimentId, tags: { 'a(b)': 'x' } })).rejects.toThrow('a_x28_b_x29_')
    await expect(client.experiments.create({ name: 'x'.repeat(501) })).rejects.toThrow('501 characters')
    await expect(client.registry.createModel({ name: 'a/b' })).rejects.toThrow('holds / or :')
    await expect(client.models.create({ experimentId, name: 'net 1.5' })).rejects.toThrow("holds '.'")
  })
})
