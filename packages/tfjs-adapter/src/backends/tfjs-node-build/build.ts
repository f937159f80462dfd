import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, realpathSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { findCompiler, findNodeHeaders, findTensorFlow, findTfjsNode, type TfjsNodePackage } from './locate.ts'
import { Problem } from './problem.ts'

export interface BuildOptions {
  /** A Python that has TensorFlow, or a folder: site-packages, or `tensorflow` in it. */
  readonly tensorflow: string
  /** `@tensorflow/tfjs-node` or `@tensorflow/tfjs-node-gpu`. */
  readonly packageName: string
  /** The folder whose node_modules have it. */
  readonly from: string
  readonly nodeHeaders?: string | undefined
  readonly compiler?: string | undefined
  /** Leaves a binding to that TensorFlow, which loads, as it is. */
  readonly ifMissing: boolean
  readonly say: (line: string) => void
}

/** What a binding that loads says of itself. */
export interface BindingInfo {
  readonly tensorflow: string
  readonly gpu: boolean
}

/**
 * Builds the binding of tfjs-node against a TensorFlow that pip installed, and loads it. An existing binding is replaced only by one that loads.
 * @throws Problem with what to do
 */
export function buildBinding(options: BuildOptions): BindingInfo {
  const { say } = options
  if (process.platform !== 'linux') throw new Problem(`This builds on Linux only, not on ${process.platform}.`, 'On Windows use WSL 2. On macOS, and on Windows itself, the published package brings an older TensorFlow: npm install @tensorflow/tfjs-node.')
  const target = findTfjsNode(options.packageName, options.from)
  say(`package     ${target.name} ${target.version} in ${target.folder}`)
  const { folder, libraries } = findTensorFlow(options.tensorflow)
  say(`TensorFlow  ${folder}`)
  const rpath = realpathSync(folder)
  if (options.ifMissing && existsSync(target.binding) && readFileSync(target.binding).includes(rpath)) {
    const present = load(target, target.binding)
    if (typeof present !== 'string') return describe(say, present)
    say(`the binding that is there does not load (${present})`)
  }
  const headers = findNodeHeaders(options.nodeHeaders, options.from)
  say(`headers     ${headers}`)
  const compiler = findCompiler(options.compiler)
  say(`compiler    ${compiler}`)

  mkdirSync(dirname(target.binding), { recursive: true })
  const building = `${target.binding}.${process.pid}.node`
  const sources = ['tfjs_backend.cc', 'tfjs_binding.cc'].map((file) => join(target.folder, 'binding', file))
  const flags = ['-O2', '-std=c++17', '-shared', '-fPIC', '-DNAPI_VERSION=8', `-I${headers}`, `-I${join(rpath, 'include')}`, `-I${join(target.folder, 'binding')}`]
  const linking = ['-o', building, `-L${rpath}`, ...libraries.map((library) => `-l:${library}`), `-Wl,-rpath,${rpath}`]
  try {
    say('compiling, about ten seconds …')
    const compiled = spawnSync(compiler, [...flags, ...sources, ...linking], { encoding: 'utf8' })
    if (compiled.status !== 0) throw new Problem(`The compiler failed:\n${`${compiled.stdout}${compiled.stderr}${compiled.error?.message ?? ''}`.trim().slice(-3000)}`, 'If a header is missing, name the Node headers with --node-headers; if C++17 is not understood, a newer compiler with --compiler (g++ 9 or newer).')
    const built = load(target, building)
    if (typeof built === 'string') throw new Problem(`The binding was built and does not load: ${built}`, 'A library of another version may be found first: unset LD_LIBRARY_PATH and LD_PRELOAD. TensorFlow needs a processor with AVX.')
    renameSync(building, target.binding)
    say(`installed   ${target.binding}`)
    return describe(say, built)
  } finally {
    rmSync(building, { force: true })
  }
}

function describe(say: (line: string) => void, info: BindingInfo): BindingInfo {
  say(`it loads    TensorFlow ${info.tensorflow}, ${info.gpu ? 'with a GPU' : 'on the processor (it sees no GPU)'}`)
  return info
}

/** Loads the binding in a process of its own: a library that fails may take its process with it. Answers with the reason where it does not load. */
function load({ folder }: TfjsNodePackage, binding: string): BindingInfo | string {
  const program = `
    const path = ${JSON.stringify(binding)}
    const binding = require(path)
    process.stdout.write('attune:' + JSON.stringify({ tensorflow: binding.TF_Version, gpu: binding.isUsingGpuDevice() }))`
  const child = spawnSync(process.execPath, ['-e', program], { cwd: folder, encoding: 'utf8', env: { TF_CPP_MIN_LOG_LEVEL: '2', ...process.env } })
  const answer = /attune:(\{.*\})/.exec(child.stdout ?? '')?.[1]
  if (answer !== undefined && child.status === 0) return JSON.parse(answer) as BindingInfo
  return child.signal === null ? firstLine(/Error: .*/.exec(child.stderr)?.[0] ?? (child.stderr || `exit code ${child.status}`)) : `it was ended by ${child.signal}`
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? ''
}
