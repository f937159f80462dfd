// Python with TensorBoard, MLflow, onnx, onnxruntime, pandas and DuckDB, for tests that read what we write with the tools that users read it with.
// And, apart, TensorFlow. Installed once into `.python/` (ignored by git) from requirements*.txt, whose hashes pip checks.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = fileURLToPath(new URL('.', import.meta.url))
const folder = fileURLToPath(new URL('../../.python', import.meta.url))
const windows = process.platform === 'win32'
const REMEDY = 'Install Python 3.11 or newer with venv (Debian: apt-get install -y python3-venv), or name one in ATTUNE_PYTHON.'

/** @typedef {{ readonly python: string, readonly missing?: undefined } | { readonly python?: undefined, readonly missing: string }} PythonTools */

/** @param {string} command @param {readonly string[]} args */
function run(command, args) {
  const result = spawnSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  return { ok: result.status === 0, output: `${result.stdout ?? ''}${result.stderr ?? ''}${result.error ? result.error.message : ''}`.trim() }
}

function systemPython() {
  const named = process.env.ATTUNE_PYTHON
  const candidates = named ? [named] : windows ? ['python', 'py'] : ['python3', 'python']
  return candidates.find((name) => run(name, ['-c', 'import sys; sys.exit(sys.version_info < (3, 11))']).ok)
}

/** @param {string} environment */
const interpreter = (environment) => (windows ? join(environment, 'Scripts', 'python.exe') : join(environment, 'bin', 'python'))

/**
 * @typedef {object} Environment
 * @property {string} file the requirements, in this folder, complete and with hashes
 * @property {string} prefix of its folder in .python
 * @property {string} packages what to say is being installed
 * @property {readonly string[]} [pip] further options
 */

/** Removes what installations left that were killed. @param {string} environment */
function sweep(environment) {
  for (const name of readdirSync(folder)) {
    const pid = /\.(\d+)$/.exec(name)?.[1]
    if (pid === undefined || join(folder, name) !== `${environment}.${pid}`) continue
    try {
      process.kill(Number(pid), 0)
    } catch (error) {
      if (/** @type {{ code?: string }} */ (error).code === 'ESRCH') rmSync(join(folder, name), { recursive: true, force: true })
    }
  }
}

/** @param {string} output of pip @returns {string} its errors, without the attempts before them */
function errorsOf(output) {
  const errors = output.split('\n').filter((line) => line.startsWith('ERROR: '))
  return errors.length > 0 ? errors.join(' ').slice(0, 600) : output.slice(-600)
}

/** @param {Environment} wanted @param {string} environment @returns {string | undefined} why it could not be installed */
function install({ file, packages, pip: options = [] }, environment) {
  const python = systemPython()
  if (!python) return `no Python 3.11 or newer was found${process.env.ATTUNE_PYTHON ? ` at ATTUNE_PYTHON (${process.env.ATTUNE_PYTHON})` : ''}. ${REMEDY}`
  // Built beside and renamed: an interrupted installation is never taken for a whole one, and of two at once the first wins.
  const building = `${environment}.${process.pid}`
  process.stderr.write(`Installing ${packages} for the tests into .python/ (once, one or two minutes) …\n`)
  try {
    mkdirSync(folder, { recursive: true })
    sweep(environment)
    rmSync(building, { recursive: true, force: true })
    const venv = run(python, ['-m', 'venv', building])
    if (!venv.ok) return `\`${python} -m venv\` failed: ${venv.output.slice(-600)}\n${REMEDY}`
    const pip = run(interpreter(building), ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-input', '--only-binary=:all:', '--require-hashes', ...options, '-r', join(here, file)])
    if (!pip.ok) return `pip could not install tools/python/${file}: ${errorsOf(pip.output)}`
    if (!existsSync(environment)) renameSync(building, environment)
    return undefined
  } finally {
    rmSync(building, { recursive: true, force: true })
  }
}

/** @type {Map<string, PythonTools>} */
const known = new Map()

/** @param {Environment} wanted @returns {PythonTools} */
function ensure(wanted) {
  const name = `${wanted.prefix}-${createHash('sha256').update(readFileSync(join(here, wanted.file))).digest('hex').slice(0, 12)}`
  const environment = join(folder, name)
  const python = interpreter(environment)
  // What failed is not tried again by the processes that this one starts: without a network each try takes a quarter of a minute.
  const variable = `ATTUNE_MISSING_${wanted.prefix.toUpperCase()}`
  const problem = existsSync(python) ? undefined : (process.env[variable] ?? install(wanted, environment))
  if (problem !== undefined) process.env[variable] = problem
  const tools = problem === undefined ? { python } : { missing: `Python tools are missing: ${problem}` }
  known.set(wanted.file, tools)
  return tools
}

/** @param {Environment} wanted @returns {PythonTools} */
function demand(wanted) {
  const tools = known.get(wanted.file) ?? ensure(wanted)
  if (tools.missing !== undefined && process.env.CI === 'true') throw new Error(tools.missing)
  return tools
}

/**
 * The interpreter that has the packages of requirements.txt (installing them first where needed), or why there is none.
 * Always call it as `python -m …` or with a script: the environment is moved after its installation.
 * With `CI=true` nothing may be skipped, so a missing Python throws there.
 * @returns {PythonTools}
 */
export function ensurePython() {
  return demand({ file: 'requirements.txt', prefix: 'env', packages: 'TensorBoard, MLflow, onnx, onnxruntime, pandas and DuckDB' })
}

/**
 * The same for TensorFlow with its C++ library, and for the converter of models to and from TensorFlow.js, without what that needs for
 * other purposes; 1.6 GB. Only for Linux on x64.
 * @returns {PythonTools}
 */
export function ensureTensorFlow() {
  if (process.platform !== 'linux' || process.arch !== 'x64') return { missing: `TensorFlow is installed for the tests on Linux x64 only, not on ${process.platform} ${process.arch}.` }
  return demand({ file: 'requirements-tensorflow.txt', prefix: 'tensorflow', packages: 'TensorFlow', pip: ['--no-deps'] })
}
