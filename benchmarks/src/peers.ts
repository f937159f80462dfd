import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { benchmarksFolder } from './problems/load.ts'

const peersFolder = join(benchmarksFolder, 'peers')
const windows = process.platform === 'win32'

/**
 * Runs one of the scripts in peers/ and answers the JSON that it prints. What it needs is installed first, once, from
 * a file of requirements in peers/ into benchmarks/.peers, which git ignores; `ATTUNE_PYTHON` names another Python 3.11 or newer.
 */
export function runPeer(script: string, args: readonly string[], requirementsFile = 'requirements.txt'): unknown {
  const output = execFileSync(peerPython(requirementsFile), [join(peersFolder, script), ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 2 ** 28, env: oneThread() })
  return JSON.parse(output) as unknown
}

/** Runs one of the scripts in peers/ with its output on ours. */
export function showPeer(script: string, args: readonly string[], requirementsFile: string): void {
  execFileSync(peerPython(requirementsFile), [join(peersFolder, script), ...args], { stdio: ['ignore', 'inherit', 'inherit'], env: oneThread() })
}

/** Everybody computes on one thread: ours does, too. */
function oneThread(): NodeJS.ProcessEnv {
  return { ...process.env, OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1', MKL_NUM_THREADS: '1' }
}

/** The Python of an environment that has what a file of requirements in peers/ lists; it is made when it is not there yet. */
export function peerPython(requirementsFile = 'requirements.txt'): string {
  const requirements = join(peersFolder, requirementsFile)
  // A package whose own requirements cannot be resolved stands in a second file, and is installed without them.
  const withoutDependencies = requirements.replace(/\.txt$/, '.no-dependencies.txt')
  const files = [requirements, withoutDependencies].filter(existsSync)
  const hash = createHash('sha256')
  for (const file of files) hash.update(readFileSync(file))
  const name = hash.digest('hex').slice(0, 12)
  const environment = join(benchmarksFolder, '.peers', name)
  const python = windows ? join(environment, 'Scripts', 'python.exe') : join(environment, 'bin', 'python')
  if (existsSync(join(environment, 'complete'))) return python
  const base = [process.env['ATTUNE_PYTHON'], 'python3', 'python'].find((one) => one !== undefined && spawnSync(one, ['-c', 'import sys; sys.exit(sys.version_info < (3, 11))']).status === 0)
  if (base === undefined) throw new Error('No Python 3.11 or newer was found for the peers: install it with venv, or name one in ATTUNE_PYTHON.')
  console.error('Installing the peers into benchmarks/.peers (once) …')
  execFileSync(base, ['-m', 'venv', '--clear', environment], { stdio: 'inherit' })
  execFileSync(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements], { stdio: 'inherit' })
  if (files.includes(withoutDependencies)) execFileSync(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps', '-r', withoutDependencies], { stdio: 'inherit' })
  execFileSync(python, ['-c', `open(${JSON.stringify(join(environment, 'complete'))}, 'w')`])
  return python
}
