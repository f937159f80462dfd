import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { createStudy, float, maximize, type Artifact } from '@attune/core'
import { expect, test } from 'vitest'
import { onnxEvaluator } from './evaluator.ts'
import { endlessModel, nodeModel, shiftModel } from './models.test-support.ts'

const data = { inputs: { data: Float32Array.from([0.5, 0.25, 0.25, 0, 0.75, 0.25]), dims: [2, 3] }, labels: [0, 2] }

/** A training whose whole result is this model. */
function trained(bytes: Uint8Array): Artifact {
  const artifact: Artifact = { kind: 'onnx', bytes: () => bytes, as: () => artifact }
  return artifact
}

test('a study optimises what the evaluator measures, and a model that cannot be judged is a failed trial with its reason', async () => {
  await using evaluator = onnxEvaluator({ data, scores: 'logits' })
  await using study = await createStudy({ space: { shift: float(0, 1) }, objective: maximize('accuracy'), seed: 2 })
  const training = async function* (trial: { readonly number: number; readonly params: { readonly shift: number } }): AsyncGenerator<{ readonly step: number }, Artifact, void> {
    yield { step: 1 }
    return trained(trial.number === 1 ? nodeModel('Reluu') : shiftModel([0, 0, trial.params.shift > 0.5 ? 1 : 0]))
  }
  await study.optimize(training, { trials: 4, evaluators: [evaluator] })
  const [first, broken] = study.trials()
  expect(first!.metrics).toEqual({ accuracy: expect.any(Number), logLoss: expect.any(Number), ece: expect.any(Number), modelBytes: expect.any(Number) })
  expect(broken).toMatchObject({ state: 'failed', failure: { message: expect.stringContaining('Reluu') } })
  expect(study.trials()).toHaveLength(5)
})

test('a study that is stopped while a model runs ends at once, and judges the trial when it goes on', async () => {
  await using evaluator = onnxEvaluator({ data, scores: 'logits' })
  await using study = await createStudy({ space: { shift: float(0, 1) }, objective: maximize('accuracy'), seed: 2 })
  const training = async function* (trial: { readonly attempt: number }): AsyncGenerator<{ readonly step: number }, Artifact, void> {
    yield { step: 1 }
    return trained(trial.attempt === 1 ? endlessModel() : shiftModel([0, 0, 1]))
  }
  const controller = new AbortController()
  study.on((event) => {
    if (event.type === 'trial.reported') controller.abort()
  })
  expect(await study.optimize(training, { trials: 1, signal: controller.signal, evaluators: [evaluator] })).toMatchObject({ aborted: true })
  await study.optimize(training, { trials: 1, evaluators: [evaluator] })
  expect(study.trials()).toMatchObject([{ state: 'complete', attempt: 2, metrics: { accuracy: expect.any(Number) } }])
})

test('the README begins with examples/judge-models.ts, which runs', () => {
  const packageFile = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url))
  const program = packageFile('examples/judge-models.ts')
  const source = readFileSync(program, 'utf8')
  expect(/```ts\n(.*?)```/s.exec(readFileSync(packageFile('README.md'), 'utf8'))?.[1]).toBe(source)
  expect(source.split('\n').length).toBeLessThanOrEqual(41)
  const run = spawnSync(process.execPath, ['--conditions=attune-source', program], { encoding: 'utf8' })
  expect(run.stderr).toBe('')
  expect(run.stdout).toMatch(/accuracy: (1|0\.9\d*),/)
  expect(run.stdout).toContain('latencyP95Ms')
})
