// What the Python client sends for the same environment: address, credentials, workspace.
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ensurePython } from '../../../../tools/python/ensure.mjs'
import { resolveConfiguration } from './configuration.ts'
import { json, startHostile, type HostileServer } from './hostile.test-support.ts'
import { createTransport } from './transport.ts'

const { python, missing } = ensurePython()
let server: HostileServer
let folder: string
beforeAll(async () => {
  server = await startHostile()
  server.answer(json(200, { workspaces_enabled: true, experiment: { experiment_id: '0', name: 'x', artifact_location: '', lifecycle_stage: 'active' } }))
  folder = mkdtempSync(join(tmpdir(), 'attune-python-'))
})
afterAll(async () => {
  await server?.[Symbol.asyncDispose]()
  if (folder !== undefined) rmSync(folder, { recursive: true })
})

const program = `
import json, os, sys
import mlflow
from mlflow.legacy_databricks_cli.configure import provider
answers = []
for index, environment in enumerate(json.load(sys.stdin)):
    for name in list(os.environ):
        if name.startswith(('MLFLOW_', 'DATABRICKS_')):
            del os.environ[name]
    os.environ.update(environment)
    provider._home = environment['HOME'] # read once, when it is imported
    os.environ['MLFLOW_ENABLE_DB_SDK'] = 'false'
    try:
        mlflow.MlflowClient().get_experiment(str(index))
        answers.append('sent')
    except Exception as error:
        answers.append(f'{type(error).__name__}: {error}'[:300])
print(json.dumps(answers))
`

function home(name: string, files: { readonly [path: string]: string }): string {
  const path = join(folder, name)
  mkdirSync(join(path, '.mlflow'), { recursive: true })
  for (const [file, text] of Object.entries(files)) writeFileSync(join(path, file), text)
  return path
}

it.skipIf(missing !== undefined)(`sends what the Python client sends for the same variables and files (${missing ?? 'installed'})`, async () => {
  const { url } = server
  const withFile = home('with-file', { '.mlflow/credentials': '[mlflow]\nmlflow_tracking_username = file-user\nmlflow_tracking_password = file=word: 100%% x\n', '.databrickscfg': `[DEFAULT]\nhost = ${url}\ntoken = dapi-%%default\n[staging]\nhost = ${url}/\ntoken = dapi-staging\n[person]\nhost = ${url}\nusername = alice\npassword = word\n` })
  const withHalf = home('with-half', { '.mlflow/credentials': '# who\n[DEFAULT]\nmlflow_tracking_username: shared\n\n[mlflow]\nMLFLOW_TRACKING_PASSWORD=half\n' })
  const none = home('none', {})
  const user = { MLFLOW_TRACKING_USERNAME: 'user', MLFLOW_TRACKING_PASSWORD: 'pass word' }
  const at = (uri: string, more: { readonly [name: string]: string } = {}) => ({ HOME: none, MLFLOW_TRACKING_URI: uri, ...more })
  const environments: readonly { readonly [name: string]: string }[] = [
    at(url),
    at(`${url}/`),
    at(`${url}/some/prefix`),
    at(`${url}/some/prefix/`),
    at(url, user),
    at(url, { MLFLOW_TRACKING_USERNAME: 'user' }),
    at(url, { MLFLOW_TRACKING_PASSWORD: 'lonely' }),
    at(url, { MLFLOW_TRACKING_TOKEN: 'token' }),
    at(url, { ...user, MLFLOW_TRACKING_TOKEN: 'token' }),
    at(url, { MLFLOW_TRACKING_USERNAME: 'user', MLFLOW_TRACKING_TOKEN: 'token' }),
    at(url, { MLFLOW_TRACKING_USERNAME: '', MLFLOW_TRACKING_PASSWORD: '', MLFLOW_TRACKING_TOKEN: '' }),
    at(url, { MLFLOW_TRACKING_USERNAME: 'ünï', MLFLOW_TRACKING_PASSWORD: 'pässword' }),
    at(url, { HOME: withFile }),
    at(url, { HOME: withFile, MLFLOW_TRACKING_USERNAME: 'env-user' }),
    at(url, { HOME: withFile, MLFLOW_TRACKING_PASSWORD: 'env-word' }),
    at(url, { HOME: withFile, MLFLOW_TRACKING_TOKEN: 'token' }),
    at(url, { HOME: withHalf }),
    at(url.replace('//', '//uri-user:uri%40word@')),
    at(url.replace('//', '//uri-user:uri%40word@'), user),
    at(url.replace('//', '//uri-user:uri%40word@'), { MLFLOW_TRACKING_TOKEN: 'token' }),
    at(url, { MLFLOW_WORKSPACE: 'team-a' }),
    at(url, { MLFLOW_WORKSPACE: 'team-a', ...user }),
    at('databricks', { DATABRICKS_HOST: url, DATABRICKS_TOKEN: 'dapi' }),
    at('databricks', { DATABRICKS_HOST: `${url}/`, DATABRICKS_TOKEN: 'dapi', ...user }),
    at('databricks', { HOME: withFile }),
    at('databricks://staging', { HOME: withFile }),
    at('databricks://staging', { HOME: withFile, DATABRICKS_HOST: 'http://127.0.0.1:1', DATABRICKS_TOKEN: 'dapi' }),
    at('databricks://person', { HOME: withFile }),
  ]
  const running = promisify(execFile)(python!, ['-c', program], { env: { PATH: process.env['PATH'], GIT_PYTHON_REFRESH: 'quiet' } })
  running.child.stdin!.end(JSON.stringify(environments))
  const outcomes = JSON.parse((await running).stdout) as readonly string[]
  expect(outcomes).toEqual(environments.map(() => 'sent'))

  const read = () => {
    const found = server.requests.splice(0).filter((request) => request.url.includes('experiment_id='))
    return found.map(({ method, url: path, headers }) => ({ method, path, authorization: headers.authorization, workspace: headers['x-mlflow-workspace'] }))
  }
  const theirs = read()
  expect(theirs).toHaveLength(environments.length)
  for (const [index, environment] of environments.entries()) {
    const transport = createTransport(resolveConfiguration({}, environment))
    await transport.json({ method: 'GET', path: 'experiments/get', query: { experiment_id: String(index) } })
    await transport.close()
  }
  const ours = read()
  for (const [index, environment] of environments.entries()) expect(ours[index], JSON.stringify({ ...environment, HOME: undefined })).toEqual(theirs[index])
}, 180_000)
