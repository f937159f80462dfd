// Real MLflow servers for tests and benchmarks: on a free loopback port, over SQLite, with artefacts through the server.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { ensurePython } from './ensure.mjs'

/**
 * @typedef {object} MlflowServerOptions
 * @property {string} [prefix] path under which everything is served, as in `/tracking`
 * @property {boolean} [auth] basic authentication, with the user `admin`
 * @property {string} [folder] database and artefacts; a new one, deleted at the end, unless it is given
 * @property {number} [port] a free one unless it is given
 * @property {number} [workers] processes that answer, 1 by default
 */

/**
 * @typedef {object} MlflowServer
 * @property {string} url the tracking URI, prefix included
 * @property {string} username of the administrator
 * @property {string} password
 * @property {string} folder
 * @property {number} port
 * @property {() => Promise<void>} kill ends it at once, as a crash does, and keeps its folder
 * @property {() => Promise<void>} stop ends it and deletes a folder of its own
 */

/** Why there is no MLflow here, or undefined. */
export const missingMlflow = ensurePython().missing

/** For a POSIX shell: a program and its group end when it does, or when the process at the other end of standard input does, killed or not. */
const untilNobodyWaits = '("$@"; kill -KILL 0) </dev/null & cat >/dev/null; kill -KILL 0'

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  await new Promise((resolve) => void server.close(() => resolve(undefined)))
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

/** @param {MlflowServerOptions} [options] @returns {Promise<MlflowServer>} once it answers */
export async function startMlflow(options = {}) {
  const { python, missing } = ensurePython()
  if (python === undefined) throw new Error(missing)
  const { prefix = '', auth = false, workers = 1 } = options
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'attune-mlflow-')))
  const port = options.port ?? (await freePort())
  const username = 'admin'
  const password = 'correct horse battery'
  /** @type {Record<string, string>} */
  const variables = { MLFLOW_SERVER_ENABLE_JOB_EXECUTION: 'false', MLFLOW_DISABLE_TELEMETRY: 'true', GIT_PYTHON_REFRESH: 'quiet' }
  if (auth) {
    const config = join(folder, 'auth.ini')
    await writeFile(config, `[mlflow]\ndefault_permission = READ\ndatabase_uri = sqlite:///${join(folder, 'auth.db')}\nadmin_username = ${username}\nauthorization_function = mlflow.server.auth:authenticate_request_basic_auth\n`)
    Object.assign(variables, { MLFLOW_FLASK_SERVER_SECRET_KEY: 'a key of the tests', MLFLOW_AUTH_ADMIN_PASSWORD: password, MLFLOW_AUTH_CONFIG_PATH: config })
  }
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('MLFLOW_')))
  const args = ['-m', 'mlflow', 'server', '--host', '127.0.0.1', '--port', String(port), '--workers', String(workers), '--backend-store-uri', `sqlite:///${join(folder, 'mlflow.db')}`, '--artifacts-destination', join(folder, 'artifacts')]
  if (prefix !== '') args.push('--static-prefix', prefix)
  if (auth) args.push('--app-name', 'basic-auth')
  // A group of its own: the server starts workers, which are to end with it.
  const windows = process.platform === 'win32'
  const child = spawn(windows ? python : 'sh', windows ? args : ['-c', untilNobodyWaits, 'sh', python, ...args], { cwd: folder, env: { ...inherited, ...variables }, detached: !windows, stdio: ['pipe', 'pipe', 'pipe'] })
  child.stdin.on('error', () => undefined) // Nobody reads it.
  let log = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (log = (log + text).slice(-20_000)))
  const ended = once(child, 'exit')
  ended.catch(() => undefined)

  /** @param {NodeJS.Signals} name */
  const signal = (name) => {
    try {
      if (process.platform === 'win32') child.kill(name)
      else process.kill(-(child.pid ?? 0), name)
    } catch {
      // The group has ended.
    }
  }
  const killOnExit = () => signal('SIGKILL')
  process.once('exit', killOnExit)
  const url = `http://127.0.0.1:${port}${prefix}`

  for (let attempt = 0; ; attempt++) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`MLflow ended:\n${log}`)
    try {
      if ((await fetch(`${url}/health`)).ok) break
    } catch {
      // It does not listen yet.
    }
    if (attempt === 1200) {
      signal('SIGKILL')
      throw new Error(`MLflow was not ready after two minutes:\n${log}`)
    }
    await delay(100)
  }
  const end = async (/** @type {NodeJS.Signals} */ name) => {
    signal(name)
    if (child.exitCode === null && child.signalCode === null) await ended
    signal('SIGKILL') // Workers that have outlived it.
    process.off('exit', killOnExit)
  }
  return {
    url,
    username,
    password,
    folder,
    port,
    kill: () => end('SIGKILL'),
    stop: async () => {
      await end('SIGKILL')
      if (options.folder === undefined) await rm(folder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}
