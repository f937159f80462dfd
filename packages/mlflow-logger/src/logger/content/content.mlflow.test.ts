import { randomUUID } from 'node:crypto'
import type { Study } from '@attune/core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { missingMlflow } from '../../../../../tools/python/mlflow.mjs'
import { runPython } from '../../../../../tools/python/run.mjs'
import { mlflowClient } from '../../client/index.ts'
import type { MlflowClient, Run } from '../../client/types.ts'
import { digitsStudy } from './digits-study.test-support.ts'

const trackingUri = inject('mlflow') ?? ''

async function all<T>(entries: AsyncIterable<T>): Promise<readonly T[]> {
  const list: T[] = []
  for await (const entry of entries) list.push(entry)
  return list
}

describe.skipIf(trackingUri === '')(`a study on a real MLflow server${missingMlflow === undefined ? '' : ` (${missingMlflow})`}`, () => {
  const experimentName = `digits ${randomUUID()}`
  const registeredName = `digits-${randomUUID()}`
  let client: MlflowClient
  let study: Study<unknown>
  let parent: Run
  let children: readonly Run[]
  let experimentId: string

  beforeAll(async () => {
    client = mlflowClient({ trackingUri })
    study = await digitsStudy({ trackingUri, experimentName, model: { registeredName, alias: 'champion' } })
    await study.close()
    experimentId = (await client.experiments.find(experimentName))!.experimentId
    const runs = await all(client.runs.search([experimentId]))
    parent = runs.find(({ tags }) => tags['mlflow.parentRunId'] === undefined)!
    children = runs.filter(({ tags }) => tags['mlflow.parentRunId'] === parent.runId).toSorted((a, b) => Number(a.tags['number']) - Number(b.tags['number']))
  })
  afterAll(() => client.close())

  it('is one run, with one child for each trial, and their states as MLflow and Optuna have them', () => {
    expect(parent.status).toBe('FINISHED')
    expect(children.map(({ runName }) => runName)).toEqual(study.trials().map(({ number }) => `trial ${number}`))
    const statuses = { complete: 'FINISHED', pruned: 'KILLED', failed: 'FAILED' } as const
    expect(children.map(({ status, tags }) => [status, tags['attune.state']])).toEqual(study.trials().map(({ state }) => [statuses[state as keyof typeof statuses], state]))
    expect(new Set(children.map(({ tags }) => tags['state']))).toEqual(new Set(['COMPLETE', 'PRUNED', 'FAIL']))
  })

  it('has every parameter, every point and every final value as the study has them', async () => {
    for (const [number, run] of children.entries()) {
      const trial = study.trial(number)
      expect(run.params).toEqual(Object.fromEntries(Object.entries(trial.flatParams).map(([path, value]) => [path, String(value)])))
      for (const metric of ['valAccuracy', 'loss']) {
        const points = await all(client.runs.metricHistory(run.runId, metric))
        const kept = trial.reports.map(({ step, metrics, time }) => [step, Number.isFinite(metrics[metric]) ? metrics[metric] : Number.MAX_VALUE, time])
        expect([number, points.map(({ step, value, timestamp }) => [step, value, timestamp])]).toEqual([number, kept])
      }
      if (trial.state === 'failed') expect(run.metrics['value']).toBeUndefined()
      else expect(run.metrics['value']?.value).toBe(trial.value)
      expect([run.startTime, run.endTime]).toEqual([trial.startedAt, trial.endedAt])
    }
    expect(parent.metrics['best_value']?.value).toBe(study.best.value)
    expect(children[0]!.tags['attune.exact.loss']).toBe('Infinity: 10 to 12; final Infinity')
  })

  it('keeps the curve of an attempt that failed apart, below the run of the next one', async () => {
    const attempts = await all(client.runs.search([experimentId], { filter: `tags.mlflow.parentRunId = '${children[6]!.runId}'` }))
    expect(attempts.map(({ runName, status, tags }) => [runName, status, tags['attune.error']])).toEqual([['trial 6, attempt 1', 'FAILED', 'error: The connection to the data was lost.']])
    const text = new TextDecoder().decode(await client.artifacts.download({ runId: attempts[0]!.runId }, 'attune/error.txt'))
    expect(text).toMatch(/^error: The connection to the data was lost\.\n\nError: The connection/)
  })

  it('has data, space, history, best parameters, note and report', async () => {
    expect(parent.inputs.datasets.map(({ name, context, digest }) => [name, context, digest])).toEqual([['mnist-digits', 'training', 'a1b2c3']])
    expect(children.every(({ inputs }) => inputs.datasets[0]?.name === 'mnist-digits')).toBe(true)
    expect((await client.artifacts.list({ runId: parent.runId }, 'attune')).map(({ path }) => path).toSorted()).toEqual(['attune/best.json', 'attune/history.csv', 'attune/space.json'])
    expect((await client.artifacts.list({ runId: parent.runId })).map(({ path }) => path)).toContain('report.html')
    const history = new TextDecoder().decode(await client.artifacts.download({ runId: parent.runId }, 'attune/history.csv'))
    expect(history.split('\r\n')).toHaveLength(study.trials().length + 2)
    expect(parent.tags['mlflow.note.content']).toContain(`**Best: trial ${study.best.number}, valAccuracy`)
  })

  it('has the best model as a logged model, which Python loads by its alias with its signature', async () => {
    const models = await all(client.models.search([experimentId]))
    expect(models.map(({ status, sourceRunId, name }) => [status, sourceRunId, name])).toEqual([['READY', children[study.best.number]!.runId, 'digits']])
    expect(parent.outputs).toEqual([expect.objectContaining({ modelId: models[0]!.modelId })])
    expect(models[0]!.metrics.map(({ key, value }) => [key, value])).toContainEqual(['value', study.best.value])
    const answer = runPython(`
import json, os, sys
os.environ.update(MLFLOW_TRACKING_URI='${trackingUri}', MLFLOW_DISABLE_TELEMETRY='true', GIT_PYTHON_REFRESH='quiet', MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR='false')
import mlflow, mlflow.onnx, mlflow.pyfunc, numpy as np
uri = 'models:/${registeredName}@champion'
info = mlflow.models.get_model_info(uri)
x = np.array([[1, 2, 3]], dtype=np.float32)
print(json.dumps({
  'inputs': info.signature.inputs.to_dict(), 'outputs': info.signature.outputs.to_dict(),
  'graph': mlflow.onnx.load_model(uri).graph.name,
  'y': mlflow.pyfunc.load_model(uri).predict(x)['y'].tolist(),
}))`)
    const f = 1 + study.best.number
    expect(answer).toEqual({
      inputs: [{ name: 'x', type: 'tensor', 'tensor-spec': { dtype: 'float32', shape: [-1, 3] } }],
      outputs: [{ name: 'y', type: 'tensor', 'tensor-spec': { dtype: 'float32', shape: [-1, 2] } }],
      graph: 'affine',
      y: [[4 * f + 0.5, 5 * f - 0.5]],
    })
  })
})
