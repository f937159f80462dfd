// A server that does what it is told, and whose answer never arrives: for each write of each call in turn, by a proxy that resets the connection after the server has answered.
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { missingMlflow } from '../../../../tools/python/mlflow.mjs'
import { all, codeOf, fresh } from './client-contract.test-support.ts'
import { startProxy, type Proxy, type ProxiedRequest } from './client-proxy.test-support.ts'
import { startServerWithUser, type StartedServer } from './client-servers.test-support.ts'
import { mlflowClient } from './client.ts'
import type { MlflowClient, ModelVersion, Run } from './types.ts'

const url = inject('mlflow')
const groups = ['experiments', 'runs', 'models', 'registry', 'artifacts'] as const
const readings = new Set([
  'experiments.get', 'experiments.find', 'experiments.search', 'runs.get', 'runs.search', 'runs.metricHistory', 'models.get', 'models.search',
  'registry.getModel', 'registry.findModel', 'registry.searchModels', 'registry.getVersion', 'registry.searchVersions', 'registry.findVersionByAlias',
  'artifacts.list', 'artifacts.stream', 'artifacts.download',
])

/** Before the call; the call, through the proxy; and what must be true then. */
type Case = (direct: MlflowClient, lossy: MlflowClient, experimentId: string) => Promise<{ readonly call: () => Promise<unknown>; readonly check: (result: unknown) => Promise<void> }>

const count = async (items: AsyncIterable<unknown>) => (await all(items)).length
const points = [{ key: 'loss', value: 1, step: 1, timestamp: 1 }, { key: 'loss', value: Number.NaN, step: 2, timestamp: 2 }]

/** Runs of the experiment that the call may have made, deleted ones too. */
async function runsOf(direct: MlflowClient, experimentId: string): Promise<readonly string[]> {
  return (await all(direct.runs.search([experimentId], { view: 'all' }))).map(({ runId }) => runId)
}

async function newRun(direct: MlflowClient): Promise<Run> {
  const { experimentId } = await direct.experiments.create({ name: fresh('lost') })
  return await direct.runs.create({ experimentId })
}

async function newVersion(direct: MlflowClient): Promise<ModelVersion> {
  const run = await newRun(direct)
  const { name } = await direct.registry.createModel({ name: fresh('lost') })
  return await direct.registry.createVersion({ name, source: run.artifactUri, runId: run.runId })
}

