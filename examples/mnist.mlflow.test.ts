import { join } from 'node:path'
import { mlflowClient, type Run } from '@attune/mlflow-logger/client'
import { loadStudy, sqlite } from 'attune'
import { describe, expect, inject, test } from 'vitest'
import { inFolder, run } from './programs.test-support.ts'
import { missingMlflow } from '../tools/python/mlflow.mjs'

const url = inject('mlflow')
/** Small enough for a test. */
const small = ['--trials', '5', '--epochs', '3', '--samples', '300', '--final-epochs', '1', '--seed', '3']

async function all<T>(entries: AsyncIterable<T>): Promise<readonly T[]> {
  const list: T[] = []
  for await (const entry of entries) list.push(entry)
  return list
}

describe.skipIf(url === undefined)(`the main job with MLFLOW_TRACKING_URI${missingMlflow === undefined ? '' : ` (skipped: ${missingMlflow})`}`, { timeout: 600_000 }, () => {
  test('logs one parent, one child a trial, curves, data and the model, prints links, and doubles nothing when it is called again', async () => {
    await inFolder(async (out) => {
      const variables = { MLFLOW_TRACKING_URI: url!, MLFLOW_EXPERIMENT_NAME: 'the main job' }
      const first = await run('mnist/main', [...small, '--out', out], variables)
      expect({ code: first.code, errors: first.code === 0 ? '' : first.errors }).toEqual({ code: 0, errors: '' })
      expect(`${first.output}${first.errors}`).toContain(`${url!}/#/experiments/`)

      await using study = await loadStudy({ name: 'mnist', storage: sqlite(join(out, 'study.db')) })
      await using client = mlflowClient({ trackingUri: url! })
      const experiment = await client.experiments.find('the main job')
      const look = async (): Promise<{ readonly parent: Run; readonly children: readonly Run[] }> => {
        const runs = await all(client.runs.search([experiment!.experimentId]))
        const parents = runs.filter(({ tags }) => tags['mlflow.parentRunId'] === undefined)
        expect(parents).toHaveLength(1)
        return { parent: parents[0]!, children: runs.filter(({ tags }) => tags['mlflow.parentRunId'] === parents[0]!.runId).toSorted((a, b) => Number(a.tags['number']) - Number(b.tags['number'])) }
      }
      const { parent, children } = await look()
      expect(parent.status).toBe('FINISHED')
      expect(children.map(({ tags }) => Number(tags['number']))).toEqual([0, 1, 2, 3, 4])
      for (const [number, child] of children.entries()) {
        const trial = study.trial(number)
        const curve = await all(client.runs.metricHistory(child.runId, 'valAccuracy'))
        const epochs = curve.filter(({ step }) => step > 0).map(({ step, value }) => [step, value])
        expect(epochs).toEqual(expect.arrayContaining(trial.reports.map(({ step, metrics }) => [step, metrics['valAccuracy']])))
        expect(child.params['batchSize']).toBe(String(trial.flatParams['batchSize']))
        expect(child.metrics['value']?.value).toBe(trial.value)
      }
      expect(parent.inputs.datasets.map(({ name, context }) => `${name} ${context ?? ''}`).toSorted((a, b) => a.localeCompare(b))).toEqual(['mnist-digits training', 'mnist-digits validation'])
      const models = await all(client.models.search([experiment!.experimentId]))
      expect(models.map(({ status, sourceRunId }) => [status, sourceRunId])).toEqual([['READY', children[study.best.number]!.runId]])
      const files = await client.artifacts.list({ runId: parent.runId })
      expect(files.map(({ path }) => path)).toEqual(expect.arrayContaining(['attune']))

      const again = await run('mnist/main', [...small, '--out', out], variables)
      expect(again.code).toBe(0)
      const later = await look()
      expect(later.children.map(({ runId }) => runId)).toEqual(children.map(({ runId }) => runId))
      expect(await all(client.models.search([experiment!.experimentId]))).toHaveLength(1)
    })
  })

  test.each([
    ['the server does not answer', 'http://127.0.0.1:9', /127\.0\.0\.1:9 cannot be reached/],
    ['the address is for Python alone', 'file:///tmp/mlruns', /Going on without MLflow: .*mlflow server --backend-store-uri/],
  ])('works the same where %s', async (_, uri, told) => {
    await inFolder(async (out) => {
      const ended = await run('mnist/main', [...small, '--out', out], { MLFLOW_TRACKING_URI: uri })
      expect(ended.code).toBe(0)
      expect(ended.output).toMatch(/agreement 1500 of 1500 digits get the same class/)
      expect(ended.errors).toMatch(told)
    })
  })
})
