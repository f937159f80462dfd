import { randomUUID } from 'node:crypto'
import { createStudy, float, maximize, MemoryArtifacts, type Study } from '@attune/core'
import { loggerContextOf } from '@attune/testing'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { missingMlflow } from '../../../../../tools/python/mlflow.mjs'
import { runPython } from '../../../../../tools/python/run.mjs'
import { mlflowClient } from '../../client/index.ts'
import type { LoggedModel, MlflowClient } from '../../client/types.ts'
import type { RunIds } from '../writes.ts'
import { logBestModel, type BestModelOptions } from './best-model.ts'
import { affine } from './digits-study.test-support.ts'

const trackingUri = inject('mlflow') ?? ''

describe.skipIf(trackingUri === '')(`the best model on a real MLflow server${missingMlflow === undefined ? '' : ` (${missingMlflow})`}`, () => {
  let client: MlflowClient
  beforeAll(() => (client = mlflowClient({ trackingUri })))
  afterAll(() => client.close())

  /** A study of one trial, with a run for it and each of the next three. */
  async function studied(kind: string, bytes: (number: number) => Uint8Array): Promise<{ readonly study: Study<unknown>; readonly runs: RunIds; improve(): Promise<void>; options(model?: Partial<BestModelOptions['model']>): BestModelOptions }> {
    const artifacts = new MemoryArtifacts()
    const study = await createStudy({ name: `best ${randomUUID()}`, space: { x: float(0, 1) }, objective: maximize('accuracy'), artifacts, seed: 1, loggers: [] })
    const { experimentId } = await client.experiments.ensure(study.name)
    const parent = await client.runs.create({ experimentId, name: 'study' })
    const children = await Promise.all([0, 1, 2, 3].map((number) => client.runs.create({ experimentId, name: `trial ${number}`, parentRunId: parent.runId })))
    const improve = async (): Promise<void> => {
      await study.optimize(async function* ({ number }) {
        yield { step: 1, accuracy: number / 10 }
        return { kind, bytes: () => bytes(number), as: () => Promise.reject(new Error('There is no other format.')) }
      }, { more: 1 })
    }
    await improve()
    const runs: RunIds = { trackingUri, experimentId, parent: parent.runId, trial: (number) => Promise.resolve(children[number]?.runId) }
    const context = loggerContextOf(study, { artifact: async ({ hash }) => artifacts.get(hash) })
    return { study: study, runs, improve, options: (model = {}) => ({ client, context, runs, model: { artifact: 'model', ...model } }) }
  }

  async function models(experimentId: string): Promise<readonly LoggedModel[]> {
    const list: LoggedModel[] = []
    for await (const model of client.models.search([experimentId])) list.push(model)
    return list.toSorted((a, b) => a.createdAt - b.createdAt)
  }

  it('is logged once however often that is asked for, and a better one later is another version to which the alias moves', async () => {
    const registeredName = `best-${randomUUID()}`
    const { runs, improve, options } = await studied('onnx', affine)
    const first = await logBestModel(options({ registeredName, alias: 'champion' }))
    const again = await logBestModel(options({ registeredName, alias: 'champion' }))
    expect(again?.model.modelId).toBe(first?.model.modelId)
    expect([first?.version?.version, again?.version?.version]).toEqual(['1', '1'])
    await improve()
    await logBestModel(options({ registeredName, alias: 'champion' }))
    const champion = await client.registry.findVersionByAlias(registeredName, 'champion')
    expect([champion?.version, champion?.runId, champion?.description]).toEqual(['2', await runs.trial(1), 'Trial 1: accuracy 0.1'])
    expect((await models(runs.experimentId)).map(({ status }) => status)).toEqual(['READY', 'READY'])
    expect((await client.runs.get(runs.parent)).outputs).toHaveLength(2)
  })

  it('says that its upload failed where it did, and is whole after the next try', async () => {
    const { runs, options } = await studied('onnx', affine)
    let uploads = 0
    const failing: BestModelOptions['client'] = { ...client, artifacts: { ...client.artifacts, upload: (...upload) => (++uploads === 2 ? Promise.reject(new Error('The disk of the server is full.')) : client.artifacts.upload(...upload)) } }
    await expect(logBestModel({ ...options(), client: failing })).rejects.toThrow('The disk of the server is full.')
    expect((await models(runs.experimentId)).map(({ status }) => status)).toEqual(['UPLOAD_FAILED'])
    const { model } = (await logBestModel(options()))!
    expect(model.status).toBe('READY')
    expect(new Uint8Array(await client.artifacts.download({ modelId: model.modelId }, 'model.onnx'))).toEqual(affine(0))
    expect(await models(runs.experimentId)).toHaveLength(1)
  })

  it('of another format than ONNX is kept as a file, with a description that Python reads', async () => {
    const { options } = await studied('tfjs-layers-model', () => Uint8Array.of(1, 2, 3))
    const { model } = (await logBestModel(options({ signature: { inputs: [{ name: 'x', type: 'double', required: true }], outputs: [{ type: 'double', required: true }] } })))!
    expect((await client.artifacts.list({ modelId: model.modelId })).map(({ path, size }) => [path, path === 'model' ? size : 0])).toEqual([['MLmodel', 0], ['model', 3]])
    expect(runPython(`
import json, os
os.environ.update(MLFLOW_TRACKING_URI='${trackingUri}', MLFLOW_DISABLE_TELEMETRY='true', GIT_PYTHON_REFRESH='quiet', MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR='false')
import mlflow
info = mlflow.models.get_model_info('models:/${model.modelId}')
print(json.dumps([list(info.flavors), info.flavors['attune'], info.signature.inputs.to_dict()]))`)).toEqual([['attune'], { data: 'model', format: 'tfjs-layers-model' }, [{ name: 'x', type: 'double', required: true }]])
  })

  it('is none where the best trial has no such artefact', async () => {
    const { options, runs } = await studied('onnx', affine)
    expect(await logBestModel(options({ artifact: 'another' }))).toBeUndefined()
    expect(await models(runs.experimentId)).toEqual([])
  })
})
