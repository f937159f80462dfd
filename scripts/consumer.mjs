// What a stranger does after `npm install`: an empty project outside the workspace, our tarballs installed by npm, a study with a sampler
// of their own, compiled under strict settings and run by plain Node, and the command line on what it leaves.
import { equal } from 'node:assert/strict'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { publicPackages } from './pack.mjs'
import { npm, root } from './pnpm.mjs'
import { runNode, tool } from './processes.mjs'

/** Stricter than any of our own settings: declarations of ours and of our dependencies are checked as well. */
const compilerOptions = {
  target: 'es2024',
  lib: ['es2024', 'esnext.disposable', 'dom'],
  module: 'nodenext',
  types: ['node'],
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  verbatimModuleSyntax: true,
  skipLibCheck: false,
  outDir: 'out',
}

/**
 * @param {string} folder below scripts/consumer that holds study.ts
 * @param {readonly string[]} names of our packages; their own packages of ours are installed beside them
 * @param {(project: string) => void} [afterwards] looks at what the program leaves
 */
async function consume(folder, names, afterwards = () => undefined) {
  const project = mkdtempSync(join(tmpdir(), 'attune consumer '))
  try {
    const tarballs = publicPackages().filter(({ name }) => names.includes(name))
    if (tarballs.length !== names.length) throw new Error(`Not all of ${names.join(', ')} are packages of the workspace.`)
    const dependencies = Object.fromEntries(tarballs.map(({ name, tarball }) => [name, `file:${tarball}`]))
    const nodeTypes = JSON.parse(readFileSync(join(root, 'node_modules', '@types', 'node', 'package.json'), 'utf8'))
    writeFileSync(join(project, 'package.json'), JSON.stringify({ private: true, type: 'module', dependencies, devDependencies: { '@types/node': nodeTypes.version } }))
    writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }))
    cpSync(join(root, 'scripts', 'consumer', folder), project, { recursive: true })
    const installed = npm(['install', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: project, stdio: ['ignore', 'inherit', 'inherit'] })
    if (installed.status !== 0) throw new Error(`npm install failed in ${project}.`)
    // Nothing of this workspace may help: neither its settings for Node nor its folders on the path.
    const options = { cwd: project, env: { ...process.env, NODE_OPTIONS: '', PATH: dirname(process.execPath) } }
    const compiled = await runNode(tool('typescript'), ['-p', project], options)
    if (compiled.code !== 0 || (await runNode(join(project, 'out', 'study.js'), [], options)).code !== 0) return false
    afterwards(project)
    return true
  } finally {
    rmSync(project, { recursive: true, force: true })
  }
}

/** What `npx attune …` prints, in the project of a stranger. */
function attune(project, ...args) {
  const env = { ...process.env, NODE_OPTIONS: '', PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH ?? ''}`, ATTUNE_STORAGE: 'consumer.db' }
  const { status, stdout } = npm(['exec', '--offline', '--loglevel=error', '--', 'attune', ...args], { cwd: project, env, stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8' })
  if (status !== 0) throw new Error(`attune ${args.join(' ')} ended with ${status}: ${stdout}`)
  return stdout
}

/** The study that the program made, seen and gone on with by the command. */
function commandLine(project) {
  equal(JSON.parse(attune(project, 'studies', '--json')).studies[0].counts.complete, 20)
  const worked = JSON.parse(attune(project, 'worker', '--study', 'consumer', '--trainer', './out/train.js#trainer', '--trials', '25', '--quiet', '--json'))
  equal(worked.ended.complete + worked.ended.pruned, 5)
  console.log(attune(project, 'show', 'consumer'))
}

export const consumers = [
  {
    name: 'a study with a custom sampler, on attune, and its command line',
    run: () => consume('attune', ['attune', '@attune/core', '@attune/samplers', '@attune/pruners', '@attune/storage', '@attune/node', '@attune/report', '@attune/cli'], commandLine),
  },
  {
    name: 'a study with a custom sampler, on @attune/core and one adapter alone',
    run: () => consume('core-and-adapter', ['@attune/core', '@attune/tensorboard-logger']),
  },
  {
    name: 'the clients and loggers of trackers, without attune',
    run: () => consume('trackers', ['@attune/core', '@attune/report', '@attune/onnx-format', '@attune/mlflow-logger', '@attune/tensorboard-logger', '@attune/opentelemetry-logger']),
  },
]
