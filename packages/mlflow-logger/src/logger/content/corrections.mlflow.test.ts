import { randomUUID } from 'node:crypto'
import { createStudy, float, int, maximize, minimize } from '@attune/core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { missingMlflow } from '../../../../../tools/python/mlflow.mjs'
import { mlflowClient } from '../../client/index.ts'
import type { MlflowClient, Run } from '../../client/types.ts'
import { mlflow } from '../mlflow.ts'

const trackingUri = inject('mlflow') ?? ''

describe.skipIf(trackingUri === '')(`a study that is corrected, on a real MLflow server${missingMlflow === undefined ? '' : ` (skipped: ${missingMlflow})`}`, () => {
  let client: MlflowClient
  beforeAll(() => (client = mlflowClient({ trackingUri })))
  afterAll(() => client.close())

  async function runsOf(experimentName: string): Promise<{ readonly parent: Run; readonly trials: ReadonlyMap<number, Run> }> {
    const { experimentId } = (await client.experiments.find(experimentName))!
    const runs: Run[] = []
    for await (const run of client.runs.search([experimentId])) runs.push(run)
    const parent = runs.find(({ tags }) => tags['mlflow.parentRunId'] === undefined)!
    return { parent, trials: new Map(runs.filter((run) => run !== parent).map((run) => [Number(run.tags['number']), run])) }
  }

  it('has the corrected values in tables and searches, and says who corrected what', async () => {
    const experimentName = `corrected ${randomUUID()}`
    const study = await createStudy({ name: 'first name', space: { rate: float(0, 1) }, objective: maximize('accuracy'), seed: 3, loggers: [mlflow({ trackingUri, experimentName, links: false })] })
    await study.optimize(async function* ({ number }) {
      for (let step = 1; step <= 3; step++) yield { step, accuracy: number + step / 10 }
    }, { trials: 4 })
    await study.void(3, 'The data was mixed up.', { by: 'Ada' })
    await study.edit(1, { metrics: { accuracy: 0.5 } }, 'In percent.', { by: 'Ada' })
    await study.addMetrics(2, { test: 0.25 }, 'Measured on the test set.')
    await study.rename('second name')
    await study.extendSpace({ rate: float(0, 2), dropout: float(0, 1) }, { values: { dropout: 0 } })
    await study.close()
    const { parent, trials } = await runsOf(experimentName)
    expect([parent.runName, parent.tags['attune.study'], parent.tags['attune.best_trial'], parent.metrics['best_value']?.value]).toEqual(['second name', 'second name', '2', 2.3])
    expect(trials.get(3)?.tags).toMatchObject({ state: 'VOID', 'attune.state': 'complete', 'attune.void': 'The data was mixed up.', 'attune.amended_by': 'Ada' })
    expect([trials.get(1)?.metrics['accuracy']?.value, trials.get(1)?.metrics['value']?.value, trials.get(1)?.tags['attune.amended']]).toEqual([0.5, 0.5, 'edited accuracy: In percent.'])
    expect([trials.get(2)?.metrics['test']?.value, trials.get(2)?.tags['attune.amended']]).toEqual([0.25, 'added test: Measured on the test set.'])
    const space = JSON.parse(new TextDecoder().decode(await client.artifacts.download({ runId: parent.runId }, 'attune/space.json'))) as unknown
    expect(JSON.stringify(space)).toContain('dropout')
    // The curve stays as it was.
    const points: number[] = []
    for await (const { value } of client.runs.metricHistory(trials.get(1)!.runId, 'accuracy')) points.push(value)
    expect(points).toEqual([1.1, 1.2, 1.3, 0.5])
  })

  it('P11: integers and steps up to 2^53, negative ones, and −0 are in MLflow as they were, and several objectives by number', async () => {
    const experimentName = `exact ${randomUUID()}`
    const study = await createStudy({ name: 'exact', space: { n: int(0, Number.MAX_SAFE_INTEGER) }, objective: [minimize('loss'), maximize('speed')], seed: 3, loggers: [mlflow({ trackingUri, experimentName, links: false })] })
    await study.enqueue({ n: Number.MAX_SAFE_INTEGER })
    await study.optimize(async function* () {
      yield { step: -5, loss: 2 ** 53 }
      yield { step: Number.MAX_SAFE_INTEGER, loss: 0.1 + 0.2, speed: -0 }
    }, { trials: 1 })
    await study.close()
    const { parent, trials } = await runsOf(experimentName)
    const run = trials.get(0)!
    expect(run.params).toEqual({ n: '9007199254740991' })
    expect([run.metrics['value_0']?.value, run.metrics['value_1']?.value]).toEqual([0.1 + 0.2, 0])
    const points: (readonly [number, number])[] = []
    for await (const { step, value } of client.runs.metricHistory(run.runId, 'loss')) points.push([step, value])
    expect(points).toEqual([[-5, 2 ** 53], [Number.MAX_SAFE_INTEGER, 0.1 + 0.2]])
    expect(run.tags).toMatchObject({ direction: "['MINIMIZE', 'MAXIMIZE']", 'attune.exact.speed': '-0: 9007199254740991; final -0', n_distribution: 'IntDistribution(high=9007199254740991, log=False, low=0, step=1)' })
    expect(parent.tags['optuna.study_direction']).toBe('MINIMIZE,MAXIMIZE')
  })
})