const cases: { readonly [call: string]: Case } = {
  'experiments.create': async (direct, lossy) => {
    const name = fresh('lost')
    return {
      call: async () => await lossy.experiments.create({ name, tags: { a: 1 } }),
      check: async (result) => expect(await direct.experiments.find(name)).toEqual(result),
    }
  },
  'experiments.ensure': async (direct, lossy) => {
    const { experimentId, name } = await direct.experiments.create({ name: fresh('lost') })
    await direct.experiments.delete(experimentId)
    const fromNothing = fresh('lost')
    return {
      call: async () => [await lossy.experiments.ensure(name), await lossy.experiments.ensure(fromNothing)],
      check: async (result) => expect(result).toEqual([await direct.experiments.get(experimentId), await direct.experiments.find(fromNothing)]),
    }
  },
  'experiments.rename': async (direct, lossy) => {
    const { experimentId } = await direct.experiments.create({ name: fresh('lost') })
    const name = fresh('renamed')
    return { call: async () => await lossy.experiments.rename(experimentId, name), check: async () => expect((await direct.experiments.get(experimentId)).name).toBe(name) }
  },
  'experiments.delete': async (direct, lossy) => {
    const { experimentId } = await direct.experiments.create({ name: fresh('lost') })
    return { call: async () => await lossy.experiments.delete(experimentId), check: async () => expect((await direct.experiments.get(experimentId)).lifecycleStage).toBe('deleted') }
  },
  'experiments.restore': async (direct, lossy) => {
    const { experimentId } = await direct.experiments.create({ name: fresh('lost') })
    await direct.experiments.delete(experimentId)
    return { call: async () => await lossy.experiments.restore(experimentId), check: async () => expect((await direct.experiments.get(experimentId)).lifecycleStage).toBe('active') }
  },
  'experiments.setTags': async (direct, lossy) => {
    const { experimentId } = await direct.experiments.create({ name: fresh('lost') })
    return { call: async () => await lossy.experiments.setTags(experimentId, { a: 1, b: 2 }), check: async () => expect((await direct.experiments.get(experimentId)).tags).toMatchObject({ a: '1', b: '2' }) }
  },
  'experiments.deleteTag': async (direct, lossy) => {
    const { experimentId } = await direct.experiments.create({ name: fresh('lost'), tags: { a: 1 } })
    return { call: async () => await lossy.experiments.deleteTag(experimentId, 'a'), check: async () => expect((await direct.experiments.get(experimentId)).tags).not.toHaveProperty('a') }
  },
  'runs.create': async (direct, lossy) => {
    const { experimentId } = await direct.experiments.create({ name: fresh('lost') })
    const key = fresh('key')
    return {
      call: async () => [await lossy.runs.create({ experimentId, name: 'anonymous' }), await lossy.runs.create({ experimentId, name: 'keyed', key })],
      check: async (result) => {
        const [anonymous, keyed] = result as Run[]
        expect((await runsOf(direct, experimentId)).toSorted()).toEqual([anonymous!.runId, keyed!.runId].toSorted())
        expect((await direct.runs.create({ experimentId, key })).runId).toBe(keyed!.runId)
      },
    }
  },
  'runs.update': async (direct, lossy) => {
    const { runId } = await newRun(direct)
    return { call: async () => await lossy.runs.update(runId, { status: 'FAILED', endTime: 7, name: 'x' }), check: async () => expect(await direct.runs.get(runId)).toMatchObject({ status: 'FAILED', endTime: 7, runName: 'x' }) }
  },
  'runs.end': async (direct, lossy) => {
    const { runId } = await newRun(direct)
    return { call: async () => await lossy.runs.end(runId, 'KILLED', 7), check: async () => expect(await direct.runs.get(runId)).toMatchObject({ status: 'KILLED', endTime: 7 }) }
  },
  'runs.delete': async (direct, lossy) => {
    const { runId } = await newRun(direct)
    return { call: async () => await lossy.runs.delete(runId), check: async () => expect((await direct.runs.get(runId)).lifecycleStage).toBe('deleted') }
  },
  'runs.restore': async (direct, lossy) => {
    const { runId } = await newRun(direct)
    await direct.runs.delete(runId)
    return { call: async () => await lossy.runs.restore(runId), check: async () => expect((await direct.runs.get(runId)).lifecycleStage).toBe('active') }
  },
  'runs.log': async (direct, lossy) => {
    const { runId } = await newRun(direct)
    // Two requests of parameters, one of metrics with tags, one of tags.
    const texts = (prefix: string) => Object.fromEntries(Array.from({ length: 101 }, (_, index) => [`${prefix}${index}`, index]))
    return {
      call: async () => await lossy.runs.log(runId, { metrics: points, params: texts('p'), tags: texts('t') }),
      check: async () => {
        const run = await direct.runs.get(runId)
        expect(Object.keys(run.params)).toHaveLength(101)
        expect(Object.keys(run.tags).filter((key) => key.startsWith('t'))).toHaveLength(101)
        expect(await all(direct.runs.metricHistory(runId, 'loss'))).toEqual(points)
      },
    }
  },
  'runs.logMetric': async (direct, lossy) => {
    const { runId } = await newRun(direct)
    return { call: async () => await lossy.runs.logMetric(runId, 'm', 1), check: async () => expect(await count(direct.runs.metricHistory(runId, 'm'))).toBe(1) }
  },
  'runs.logParam': async (direct, lossy) => {
    const { runId } = await newRun(direct)
    return { call: async () => await lossy.runs.logParam(runId, 'p', 1), check: async () => expect((await direct.runs.get(runId)).params).toEqual({ p: '1' }) }
  },
  'runs.setTag': async (direct, lossy) => {
    const { runId } = await newRun(direct)
    return { call: async () => await lossy.runs.setTag(runId, 't', 1), check: async () => expect((await direct.runs.get(runId)).tags).toHaveProperty('t', '1') }
  },
  'runs.deleteTag': async (direct, lossy) => {
    const { runId } = await newRun(direct)
    await direct.runs.setTag(runId, 't', 1)
    return { call: async () => await lossy.runs.deleteTag(runId, 't'), check: async () => expect((await direct.runs.get(runId)).tags).not.toHaveProperty('t') }
  },
  'runs.logInputs': async (direct, lossy) => {
    const { runId, experimentId } = await newRun(direct)
    const { modelId } = await direct.models.create({ experimentId, name: 'm' })
    return {
      call: async () => await lossy.runs.logInputs(runId, { datasets: [{ name: 'd', digest: '1', context: 'training' }], models: [modelId] }),
      check: async () => expect((await direct.runs.get(runId)).inputs).toMatchObject({ datasets: [{ name: 'd', digest: '1', context: 'training' }], models: [modelId] }),
    }
  },
  'runs.logOutputs': async (direct, lossy) => {
    const { runId, experimentId } = await newRun(direct)
    const { modelId } = await direct.models.create({ experimentId, name: 'm' })
    return { call: async () => await lossy.runs.logOutputs(runId, [{ modelId, step: 2 }]), check: async () => expect((await direct.runs.get(runId)).outputs).toEqual([{ modelId, step: 2 }]) }
  },
  'models.create': async (direct, lossy) => {
    const { experimentId } = await direct.experiments.create({ name: fresh('lost') })
    const key = fresh('key')
    return {
      call: async () => [await lossy.models.create({ experimentId, name: 'anonymous' }), await lossy.models.create({ experimentId, name: 'keyed', key })],
      check: async (result) => expect((await all(direct.models.search([experimentId], { orderBy: [{ field: 'name' }] }))).map(({ modelId }) => modelId)).toEqual((result as { modelId: string }[]).map(({ modelId }) => modelId)),
    }
  },
  'models.finalize': async (direct, lossy, experimentId) => {
    const { modelId } = await direct.models.create({ experimentId, name: 'm' })
    return { call: async () => await lossy.models.finalize(modelId, 'UPLOAD_FAILED'), check: async () => expect((await direct.models.get(modelId)).status).toBe('UPLOAD_FAILED') }
  },
  'models.delete': async (direct, lossy, experimentId) => {
    const { modelId } = await direct.models.create({ experimentId, name: 'm' })
    return { call: async () => await lossy.models.delete(modelId), check: async () => expect(await codeOf(direct.models.get(modelId))).toMatch(/MLFLOW_NOT_FOUND|MLFLOW_FORBIDDEN/) }
  },
  'models.setTags': async (direct, lossy, experimentId) => {
    const { modelId } = await direct.models.create({ experimentId, name: 'm' })
    return { call: async () => await lossy.models.setTags(modelId, { a: 1 }), check: async () => expect((await direct.models.get(modelId)).tags).toHaveProperty('a', '1') }
  },
  'models.deleteTag': async (direct, lossy, experimentId) => {
    const { modelId } = await direct.models.create({ experimentId, name: 'm', tags: { a: 1 } })
    return { call: async () => await lossy.models.deleteTag(modelId, 'a'), check: async () => expect((await direct.models.get(modelId)).tags).not.toHaveProperty('a') }
  },
  'models.logParams': async (direct, lossy, experimentId) => {
    const { modelId } = await direct.models.create({ experimentId, name: 'm', params: { a: 1 } })
    return { call: async () => await lossy.models.logParams(modelId, { a: 1, b: 2 }), check: async () => expect((await direct.models.get(modelId)).params).toEqual({ a: '1', b: '2' }) }
  },
  'registry.createModel': async (direct, lossy) => {
    const name = fresh('lost')
    return { call: async () => await lossy.registry.createModel({ name, tags: { a: 'b' } }), check: async (result) => expect(await direct.registry.getModel(name)).toEqual(result) }
  },
  'registry.ensureModel': async (direct, lossy) => {
    const name = fresh('lost')
    return { call: async () => await lossy.registry.ensureModel(name), check: async (result) => expect(await direct.registry.getModel(name)).toEqual(result) }
  },
  'registry.updateModel': async (direct, lossy) => {
    const { name } = await direct.registry.createModel({ name: fresh('lost') })
    return { call: async () => await lossy.registry.updateModel(name, { description: 'd' }), check: async () => expect((await direct.registry.getModel(name)).description).toBe('d') }
  },
  'registry.renameModel': async (direct, lossy) => {
    const { name } = await direct.registry.createModel({ name: fresh('lost') })
    const renamed = fresh('renamed')
    return { call: async () => await lossy.registry.renameModel(name, renamed), check: async (result) => expect([await direct.registry.findModel(name), await direct.registry.findModel(renamed)]).toEqual([undefined, result]) }
  },
  'registry.deleteModel': async (direct, lossy) => {
    const { name } = await direct.registry.createModel({ name: fresh('lost') })
    return { call: async () => await lossy.registry.deleteModel(name), check: async () => expect(await direct.registry.findModel(name)).toBeUndefined() }
  },
  'registry.setModelTag': async (direct, lossy) => {
    const { name } = await direct.registry.createModel({ name: fresh('lost') })
    return { call: async () => await lossy.registry.setModelTag(name, 'a', 'b'), check: async () => expect((await direct.registry.getModel(name)).tags).toHaveProperty('a', 'b') }
  },
  'registry.deleteModelTag': async (direct, lossy) => {
    const { name } = await direct.registry.createModel({ name: fresh('lost'), tags: { a: 1 } })
    return { call: async () => await lossy.registry.deleteModelTag(name, 'a'), check: async () => expect((await direct.registry.getModel(name)).tags).not.toHaveProperty('a') }
  },
  'registry.createVersion': async (direct, lossy) => {
    const run = await newRun(direct)
    const { name } = await direct.registry.createModel({ name: fresh('lost') })
    const key = fresh('key')
    const create = async (options: { readonly key?: string }) => await lossy.registry.createVersion({ name, source: run.artifactUri, runId: run.runId, ...options })
    return {
      call: async () => [await create({}), await create({ key })],
      check: async (result) => {
        expect((result as ModelVersion[]).map(({ version }) => version)).toEqual(['1', '2'])
        expect(await count(direct.registry.searchVersions({ filter: `name = '${name}'` }))).toBe(2)
      },
    }
  },
  'registry.updateVersion': async (direct, lossy) => {
    const { name } = await newVersion(direct)
    return { call: async () => await lossy.registry.updateVersion(name, '1', { description: 'd' }), check: async () => expect((await direct.registry.getVersion(name, '1')).description).toBe('d') }
  },
  'registry.deleteVersion': async (direct, lossy) => {
    const { name } = await newVersion(direct)
    return { call: async () => await lossy.registry.deleteVersion(name, '1'), check: async () => expect(await codeOf(direct.registry.getVersion(name, '1'))).toMatch(/MLFLOW_NOT_FOUND|MLFLOW_FORBIDDEN/) }
  },
  'registry.setVersionTag': async (direct, lossy) => {
    const { name } = await newVersion(direct)
    return { call: async () => await lossy.registry.setVersionTag(name, '1', 'a', 'b'), check: async () => expect((await direct.registry.getVersion(name, '1')).tags).toHaveProperty('a', 'b') }
  },
  'registry.deleteVersionTag': async (direct, lossy) => {
    const { name } = await newVersion(direct)
    await direct.registry.setVersionTag(name, '1', 'a', 'b')
    return { call: async () => await lossy.registry.deleteVersionTag(name, '1', 'a'), check: async () => expect((await direct.registry.getVersion(name, '1')).tags).not.toHaveProperty('a') }
  },
  'registry.setAlias': async (direct, lossy) => {
    const { name } = await newVersion(direct)
    return { call: async () => await lossy.registry.setAlias(name, 'best', '1'), check: async () => expect((await direct.registry.getModel(name)).aliases).toEqual({ best: '1' }) }
  },
  'registry.deleteAlias': async (direct, lossy) => {
    const { name } = await newVersion(direct)
    await direct.registry.setAlias(name, 'best', '1')
    return { call: async () => await lossy.registry.deleteAlias(name, 'best'), check: async () => expect((await direct.registry.getModel(name)).aliases).toEqual({}) }
  },
  'artifacts.upload': async (direct, lossy) => {
    const { runId } = await newRun(direct)
    return { call: async () => await lossy.artifacts.upload({ runId }, 'a.txt', 'text'), check: async () => expect(await direct.artifacts.list({ runId })).toEqual([{ path: 'a.txt', isDirectory: false, size: 4 }]) }
  },
  'artifacts.delete': async (direct, lossy) => {
    const { runId } = await newRun(direct)
    await direct.artifacts.upload({ runId }, 'a.txt', 'text')
    return { call: async () => await lossy.artifacts.delete({ runId }, 'a.txt'), check: async () => expect(await direct.artifacts.list({ runId })).toEqual([]) }
  },
}

