import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { mlflow } from './mlflow.ts'
import { resolveOptions, type MlflowOptions } from './options.ts'

beforeEach(() => {
  for (const name of Object.keys(process.env)) if (name.startsWith('MLFLOW_')) vi.stubEnv(name, undefined)
  vi.stubEnv('HOME', '/nowhere')
})
afterEach(() => void vi.unstubAllEnvs())

const trackingUri = 'http://localhost:5000'

describe('the options of the MLflow logger', () => {
  it('come from the variables of MLflow where they are left out', () => {
    vi.stubEnv('MLFLOW_TRACKING_URI', 'http://elsewhere:5000')
    vi.stubEnv('MLFLOW_EXPERIMENT_NAME', 'digits')
    vi.stubEnv('MLFLOW_RUN_ID', 'abc')
    expect(resolveOptions({}).settings).toMatchObject({ experimentName: 'digits', experimentId: undefined, runId: 'abc', model: { artifact: 'model' }, links: true, flush: { milliseconds: 1000, items: 500 } })
    expect(mlflow()).toMatchObject({ specVersion: 'v1', id: 'mlflow', shared: true })
  })

  it('win over the variables', () => {
    vi.stubEnv('MLFLOW_EXPERIMENT_NAME', 'digits')
    vi.stubEnv('MLFLOW_RUN_ID', 'abc')
    expect(resolveOptions({ trackingUri, experimentId: '7' }).settings).toMatchObject({ experimentName: undefined, experimentId: '7', runId: undefined })
    expect(resolveOptions({ trackingUri, runId: 'def' }).settings.runId).toBe('def')
    expect(resolveOptions({ trackingUri, model: false }).settings.model).toBeUndefined()
  })

  it('leave repetitions to the queue, and the time of a request to the user', () => {
    expect(resolveOptions({ trackingUri }).connection).toMatchObject({ maxRetries: 0, timeout: 30_000 })
    expect(resolveOptions({ trackingUri, timeout: 5, maxRetries: 2 }).connection).toMatchObject({ maxRetries: 2, timeout: 5 })
    vi.stubEnv('MLFLOW_HTTP_REQUEST_TIMEOUT', '60')
    expect(resolveOptions({ trackingUri }).connection).not.toHaveProperty('timeout')
  })

  it('are refused at once, with what is wrong', () => {
    const refused: readonly (readonly [object, string])[] = [
      [{}, 'MLFLOW_URI'],
      [{ trackingUri: 'sqlite:///mlflow.db' }, 'MLFLOW_URI'],
      [{ trackingUri, runName: 7 }, 'MLFLOW_OPTION'],
      [{ trackingUri, experimentName: '' }, 'MLFLOW_OPTION'],
      [{ trackingUri, experimentName: 'a', experimentId: '1' }, 'MLFLOW_OPTION'],
      [{ trackingUri, tags: { a: {} } }, 'MLFLOW_OPTION'],
      [{ trackingUri, model: { alias: 'champion' } }, 'MLFLOW_OPTION'],
      [{ trackingUri, flush: { items: 2000 } }, 'MLFLOW_OPTION'],
      [{ trackingUri, queue: { events: 0.5 } }, 'MLFLOW_OPTION'],
      [{ trackingUri, links: 'yes' }, 'MLFLOW_OPTION'],
      [{ trackingUri, model: true }, 'MLFLOW_OPTION'],
      [{ trackingUri, queue: null }, 'MLFLOW_OPTION'],
    ]
    for (const [options, code] of refused) expect(() => mlflow(options as MlflowOptions), JSON.stringify(options)).toThrow(expect.objectContaining({ code }) as Error)
  })

  it.each([
    [{ trackingUri, experiment: 'digits' }, /mlflow\(\) has no option 'experiment'.*experimentName, experimentId.*trackingUri/],
    [{ trackingUri, model: { registerdName: 'digits' } }, /mlflow\(\{ model \}\) has no option 'registerdName'.*artifact, registeredName, alias, signature/],
    [{ trackingUri, flush: { ms: 5 } }, /mlflow\(\{ flush \}\) has no option 'ms'.*milliseconds, items/],
    [{ trackingUri, queue: { size: 5 } }, /mlflow\(\{ queue \}\) has no option 'size'.*events, bytes/],
  ])('name what %j may be instead', (options, message) => {
    expect(() => mlflow(options as MlflowOptions)).toThrow(expect.objectContaining({ code: 'MLFLOW_OPTION', message: expect.stringMatching(message) as string }) as Error)
  })
})
