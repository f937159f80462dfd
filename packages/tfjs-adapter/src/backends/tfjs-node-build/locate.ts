import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { Problem } from './problem.ts'

/** A TensorFlow that pip installed: the folder with `include/` and the libraries. */
export interface TensorFlowLibrary {
  readonly folder: string
  /** File names, as in `libtensorflow_cc.so.2`. */
  readonly libraries: readonly string[]
}

const LIBRARIES = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'] as const
const HEADER = join('include', 'tensorflow', 'c', 'c_api.h')
const INSTALL = 'Install one: python3 -m venv tensorflow && tensorflow/bin/pip install tensorflow-cpu (for NVIDIA cards "tensorflow[and-cuda]"), then pass --tensorflow tensorflow/bin/python.'

/** Finds TensorFlow by a Python that has it, or by a folder: site-packages, or `tensorflow` in it. */
export function findTensorFlow(pythonOrFolder: string): TensorFlowLibrary {
  const folder = isFolder(pythonOrFolder) ? folderIn(resolve(pythonOrFolder)) : folderOf(pythonOrFolder)
  const lacking = [...LIBRARIES, HEADER].filter((file) => !existsSync(join(folder, file)))
  if (lacking.length > 0) throw new Problem(`${folder} lacks ${lacking.join(', ')}.`, `The TensorFlow of PyPI for Linux has them. ${INSTALL}`)
  return { folder, libraries: LIBRARIES }
}

function folderIn(folder: string): string {
  return existsSync(join(folder, 'tensorflow', LIBRARIES[0])) ? join(folder, 'tensorflow') : folder
}

/** Asks a Python, without importing TensorFlow, which takes seconds. Not of the folder where it runs: a `tensorflow` there is the virtual environment. */
function folderOf(python: string): string {
  const program = 'import sys, importlib.util as u; sys.path = [p for p in sys.path if p]; s = u.find_spec("tensorflow"); print(s.submodule_search_locations[0] if s else "")'
  const answer = spawnSync(python, ['-c', program], { encoding: 'utf8' })
  if (answer.error !== undefined || answer.status !== 0) throw new Problem(`--tensorflow names neither a folder nor a Python that runs: ${python}${answer.error === undefined ? '' : ` (${answer.error.message})`}.`, INSTALL)
  const folder = answer.stdout.trim()
  if (folder === '') throw new Problem(`The Python ${python} has no TensorFlow.`, INSTALL)
  return folder
}

/** Finds the folder with `node_api.h`: named, of the Node that runs, of the system, or of the package node-api-headers. */
export function findNodeHeaders(named: string | undefined, from: string): string {
  const candidates = named === undefined ? [join(dirname(dirname(process.execPath)), 'include', 'node'), '/usr/include/node', ...headersPackage(from)] : [resolve(named), join(resolve(named), 'include', 'node')]
  const found = candidates.find((folder) => existsSync(join(folder, 'node_api.h')))
  if (found === undefined) throw new Problem(`There is no node_api.h in ${candidates.join(', ')}.`, 'Install the headers, which are the same for every version of Node (npm install --no-save node-api-headers), or name their folder with --node-headers.')
  return found
}

function headersPackage(from: string): string[] {
  const folder = packageFolder('node-api-headers', from)
  return folder === undefined ? [] : [join(folder, 'include')]
}

/** tfjs-node as npm installed it, its install script run or not. */
export interface TfjsNodePackage {
  readonly name: string
  readonly folder: string
  readonly version: string
  /** Where it looks for its binding. */
  readonly binding: string
}

export function findTfjsNode(name: string, from: string): TfjsNodePackage {
  const folder = packageFolder(name, from)
  if (folder === undefined) throw new Problem(`${name} is not installed in ${from}, nor above it.`, `Install it without its install script, which would download an old library: npm install --ignore-scripts ${name}@4.22.0`)
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string }
  if (!existsSync(join(folder, 'binding', 'tfjs_binding.cc'))) throw new Problem(`${folder} has no sources of the binding.`, `Install it again: npm install --ignore-scripts ${name}@4.22.0`)
  return { name, folder, version, binding: join(folder, 'lib', 'napi-v8', 'tfjs_binding.node') }
}

/** As Node looks for packages: in `node_modules` of a folder, then of those above it. */
function packageFolder(name: string, from: string): string | undefined {
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', name)
    if (existsSync(join(candidate, 'package.json'))) return candidate
    if (folder === dirname(folder)) return undefined
  }
}

/** The C++ compiler: CXX, or g++. */
export function findCompiler(named: string | undefined): string {
  const compiler = named ?? 'g++'
  const answer = spawnSync(compiler, ['--version'], { encoding: 'utf8' })
  if (answer.error !== undefined || answer.status !== 0) throw new Problem(`The C++ compiler ${compiler} does not run${answer.error === undefined ? '' : ` (${answer.error.message})`}.`, 'Install one (Debian and Ubuntu: apt-get install -y g++), or name one with --compiler.')
  return compiler
}

function isFolder(path: string): boolean {
  return existsSync(path) && statSync(path).isDirectory()
}