const jsonHeaders = ({ options }: StartedServer) => ({ 'content-type': 'application/json', authorization: `Basic ${btoa(`${options.username}:${options.password}`)}` })
const isWrite = ({ method, path }: ProxiedRequest) => method !== 'GET' && !/\/search(-experiments)?$/.test(path)

const servers: readonly { readonly server: string; readonly start: () => Promise<StartedServer> }[] = [
  { server: 'a server over SQLite', start: async () => ({ options: { trackingUri: url! }, stop: async () => undefined }) },
  // It refuses what is gone already, where the other does not mind or says so.
  { server: 'a server with users', start: startServerWithUser },
]

describe.skipIf(url === undefined).each(servers)(`answers of $server that are lost${missingMlflow === undefined ? '' : ` (skipped: ${missingMlflow})`}`, ({ start }) => {
  let server: StartedServer
  let proxy: Proxy
  let direct: MlflowClient
  let lossy: MlflowClient
  let experimentId: string
  beforeAll(async () => {
    server = await start()
    proxy = await startProxy(server.options.trackingUri)
    direct = mlflowClient(server.options)
    lossy = mlflowClient({ ...server.options, trackingUri: proxy.url, backoffFactor: 0, backoffJitter: 0 })
    experimentId = (await direct.experiments.create({ name: fresh('lost') })).experimentId
  })
  afterAll(async () => {
    await lossy?.close()
    await direct?.close()
    await proxy?.close()
    await server?.stop()
  })

  it('have a case for each call that writes', () => {
    const calls = groups.flatMap((group) => Object.keys(direct[group]).map((name) => `${group}.${name}`))
    expect(calls.filter((call) => !readings.has(call)).toSorted()).toEqual(Object.keys(cases).toSorted())
    expect([...readings].filter((call) => !calls.includes(call))).toEqual([])
  })

  it.each(Object.keys(cases))('%s: one of it, in the right state, whichever answer is lost', async (name) => {
    let lost = 0
    // One write after the other loses its answer, until the call has no further one.
    for (let index = 0; ; index++) {
      const { call, check } = await cases[name]!(direct, lossy, experimentId)
      let writes = 0
      let dropped = false
      proxy.decide = (request) => {
        if (!isWrite(request) || dropped || writes++ !== index) return 'pass'
        dropped = true
        return 'lose the answer'
      }
      const result = await call()
      proxy.decide = () => 'pass'
      await check(result)
      if (!dropped) break
      lost++
    }
    expect(lost).toBeGreaterThan(0)
  })

  it('broken twin: a creation that is only repeated leaves two runs', async () => {
    const own = (await direct.experiments.create({ name: fresh('lost') })).experimentId
    let dropped = false
    proxy.decide = () => (dropped ? 'pass' : ((dropped = true), 'lose the answer'))
    const create = async () => await fetch(`${proxy.url}/api/2.0/mlflow/runs/create`, { method: 'POST', headers: jsonHeaders(server), body: JSON.stringify({ experiment_id: own, start_time: 1 }) })
    await expect(create()).rejects.toThrow('fetch failed')
    expect((await create()).status).toBe(200)
    expect(await runsOf(direct, own)).toHaveLength(2)
  })

  it('a creation that reaches the server after its repetition leaves one run', async () => {
    const own = (await direct.experiments.create({ name: fresh('lost') })).experimentId
    let held: string | undefined
    let arrived = false
    let creations = 0
    proxy.decide = async ({ path, body }) => {
      if (path.endsWith('/runs/create') && creations++ === 0) {
        // Kept on the way: the client sees a gateway fail, and the request arrives when the repetition has been answered.
        held = body
        return { status: 504, body: '' }
      }
      if (path.endsWith('/runs/search') && creations === 2 && !arrived) {
        arrived = true
        const answer = await fetch(`${server.options.trackingUri}/api/2.0/mlflow/runs/create`, { method: 'POST', headers: jsonHeaders(server), body: held! })
        expect(answer.status).toBe(200)
      }
      return 'pass'
    }
    const { runId } = await lossy.runs.create({ experimentId: own })
    proxy.decide = () => 'pass'
    expect([creations, arrived]).toEqual([2, true])
    expect((await all(direct.runs.search([own]))).map((run) => run.runId)).toEqual([runId])
    expect(await runsOf(direct, own)).toHaveLength(2)
  })

  it('the run of a creation whose answer never comes is found by its key', async () => {
    const key = fresh('key')
    await using impatient = mlflowClient({ ...server.options, trackingUri: proxy.url, maxRetries: 0 })
    proxy.decide = (request) => (isWrite(request) ? 'lose the answer' : 'pass')
    expect(await codeOf(impatient.runs.create({ experimentId, key }))).toBe('MLFLOW_UNREACHABLE')
    proxy.decide = () => 'pass'
    const { runId } = await direct.runs.create({ experimentId, key })
    const made = proxy.requests.filter(({ path }) => path.endsWith('/runs/create')).length
    expect(made).toBeGreaterThan(0)
    expect((await all(direct.runs.search([experimentId], { view: 'all', filter: `tags."attune.key" = '${key}'` }))).map((run) => run.runId)).toEqual([runId])
  })
})
