// Python with TensorBoard, MLflow, onnx, onnxruntime, pandas and DuckDB, for tests that read what we write with the tools that users read it with.
// Installed once into `.python/` (ignored by git) from requirements.txt, whose hashes pip checks.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const requirements = fileURLToPath(new URL('requirements.txt', import.meta.url))
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

/** @param {string} environment @returns {string | undefined} why it could not be installed */
function install(environment) {
  const python = systemPython()
  if (!python) return `no Python 3.11 or newer was found${process.env.ATTUNE_PYTHON ? ` at ATTUNE_PYTHON (${process.env.ATTUNE_PYTHON})` : ''}. ${REMEDY}`
  // Built beside and renamed: an interrupted installation is never taken for a whole one, and of two at once the first wins.
  const building = `${environment}.${process.pid}`
  process.stderr.write('Installing TensorBoard, MLflow, onnx, onnxruntime, pandas and DuckDB for the tests into .python/ (once, one or two minutes) …\n')
  try {
    rmSync(building, { recursive: true, force: true })
    mkdirSync(folder, { recursive: true })
    const venv = run(python, ['-m', 'venv', building])
    if (!venv.ok) return `\`${python} -m venv\` failed: ${venv.output.slice(-600)}\n${REMEDY}`
    const pip = run(interpreter(building), ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-input', '--only-binary=:all:', '--require-hashes', '-r', requirements])
    if (!pip.ok) return `pip could not install tools/python/requirements.txt: ${pip.output.slice(-1200)}`
    if (!existsSync(environment)) renameSync(building, environment)
    return undefined
  } finally {
    rmSync(building, { recursive: true, force: true })
  }
}

/** @type {PythonTools | undefined} */
let known

/**
 * The interpreter that has the packages of requirements.txt (installing them first where needed), or why there is none.
 * Always call it as `python -m …` or with a script: the environment is moved after its installation.
 * With `CI=true` nothing may be skipped, so a missing Python throws there.
 * @returns {PythonTools}
 */
export function ensurePython() {
  if (known) return known
  const name = `env-${createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12)}`
  const environment = join(folder, name)
  const python = interpreter(environment)
  const problem = existsSync(python) ? undefined : install(environment)
  known = problem === undefined ? { python } : { missing: `Python tools are missing: ${problem}` }
  if (known.missing !== undefined && process.env.CI === 'true') throw new Error(known.missing)
  return known
}
