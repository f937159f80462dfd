import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, inject, it } from 'vitest'
import { missingMlflow } from '../../../../../tools/python/mlflow.mjs'
import { runPython } from '../../../../../tools/python/run.mjs'
import { mlflowClient } from '../../client/index.ts'
import { digitsStudy } from './digits-study.test-support.ts'

const url = inject('mlflow')
const example = fileURLToPath(new URL('../../../examples/study.ts', import.meta.url))
const page = fileURLToPath(new URL('../../../../../docs/mlflow.md', import.meta.url))

describe.skipIf(url === undefined)(`docs/mlflow.md${missingMlflow === undefined ? '' : ` (skipped: ${missingMlflow})`}`, () => {
  it('begins with examples/study.ts, which runs, prints its links, and goes on in the same runs when it is called again', async () => {
    const source = await readFile(example, 'utf8')
    expect(/```ts\n(.*?)```/s.exec(await readFile(page, 'utf8'))?.[1]?.replaceAll("from 'attune'", "from '@attune/core'")).toContain('mlflow({ tags: { team: ')
    expect(await readFile(page, 'utf8')).toContain(source)
    expect(source.split('\n').length).toBeLessThanOrEqual(41)
    const folder = await mkdtemp(join(tmpdir(), 'attune mlflow '))
    const experiment = `example ${randomUUID()}`
    const env = { ...process.env, MLFLOW_TRACKING_URI: url, MLFLOW_EXPERIMENT_NAME: experiment, NO_COLOR: '1', FORCE_COLOR: undefined }
    const call = (): Promise<{ readonly stdout: string; readonly stderr: string }> => promisify(execFile)(process.execPath, ['--conditions=attune-source', example], { cwd: folder, env })
    try {
      const { stdout, stderr } = await call()
      expect(stdout).toBe('')
      expect(stderr.split('\n').map((line) => line.replace(/ at: http.*/, ''))).toEqual(['🏃 View run digits', '🧪 View trials', '📈 View charts', ''])
      await using client = mlflowClient({ trackingUri: url! })
      const { experimentId } = (await client.experiments.find(experiment))!
      const ids = async (): Promise<readonly string[]> => {
        const runs: string[] = []
        for await (const { runId } of client.runs.search([experimentId])) runs.push(runId)
        return runs.toSorted()
      }
      const before = await ids()
      expect(before).toHaveLength(21)
      await call()
      expect(await ids()).toEqual(before)
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it('has queries in Python that answer, Optuna-minded ones among them', async () => {
    const experimentName = `queries ${randomUUID()}`
    const study = await digitsStudy({ trackingUri: url!, experimentName })
    await study.close()
    const blocks = [...(await readFile(page, 'utf8')).matchAll(/```python\n(.*?)```/gs)].map(([, code]) => code!.replaceAll("'digits'", JSON.stringify(experimentName)))
    expect(blocks).toHaveLength(2)
    const [frames, curves] = blocks.map((code) => runPython(`
import json, os
os.environ.update(MLFLOW_TRACKING_URI='${url}', MLFLOW_DISABLE_TELEMETRY='true', GIT_PYTHON_REFRESH='quiet')
${code.replaceAll(/^print\((.*)\)$/gm, 'answer = $1')}
print(json.dumps(answer, default=str))`)) as [{ readonly best: string; readonly complete: number; readonly pruned: number; readonly adam: number }, readonly (readonly [number, number])[]]
    const trials = study.trials()
    const of = (state: string): number => trials.filter((trial) => trial.state === state).length
    const [better] = trials.filter(({ state }) => state === 'complete').toSorted((a, b) => b.value! - a.value!)
    expect(frames).toEqual({ best: `trial ${better!.number}`, complete: of('complete'), pruned: of('pruned'), adam: trials.filter(({ flatParams }) => flatParams['optimizer.type'] === 'adam').length })
    expect(curves).toEqual(better!.reports.map(({ step, metrics }) => [step, metrics['valAccuracy']]))
  })
})
