import { randomUUID } from 'node:crypto'
import { choice, createStudy, float, MemoryArtifacts, minimize, trainingInputs } from '@attune/core'
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest'
import { missingMlflow } from '../../../../../tools/python/mlflow.mjs'
import { startProxy } from '../../client/client-proxy.test-support.ts'
import { mlflowClient } from '../../client/index.ts'
import type { MlflowClient, Run } from '../../client/types.ts'
import { mlflow } from '../mlflow.ts'
import { surroundings } from '../surroundings.ts'

const trackingUri = inject('mlflow') ?? ''

describe.skipIf(trackingUri === '')(`what a real MLflow server keeps of a study${missingMlflow === undefined ? '' : ` (skipped: ${missingMlflow})`}`, () => {
  let client: MlflowClient
  beforeAll(() => (client = mlflowClient({ trackingUri })))
  afterAll(() => client.close())

  async function runsOf(experimentName: string): Promise<readonly Run[]> {
    const { experimentId } = (await client.experiments.find(experimentName))!
    const runs: Run[] = []
    for await (const run of client.runs.search([experimentId])) runs.push(run)
    return runs
  }

  it('says on each run who ran it, and from where', async () => {
    const experimentName = `surroundings ${randomUUID()}`
    const study = await createStudy({ name: 'from here', space: { rate: float(0, 1) }, objective: minimize('loss'), loggers: [mlflow({ trackingUri, experimentName, links: false })] })
    await study.optimize(() => 1, { trials: 1 })
    await study.close()
    const here = surroundings()
    expect(here).toHaveProperty(['mlflow.source.name'])
    const runs = await runsOf(experimentName)
    expect(runs.map(({ runName }) => runName).toSorted()).toEqual(['from here', 'trial 0'])
    for (const { tags } of runs) expect(tags).toMatchObject(here)
  })

  it('has models that a training starts from as inputs: those that MLflow knows as models, others among the data', async () => {
    const experimentName = `inputs ${randomUUID()}`
    const { experimentId } = await client.experiments.create({ name: experimentName })
    const { modelId } = await client.models.create({ experimentId, name: 'teacher' })
    const study = await createStudy({ name: 'distilled', space: { rate: float(0, 1) }, objective: minimize('loss'), loggers: [mlflow({ trackingUri, experimentName, links: false })] })
    await study.optimize(async (trial) => {
      await trial.setAttribute(trainingInputs, [{ kind: 'model', name: modelId }, { kind: 'model', name: 'resnet', digest: 'v2' }, { kind: 'dataset', name: 'digits', digest: 'abc', context: 'training' }])
      return 1
    }, { trials: 1 })
    await study.close()
    const { runId } = (await runsOf(experimentName)).find(({ runName }) => runName === 'trial 0')!
    const { inputs } = await client.runs.get(runId)
    expect(inputs.models).toEqual([modelId])
    expect(inputs.datasets.map(({ name, digest, context }) => `${name} ${digest} ${context ?? ''}`).toSorted()).toEqual(['digits abc training', 'resnet v2 model'])
  })

  it('cuts a long parameter with a mark, and has all of it in an artefact', async () => {
    const experimentName = `long ${randomUUID()}`
    const long = 'prompt '.repeat(2_000)
    const study = await createStudy({ name: 'long', space: { 'a(prompt)': choice([long]) }, objective: minimize('loss'), loggers: [mlflow({ trackingUri, experimentName, links: false })] })
    await study.optimize(() => 1, { trials: 1 })
    await study.close()
    const { runId, params } = (await runsOf(experimentName)).find(({ runName }) => runName === 'trial 0')!
    const [[name, value] = ['', '']] = Object.entries(params)
    expect([name, value.slice(0, 7)]).toEqual(['a_x28_prompt_x29_', 'prompt '])
    expect(value).toMatch(/… \[cut: 14000 characters\]$/)
    const whole: unknown = JSON.parse(new TextDecoder().decode(await client.artifacts.download({ runId }, 'attune/long-values.json')))
    expect(whole).toMatchObject({ params: { 'a(prompt)': long } })
  })

  it('has no password: not in tags, notes and artefacts, nor in what is printed or warned of, also where the server repeats it', async () => {
    const secret = 'correct-horse-battery'
    const token = Buffer.from(`ada:${secret}`).toString('base64')
    const proxy = await startProxy(trackingUri)
    const printed: string[] = []
    const stderr = vi.spyOn(process.stderr, 'write').mockImplementation((text) => printed.push(String(text)) > 0)
    try {
      proxy.decide = ({ path, body }) => (path.endsWith('/log-batch') && body.includes('"poison"') ? { status: 400, body: JSON.stringify({ error_code: 'INVALID_PARAMETER_VALUE', message: `Basic ${token} of ada:${secret} may not` }) } : 'pass')
      const experimentName = `secret ${randomUUID()}`
      const study = await createStudy({ name: 'secret', space: { rate: float(0, 1) }, objective: minimize('loss'), artifacts: new MemoryArtifacts(), loggers: [mlflow({ trackingUri: proxy.url.replace('//', `//ada:${secret}@`), experimentName })] })
      await study.optimize(async function* () {
        yield { step: 1, loss: 1, poison: 1 }
      }, { trials: 2 })
      await study.setArtifact('report', new TextEncoder().encode('<html>'), { kind: 'text/html' })
      const warnings: string[] = []
      for await (const event of study.events()) if (event.type === 'warning') warnings.push(event.message)
      await study.close()
      expect(warnings.join('\n')).toContain('poison')
      expect(printed.join('')).toContain('View run secret at: http')
      const experiment = await client.experiments.find(experimentName)
      const kept: unknown[] = [warnings, printed, experiment]
      for (const run of await runsOf(experimentName)) {
        kept.push(run)
        for (const folder of ['', 'attune']) {
          for (const { path, isDirectory } of await client.artifacts.list({ runId: run.runId }, folder)) if (!isDirectory) kept.push(new TextDecoder().decode(await client.artifacts.download({ runId: run.runId }, path)))
        }
      }
      const text = JSON.stringify(kept)
      expect(text).toContain('mlflow.note.content')
      expect(text).not.toContain(secret)
      expect(text).not.toContain(token)
    } finally {
      stderr.mockRestore()
      await proxy.close()
    }
  })
})
