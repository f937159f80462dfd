// What every MLflow server has to do for the client, whatever stands before it.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mlflowClient } from './client.ts'
import type { ConnectionOptions } from './options.ts'
import type { MlflowClient } from './types.ts'

let count = 0
/** A name that no other test has. */
export const fresh = (what: string): string => `${what} ${process.pid} ${Date.now()} ${++count}`

export async function all<T>(iterable: AsyncIterable<T>): Promise<T[]> {
  return await Array.fromAsync(iterable)
}

export async function codeOf(promise: Promise<unknown>): Promise<string> {
  return await promise.then(
    () => 'no error',
    (error: unknown) => String((error as { readonly code?: unknown }).code),
  )
}

const groups = ['experiments', 'runs', 'models', 'registry', 'artifacts'] as const

/** A client that writes down which calls are made. */
function recorded(client: MlflowClient, made: Set<string>): MlflowClient {
  const watch = <T extends object>(group: string, calls: T): T =>
    new Proxy(calls, {
      get: (target, name) => {
        made.add(`${group}.${String(name)}`)
        return Reflect.get(target, name) as unknown
      },
    })
  return { ...client, ...Object.fromEntries(groups.map((group) => [group, watch(group, client[group])])) }
}

export function clientContract(options: () => Promise<ConnectionOptions>): void {
  let client: MlflowClient
  let experimentId: string
  const made = new Set<string>()
  beforeAll(async () => {
    client = recorded(mlflowClient(await options()), made)
    experimentId = (await client.experiments.create({ name: fresh('contract') })).experimentId
  })
  afterAll(async () => await client?.close())

  describe('the server', () => {
    it('says its version and what it offers', async () => {
      expect(await client.server()).toEqual({ version: '3.17.2', multipartUploads: false, workspaces: false })
    })
  })

  describe('experiments', () => {
    it('are created, found and read', async () => {
      const name = fresh('größe/損失 🎉')
      const created = await client.experiments.create({ name, tags: { team: 'vision', version: 2, shared: true } })
      expect(created).toMatchObject({ name, lifecycleStage: 'active', tags: { team: 'vision', version: '2', shared: 'true' } })
      expect(created.artifactLocation).toMatch(/^mlflow-artifacts:/)
      expect(created.createdAt).toBeGreaterThan(1.7e12)
      expect(await client.experiments.find(name)).toEqual(created)
      expect(await client.experiments.get(created.experimentId)).toEqual(created)
      expect(await client.experiments.find(fresh('none'))).toBeUndefined()
      expect(await codeOf(client.experiments.create({ name }))).toBe('MLFLOW_EXISTS')
      expect(await codeOf(client.experiments.get('987654321'))).toBe('MLFLOW_NOT_FOUND')
    })

    it('are renamed, deleted and restored', async () => {
      const { experimentId: id, name } = await client.experiments.create({ name: fresh('old') })
      const renamed = fresh('new')
      await client.experiments.rename(id, renamed)
      expect(await client.experiments.find(name)).toBeUndefined()
      await client.experiments.delete(id)
      expect((await client.experiments.find(renamed))?.lifecycleStage).toBe('deleted')
      await client.experiments.restore(id)
      expect((await client.experiments.get(id)).lifecycleStage).toBe('active')
    })

    it('are ensured: created, found, or restored', async () => {
      const name = fresh('ensured')
      const created = await client.experiments.ensure(name, { tags: { a: 1 } })
      expect(created.tags['a']).toBe('1')
      expect((await client.experiments.ensure(name)).experimentId).toBe(created.experimentId)
      await client.experiments.delete(created.experimentId)
      expect(await client.experiments.ensure(name)).toMatchObject({ experimentId: created.experimentId, lifecycleStage: 'active' })
    })

    it('are ensured by many at the same moment: one is created, and all get it', async () => {
      const name = fresh('raced')
      const others = await Promise.all(Array.from({ length: 8 }, async () => mlflowClient(await options())))
      const ids = await Promise.all(others.map(async (other) => (await other.experiments.ensure(name)).experimentId))
      await Promise.all(others.map(async (other) => await other.close()))
      expect(new Set(ids).size).toBe(1)
    })

    it('are tagged, and lose tags', async () => {
      const { experimentId: id } = await client.experiments.create({ name: fresh('tagged') })
      expect(await client.experiments.setTags(id, { note: 'a', 'odd(name)': 1 })).toEqual([{ kind: 'tag', key: 'odd(name)', storedKey: 'odd_x28_name_x29_', what: 'renamed' }])
      expect((await client.experiments.get(id)).tags).toMatchObject({ note: 'a', odd_x28_name_x29_: '1' })
      await client.experiments.deleteTag(id, 'odd(name)')
      await client.experiments.deleteTag(id, 'note')
      expect(Object.keys((await client.experiments.get(id)).tags)).toEqual(['attune.key'])
      expect(await codeOf(client.experiments.deleteTag(id, 'note'))).toBe('MLFLOW_NOT_FOUND')
    })

    it('are searched page by page, by view and in order', async () => {
      const mark = fresh('searched').replaceAll(' ', '_')
      const ids: string[] = []
      for (let index = 0; index < 5; index++) ids.push((await client.experiments.create({ name: `${mark}_${index}`, tags: { mark } })).experimentId)
      await client.experiments.delete(ids[4]!)
      const names = async (search: Parameters<MlflowClient['experiments']['search']>[0]) => (await all(client.experiments.search({ filter: `tags.mark = '${mark}'`, pageSize: 2, ...search }))).map(({ name }) => name.slice(-1)).join('')
      expect(await names({ orderBy: ['name ASC'] })).toBe('0123')
      expect(await names({ orderBy: ['name DESC'], view: 'all' })).toBe('43210')
      expect(await names({ view: 'deleted' })).toBe('4')
    })
  })

  describe('runs', () => {
    it('are created with name, time, parent and tags', async () => {
      const parent = await client.runs.create({ experimentId })
      const run = await client.runs.create({ experimentId, name: 'trial 7', startTime: 1_700_000_000_123, parentRunId: parent.runId, tags: { 'mlflow.user': 'ada', lucky: 7 } })
      expect(run).toMatchObject({ runName: 'trial 7', status: 'RUNNING', startTime: 1_700_000_000_123, endTime: undefined, lifecycleStage: 'active', experimentId, metrics: {}, params: {}, outputs: [] })
      expect(run.tags).toMatchObject({ 'mlflow.parentRunId': parent.runId, 'mlflow.user': 'ada', lucky: '7' })
      expect(await client.runs.get(run.runId)).toEqual(run)
      expect(Math.abs(parent.startTime - Date.now())).toBeLessThan(3_600_000)
      expect(await codeOf(client.runs.get('0123456789abcdef'))).toMatch(/MLFLOW_NOT_FOUND|MLFLOW_FORBIDDEN/)
    })

    it('with a key are created once, also by many at the same moment', async () => {
      const key = `study "x"'s/${fresh('key')}`
      const first = await client.runs.create({ experimentId, key })
      expect((await client.runs.create({ experimentId, key })).runId).toBe(first.runId)
      const raced = fresh('raced')
      const others = await Promise.all(Array.from({ length: 6 }, async () => mlflowClient(await options())))
      const created = await Promise.all(others.map(async (other) => await other.runs.create({ experimentId, key: raced })))
      await Promise.all(others.map(async (other) => await other.close()))
      const { runId } = await client.runs.create({ experimentId, key: raced })
      const left = (await all(client.runs.search([experimentId]))).filter((run) => run.tags['attune.key'] === raced)
      expect(left.map((run) => run.runId)).toEqual([runId])
      expect(created.map((run) => run.runId)).toContain(runId)
    })

    it('of which several have one key are settled: the oldest stays, the others are deleted', async () => {
      const key = fresh('doubled')
      const runs = await Promise.all(['30', '10', '20'].map(async (created) => {
        const { runId } = await client.runs.create({ experimentId })
        await client.runs.log(runId, { tags: { 'attune.key': key, 'attune.created': created } })
        return runId
      }))
      expect((await client.runs.create({ experimentId, key })).runId).toBe(runs[1])
      expect(await Promise.all(runs.map(async (runId) => (await client.runs.get(runId)).lifecycleStage))).toEqual(['deleted', 'active', 'deleted'])
    })

    it('are updated and ended', async () => {
      const { runId } = await client.runs.create({ experimentId })
      await client.runs.update(runId, { status: 'SCHEDULED', name: 'renamed' })
      expect(await client.runs.get(runId)).toMatchObject({ status: 'SCHEDULED', runName: 'renamed' })
      for (const status of ['FAILED', 'KILLED', 'FINISHED', 'RUNNING'] as const) {
        await client.runs.end(runId, status, 1_700_000_000_456)
        expect(await client.runs.get(runId)).toMatchObject({ status, endTime: 1_700_000_000_456 })
      }
      await client.runs.end(runId)
      expect(await client.runs.get(runId)).toMatchObject({ status: 'FINISHED' })
    })

    it('are deleted and restored', async () => {
      const { runId } = await client.runs.create({ experimentId })
      await client.runs.delete(runId)
      await client.runs.delete(runId)
      expect((await client.runs.get(runId)).lifecycleStage).toBe('deleted')
      expect(await codeOf(client.runs.log(runId, { tags: { a: 1 } }))).toBe('MLFLOW_INVALID')
      await client.runs.restore(runId)
      await client.runs.restore(runId)
      expect((await client.runs.get(runId)).lifecycleStage).toBe('active')
    })

    it('are searched page by page, by filter, view and order', async () => {
      const own = (await client.experiments.create({ name: fresh('search') })).experimentId
      const ids: string[] = []
      for (let index = 0; index < 5; index++) {
        const { runId } = await client.runs.create({ experimentId: own, name: `run ${index}` })
        await client.runs.log(runId, { metrics: [{ key: 'loss', value: index / 10 }], params: { index } })
        ids.push(runId)
      }
      await client.runs.delete(ids[4]!)
      const names = async (search: Parameters<MlflowClient['runs']['search']>[1]) => (await all(client.runs.search([own], { pageSize: 2, orderBy: ['metrics.loss DESC'], ...search }))).map(({ runName }) => runName.slice(-1)).join('')
      expect(await names({})).toBe('3210')
      expect(await names({ view: 'all' })).toBe('43210')
      expect(await names({ view: 'deleted' })).toBe('4')
      expect(await names({ filter: "metrics.loss < 0.25 AND params.index != '1'" })).toBe('20')
      expect(await all(client.runs.search([]))).toEqual([])
    })

    it('keep metrics, parameters and tags of one call', async () => {
      const { runId } = await client.runs.create({ experimentId })
      const batch = { metrics: [{ key: 'loss', value: 0.5, step: 1, timestamp: 5 }, { key: 'loss', value: 0.25, step: 2, timestamp: 6 }], params: { rate: 0.1, name: 'adam', on: false }, tags: { state: 'complete' } }
      expect(await client.runs.log(runId, batch)).toEqual([])
      expect(await client.runs.log(runId, batch)).toEqual([])
      const run = await client.runs.get(runId)
      expect(run.metrics).toEqual({ loss: { key: 'loss', value: 0.25, step: 2, timestamp: 6 } })
      expect(run.params).toEqual({ rate: '0.1', name: 'adam', on: 'false' })
      expect(run.tags['state']).toBe('complete')
      expect(await all(client.runs.metricHistory(runId, 'loss'))).toHaveLength(2)
    })

    it('keep single values, and lose tags', async () => {
      const { runId } = await client.runs.create({ experimentId })
      await client.runs.logMetric(runId, 'loss', 1.5, { step: -4 })
      await client.runs.logParam(runId, 'rate', 0.1)
      await client.runs.setTag(runId, 'odd:name', true)
      expect(await client.runs.get(runId)).toMatchObject({ metrics: { loss: { value: 1.5, step: -4 } }, params: { rate: '0.1' }, tags: { odd_x3a_name: 'true' } })
      await client.runs.deleteTag(runId, 'odd:name')
      expect(await codeOf(client.runs.deleteTag(runId, 'odd:name'))).toBe('MLFLOW_NOT_FOUND')
      expect(Object.keys((await client.runs.get(runId)).tags)).not.toContain('odd_x3a_name')
    })

    it('keep all but a changed parameter, and name that', async () => {
      const { runId } = await client.runs.create({ experimentId })
      await client.runs.log(runId, { params: { a: 1, b: 2 } })
      const error = await client.runs.log(runId, { params: { a: 1, b: 3, c: 4 }, metrics: [{ key: 'm', value: 1 }], tags: { t: 1 } }).catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({ code: 'MLFLOW_PARAM_CHANGED', details: { conflicts: [{ key: 'b', stored: '2', given: '3' }] } })
      expect(await client.runs.get(runId)).toMatchObject({ params: { a: '1', b: '2', c: '4' }, metrics: { m: { value: 1 } }, tags: { t: '1' } })
    })

    it('give the history of a metric, page by page', async () => {
      const { runId } = await client.runs.create({ experimentId })
      await client.runs.log(runId, { metrics: Array.from({ length: 2345 }, (_, step) => ({ key: 'a b/c', value: step / 7, step, timestamp: 1000 + step })) })
      for (const pageSize of [1000, 5000]) {
        const history = await all(client.runs.metricHistory(runId, 'a b/c', { pageSize }))
        expect(history.map(({ step }) => step)).toEqual(Array.from({ length: 2345 }, (_, step) => step))
        expect(history[2344]).toEqual({ key: 'a b/c', value: 2344 / 7, step: 2344, timestamp: 3344 })
      }
      expect(await all(client.runs.metricHistory(runId, 'none'))).toEqual([])
    })

    it('have inputs and outputs', async () => {
      const { runId } = await client.runs.create({ experimentId })
      const model = await client.models.create({ experimentId, name: 'teacher' })
      const student = await client.models.create({ experimentId, name: 'student', sourceRunId: runId })
      const dataset = { name: 'mnist', digest: 'abc', context: 'training', sourceType: 'local', source: 'digits.bin', schema: '{}', profile: '{"rows":60000}' }
      for (let time = 0; time < 2; time++) {
        await client.runs.logInputs(runId, { datasets: [dataset, { name: 'bare', digest: '1' }], models: [model.modelId] })
        await client.runs.logOutputs(runId, [{ modelId: student.modelId, step: 3 }])
      }
      const run = await client.runs.get(runId)
      expect(run.inputs.models).toEqual([model.modelId])
      expect(run.inputs.datasets.toSorted((a, b) => (a.name < b.name ? 1 : -1))).toEqual([dataset, { name: 'bare', digest: '1', sourceType: 'unknown' }])
      expect(run.outputs).toEqual([{ modelId: student.modelId, step: 3 }])
    })
  })

  describe('logged models', () => {
    it('are created, finalised, tagged, given parameters, and deleted', async () => {
      const run = await client.runs.create({ experimentId })
      const model = await client.models.create({ experimentId, name: 'net', modelType: 'onnx', sourceRunId: run.runId, params: { layers: 3 }, tags: { a: 'b' } })
      expect(model).toMatchObject({ name: 'net', modelType: 'onnx', sourceRunId: run.runId, status: 'PENDING', params: { layers: '3' }, tags: { a: 'b' }, metrics: [] })
      expect(await client.models.get(model.modelId)).toEqual(model)
      expect((await client.models.finalize(model.modelId, 'READY')).status).toBe('READY')
      expect(await client.models.setTags(model.modelId, { c: 1, 'd(e)': 2 })).toHaveLength(1)
      await client.models.deleteTag(model.modelId, 'a')
      await client.models.deleteTag(model.modelId, 'd(e)')
      await client.models.logParams(model.modelId, { layers: 3, units: 16 })
      expect(await codeOf(client.models.logParams(model.modelId, { layers: 4, depth: 1 }))).toBe('MLFLOW_PARAM_CHANGED')
      await client.runs.log(run.runId, { metrics: [{ key: 'loss', value: 0.5, modelId: model.modelId, datasetName: 'mnist', datasetDigest: 'abc' }] })
      const now = await client.models.get(model.modelId)
      expect(now).toMatchObject({ status: 'READY', params: { layers: '3', units: '16', depth: '1' }, tags: { c: '1' }, metrics: [{ key: 'loss', value: 0.5, runId: run.runId, datasetName: 'mnist' }] })
      expect(Object.keys(now.tags).toSorted()).toEqual(['attune.key', 'c'])
      await client.models.delete(model.modelId)
      expect(await codeOf(client.models.get(model.modelId))).toMatch(/MLFLOW_NOT_FOUND|MLFLOW_FORBIDDEN/)
    })

    it('with a key are created once', async () => {
      const key = fresh('model')
      const models = await Promise.all([1, 2, 3].map(async () => await client.models.create({ experimentId, name: 'keyed', key })))
      const again = await client.models.create({ experimentId, name: 'keyed', key })
      const left = (await all(client.models.search([experimentId], { filter: "name = 'keyed'" }))).filter((model) => model.tags['attune.key'] === key)
      expect(left.map((model) => model.modelId)).toEqual([again.modelId])
      expect(models.map((model) => model.modelId)).toContain(again.modelId)
    })

    it('are searched page by page and in order', async () => {
      const own = (await client.experiments.create({ name: fresh('models') })).experimentId
      for (const name of ['b', 'a', 'c']) await client.models.create({ experimentId: own, name })
      const names = async (options: Parameters<MlflowClient['models']['search']>[1]) => (await all(client.models.search([own], options))).map(({ name }) => name).join('')
      expect(await names({ orderBy: [{ field: 'name' }], pageSize: 2 })).toBe('abc')
      expect(await names({ orderBy: [{ field: 'name', ascending: false }], pageSize: 1 })).toBe('cba')
      expect(await names({ filter: "name != 'b'", orderBy: [{ field: 'name' }] })).toBe('ac')
    })
  })

  describe('the registry', () => {
    it('has models', async () => {
      const name = fresh('model')
      const created = await client.registry.createModel({ name, description: 'digits', tags: { task: 'vision' } })
      expect(created).toMatchObject({ name, description: 'digits', tags: { task: 'vision' }, aliases: {} })
      expect(await codeOf(client.registry.createModel({ name }))).toBe('MLFLOW_EXISTS')
      expect((await client.registry.ensureModel(name)).createdAt).toBe(created.createdAt)
      expect((await client.registry.updateModel(name, { description: '' })).description).toBe('')
      await client.registry.setModelTag(name, 'stage', 'x')
      await client.registry.deleteModelTag(name, 'task')
      expect(Object.keys((await client.registry.getModel(name)).tags).toSorted()).toEqual(['attune.key', 'stage'])
      const renamed = fresh('renamed')
      expect((await client.registry.renameModel(name, renamed)).name).toBe(renamed)
      expect(await client.registry.findModel(name)).toBeUndefined()
      expect((await all(client.registry.searchModels({ filter: `name = '${renamed}'` }))).map((model) => model.name)).toEqual([renamed])
      await client.registry.deleteModel(renamed)
      expect(await client.registry.findModel(renamed)).toBeUndefined()
      expect(await codeOf(client.registry.getModel(renamed))).toMatch(/MLFLOW_NOT_FOUND|MLFLOW_FORBIDDEN/)
    })

    it('has models that many ensure at the same moment', async () => {
      const name = fresh('ensured')
      const models = await Promise.all(Array.from({ length: 6 }, async () => await client.registry.ensureModel(name)))
      expect(new Set(models.map(({ createdAt }) => createdAt)).size).toBe(1)
    })

    it('has versions and aliases', async () => {
      const name = fresh('versioned')
      await client.registry.ensureModel(name)
      const run = await client.runs.create({ experimentId })
      const model = await client.models.create({ experimentId, name: 'net', sourceRunId: run.runId })
      const version = await client.registry.createVersion({ name, source: `models:/${model.modelId}`, modelId: model.modelId, runId: run.runId, description: 'first', tags: { a: 'b' }, key: fresh('version') })
      expect(version).toMatchObject({ name, version: '1', description: 'first', source: `models:/${model.modelId}`, runId: run.runId, tags: { a: 'b' }, aliases: [] })
      const second = await client.registry.createVersion({ name, source: run.artifactUri, runId: run.runId })
      expect(second.version).toBe('2')
      await client.registry.setAlias(name, 'champion', '1')
      await client.registry.setAlias(name, 'champion', '2')
      expect((await client.registry.findVersionByAlias(name, 'champion'))?.version).toBe('2')
      expect((await client.registry.getModel(name)).aliases).toEqual({ champion: '2' })
      expect((await client.registry.getVersion(name, '2')).aliases).toEqual(['champion'])
      await client.registry.deleteAlias(name, 'champion')
      expect(await client.registry.findVersionByAlias(name, 'champion')).toBeUndefined()
      expect((await client.registry.updateVersion(name, '1', { description: 'changed' })).description).toBe('changed')
      await client.registry.setVersionTag(name, '1', 'c', 'd')
      await client.registry.deleteVersionTag(name, '1', 'a')
      expect((await client.registry.getVersion(name, '1')).tags).toMatchObject({ c: 'd' })
      expect((await all(client.registry.searchVersions({ filter: `name = '${name}'`, orderBy: ['version_number ASC'], pageSize: 1 }))).map((each) => each.version)).toEqual(['1', '2'])
      await client.registry.deleteVersion(name, '1')
      expect(await codeOf(client.registry.getVersion(name, '1'))).toMatch(/MLFLOW_NOT_FOUND|MLFLOW_FORBIDDEN/)
    })

    it('has one version for a key', async () => {
      const name = fresh('keyed')
      await client.registry.ensureModel(name)
      const run = await client.runs.create({ experimentId })
      const key = fresh('version')
      const create = async () => await client.registry.createVersion({ name, source: run.artifactUri, runId: run.runId, key })
      const versions = await Promise.all([create(), create(), create()])
      const kept = await create()
      expect((await all(client.registry.searchVersions({ filter: `name = '${name}'` }))).map((each) => each.version)).toEqual([kept.version])
      expect(versions.map((each) => each.version)).toContain(kept.version)
    })
  })

  describe('artefacts', () => {
    it('are uploaded, listed, downloaded and deleted', async () => {
      const { runId } = await client.runs.create({ experimentId })
      await client.artifacts.upload({ runId }, 'plots/größe 1.txt', 'hello')
      expect(await client.artifacts.list({ runId })).toEqual([{ path: 'plots', isDirectory: true, size: undefined }])
      expect(await client.artifacts.list({ runId }, 'plots')).toEqual([{ path: 'plots/größe 1.txt', isDirectory: false, size: 5 }])
      expect(new TextDecoder().decode(await client.artifacts.download({ runId }, 'plots/größe 1.txt'))).toBe('hello')
      const { size, bytes } = await client.artifacts.stream({ runId }, 'plots/größe 1.txt')
      expect([size, Buffer.concat(await all(bytes)).toString()]).toEqual([5, 'hello'])
      await client.artifacts.delete({ runId }, 'plots/größe 1.txt')
      expect(await client.artifacts.list({ runId }, 'plots')).toEqual([])
    })
  })

  it('make no call that this contract leaves out', () => {
    expect([...made].toSorted()).toEqual(groups.flatMap((group) => Object.keys(client[group]).map((name) => `${group}.${name}`)).toSorted())
  })
}
