import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ensureTensorFlow } from '../../../../../tools/python/ensure.mjs'
import { ensureTfjsNode } from '../../../../../tools/tfjs-node.mjs'
import { runTfjsNodeBuild } from './command-line.ts'

const adapter = join(import.meta.dirname, '../../..')
const installed = realpathSync(join(adapter, 'node_modules/@tensorflow/tfjs-node'))
const { missing } = ensureTfjsNode()
const { python } = ensureTensorFlow()

let project: string
let before: string
beforeEach(() => {
  before = process.cwd()
  project = mkdtempSync(join(tmpdir(), 'attune-tfjs-node-'))
  process.chdir(project)
})
afterEach(() => {
  process.chdir(before)
  rmSync(project, { recursive: true, force: true })
})

function attempt(...args: readonly string[]): { readonly code: number; readonly said: string; readonly complaint: string } {
  const [said, complaint]: [string[], string[]] = [[], []]
  const code = runTfjsNodeBuild(args, (text) => said.push(text), (text) => complaint.push(text))
  return { code, said: said.join(''), complaint: complaint.join('') }
}

/** A project that has installed tfjs-node without its install script. */
function installPackage(): string {
  const folder = join(project, 'node_modules/@tensorflow/tfjs-node')
  for (const part of ['package.json', 'binding']) cpSync(join(installed, part), join(folder, part), { recursive: true })
  return folder
}

/** A folder that looks like a TensorFlow. */
function pretendTensorFlow(): string {
  const folder = join(project, 'site-packages/tensorflow')
  for (const file of ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2', 'include/tensorflow/c/c_api.h']) {
    mkdirSync(join(folder, file, '..'), { recursive: true })
    writeFileSync(join(folder, file), '')
  }
  return join(project, 'site-packages')
}

function script(name: string, text: string): string {
  const path = join(project, name)
  writeFileSync(path, `#!/bin/sh\n${text}\n`)
  chmodSync(path, 0o755)
  return path
}

test('the help shows every option, and wrong arguments show the help', () => {
  expect(attempt('--help')).toMatchObject({ code: 0, said: expect.stringMatching(/--tensorflow[^]*--package[^]*--node-headers[^]*--compiler[^]*--if-missing/) as string })
  expect(attempt('--tensorflwo', 'x')).toMatchObject({ code: 2, complaint: expect.stringMatching(/'--tensorflwo'[^]*npx attune-tfjs-node --tensorflow/) as string })
})

describe.skipIf(process.platform !== 'linux')(`what is missing is named with its remedy${process.platform === 'linux' ? '' : ' (skipped: the recipe is for Linux)'}`, () => {
  test('the package', () => {
    expect(attempt()).toMatchObject({ code: 1, complaint: expect.stringMatching(/@tensorflow\/tfjs-node is not installed in .*\nInstall it without its install script.*npm install --ignore-scripts @tensorflow\/tfjs-node@4\.22\.0/) as string })
  })

  test.each([
    ['a Python that is not there', () => '/nonexistent/python', /neither a folder nor a Python that runs: \/nonexistent\/python/],
    ['a Python without TensorFlow', () => script('python', 'echo'), /has no TensorFlow\.\n.*pip install tensorflow-cpu/],
    ['a folder without TensorFlow', () => project, /lacks libtensorflow_cc\.so\.2, libtensorflow_framework\.so\.2, include/],
  ])('TensorFlow: %s', (_name, place, complaint) => {
    installPackage()
    expect(attempt('--tensorflow', place())).toMatchObject({ code: 1, complaint: expect.stringMatching(complaint) as string })
  })

  test.skipIf(python === undefined)(`TensorFlow: a Python without it, beside a folder of that name${python === undefined ? ` (skipped: ${missing})` : ''}`, () => {
    installPackage()
    mkdirSync(join(project, 'tensorflow'))
    const bare = script('python', `exec '${python}' -S "$@"`)
    expect(attempt('--tensorflow', bare)).toMatchObject({ code: 1, complaint: expect.stringContaining(`The Python ${bare} has no TensorFlow.`) as string })
  })

  test('the headers of Node', () => {
    installPackage()
    expect(attempt('--tensorflow', pretendTensorFlow(), '--node-headers', project)).toMatchObject({ code: 1, complaint: expect.stringMatching(/no node_api\.h in .*\n.*npm install --no-save node-api-headers/) as string })
  })

  test('the compiler', () => {
    installPackage()
    expect(attempt('--tensorflow', pretendTensorFlow(), '--compiler', 'no-such-compiler')).toMatchObject({ code: 1, complaint: expect.stringMatching(/compiler no-such-compiler does not run.*\n.*apt-get install -y g\+\+/) as string })
  })

  test('what the compiler says', () => {
    installPackage()
    const compiler = script('compiler', '[ "$1" = --version ] || { echo "fatal error: nothing works" >&2; exit 1; }')
    expect(attempt('--tensorflow', pretendTensorFlow(), '--compiler', compiler)).toMatchObject({ code: 1, complaint: expect.stringMatching(/fatal error: nothing works\n.*--node-headers/) as string })
  })

  test('a binding that does not load is not installed, and one that is there is kept', () => {
    const folder = installPackage()
    const binding = join(folder, 'lib/napi-v8/tfjs_binding.node')
    mkdirSync(join(binding, '..'), { recursive: true })
    writeFileSync(binding, 'the old one')
    const compiler = script('compiler', 'while [ $# -gt 0 ]; do [ "$1" = -o ] && echo nonsense >"$2"; shift; done')
    expect(attempt('--tensorflow', pretendTensorFlow(), '--compiler', compiler)).toMatchObject({ code: 1, complaint: expect.stringMatching(/was built and does not load: Error: .*\n.*LD_LIBRARY_PATH/) as string })
    expect(readFileSync(binding, 'utf8')).toBe('the old one')
    expect(spawnSync('ls', [join(binding, '..')], { encoding: 'utf8' }).stdout).toBe('tfjs_binding.node\n')
  })
})

test.skipIf(missing !== undefined)(`the binding of the workspace is kept where it loads, and another TensorFlow would be built for${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  process.chdir(adapter)
  const binding = join(installed, 'lib/napi-v8/tfjs_binding.node')
  const built = statSync(binding).mtimeMs
  const kept = attempt('--tensorflow', python ?? '', '--if-missing')
  expect(kept).toMatchObject({ code: 0, complaint: '' })
  expect(kept.said).toMatch(/it loads {4}TensorFlow 2\.21\.0, on the processor/)
  expect(statSync(binding).mtimeMs).toBe(built)
  // The pretended one is not what the binding was built against, so the compiler is asked.
  expect(attempt('--tensorflow', pretendTensorFlow(), '--if-missing', '--compiler', 'no-such-compiler').complaint).toContain('no-such-compiler')
  expect(existsSync(binding)).toBe(true)
})
