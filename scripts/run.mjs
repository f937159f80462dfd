// What `npm start` and `npm test` call: installs what is missing, then runs the program on the workspace's own Node 24.
// Plain Node >= 20, no dependencies, no shell. When nothing has changed since the last call it neither asks a registry nor starts pnpm.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { PNPM_VERSION, pnpm, root } from './pnpm.mjs'

/** The inner programs, run from the repository root. */
const programs = {
  study: ['examples/src/mnist/main.ts'],
  check: ['scripts/check.mjs'],
  bench: ['benchmarks/src/bench.ts'],
  simulate: ['simulation/src/simulate.ts'],
  soak: ['simulation/src/soak/main.ts'],
}

/** Node from which on `npx` runs pnpm, `node:sqlite` needs no flag, and TypeScript files need none. */
const INSTALLING_NODE = '20.0'
const OLDEST_NODE = '22.13'
const TYPESCRIPT_NODE = '22.18'

/** A signal that reached only this process is handed on after this many milliseconds; one that reached the whole group has ended the program by then. */
const FORWARD_AFTER = 500

/** How often, in milliseconds, it is checked whether npm's shell is still there. */
const PARENT_CHECK = 100

function fail(message) {
  console.error(message)
  process.exit(1)
}

/** True when a version such as `v22.13.0` is at least `22.13`. */
function atLeast(version, oldest) {
  const [actual, needed] = [version.replace('v', ''), oldest].map((text) => text.split('.').map(Number))
  return actual[0] > needed[0] || (actual[0] === needed[0] && actual[1] >= needed[1])
}

function workspaceFolders() {
  const packages = readdirSync(join(root, 'packages'), { withFileTypes: true }).filter((entry) => entry.isDirectory())
  return ['.', 'examples', 'benchmarks', 'simulation', 'tools/api-reference', ...packages.map((entry) => join('packages', entry.name))].filter((folder) => existsSync(join(root, folder, 'package.json')))
}

/** Changes whenever an installation could come out differently. */
function fingerprint() {
  const hash = createHash('sha256').update(`${PNPM_VERSION} ${process.platform} ${process.arch}`)
  const files = ['pnpm-lock.yaml', 'pnpm-workspace.yaml', '.pnpmfile.mjs', ...workspaceFolders().map((folder) => join(folder, 'package.json'))]
  for (const file of files) hash.update(`\n${file}\n`).update(readFileSync(join(root, file)))
  return hash.digest('hex')
}

/** The Node that runs the workspace: the pinned one where npm has it for this platform, else the user's own. */
function chooseNode() {
  const pinned = join(root, 'node_modules', `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`, 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
  if (existsSync(pinned) && spawnSync(pinned, ['--version']).status === 0) return { path: pinned, version: JSON.parse(readFileSync(join(pinned, '..', '..', 'package.json'), 'utf8')).version }
  if (!atLeast(process.version, OLDEST_NODE)) {
    fail(`Attune needs Node.js ${OLDEST_NODE} or newer; this is ${process.version}, and npm has no pinned Node for ${process.platform}-${process.arch} to install instead.\nInstall a newer Node.js from https://nodejs.org and run the command again.`)
  }
  console.log(`Using your own Node.js ${process.version}: there is no pinned one for ${process.platform}-${process.arch}.`)
  return { path: process.execPath, version: process.version }
}

/** Installs the lockfile unless that was done already; returns the Node to run with. */
function install() {
  const marker = join(root, 'node_modules', '.attune-installed.json')
  const wanted = fingerprint()
  if (existsSync(marker)) {
    const found = JSON.parse(readFileSync(marker, 'utf8'))
    const whole = workspaceFolders().every((folder) => existsSync(join(root, folder, 'node_modules')))
    if (found.fingerprint === wanted && whole && existsSync(found.node.path)) return found.node
  }
  rmSync(marker, { force: true })
  console.log(`Installing the locked dependencies with pnpm ${PNPM_VERSION} into node_modules (the first time takes about a minute and 1.3 GB) …`)
  const result = pnpm(['install', '--frozen-lockfile'], { stdio: ['ignore', 'inherit', 'inherit'] })
  if (result.error) fail(`Could not start npx: ${result.error.message}\nnpm has to be installed together with Node.js.`)
  if (result.signal) process.exit(130)
  if (result.status !== 0) fail('The installation failed; what pnpm says stands above. Without a network, run it once with one. After a change to a package.json, run `node scripts/pnpm.mjs install`.')
  const node = chooseNode()
  writeFileSync(marker, JSON.stringify({ fingerprint: wanted, node }))
  console.log('Installed.\n')
  return node
}

/**
 * Runs the program, waits for its end and exits as it did.
 * - Ctrl-C at a terminal reaches the whole process group, the program included, so nothing is handed on.
 * - Without a terminal, a signal to this process alone cannot be told from one to the group: it is handed on after a while. A program
 *   that had it has usually ended by then, and should take a second one within a second for the same.
 * - The shell that npm puts between may die of a signal and leave us behind: a parent that is gone is an interrupt.
 */
function runProgram(node, args) {
  const flags = ['--conditions=attune-source', '--disable-warning=ExperimentalWarning']
  if (!atLeast(node.version, TYPESCRIPT_NODE)) flags.push('--experimental-strip-types')
  const path = [join(root, 'node_modules', '.bin'), process.env.PATH].join(delimiter)
  const child = spawn(node.path, [...flags, ...args], { cwd: root, stdio: 'inherit', env: { ...process.env, PATH: path } })
  const parent = process.ppid
  const terminal = [process.stdin, process.stdout, process.stderr].some((stream) => stream.isTTY)
  let signalled = false
  let waiting = false
  const forward = (signal) => {
    signalled = true
    if (waiting || (terminal && signal === 'SIGINT')) return
    waiting = true
    setTimeout(() => {
      waiting = false
      if (process.ppid === parent) child.kill(signal)
    }, FORWARD_AFTER)
  }
  process.on('SIGINT', forward).on('SIGTERM', forward)
  if (process.env.npm_lifecycle_event !== undefined) {
    setInterval(() => {
      if (signalled || process.ppid === parent) return
      signalled = true
      child.kill('SIGINT')
    }, PARENT_CHECK)
  }
  child.on('error', (error) => fail(`Could not start ${node.path}: ${error.message}`))
  child.on('close', (code, signal) => process.exit(code ?? { SIGINT: 130, SIGTERM: 143, SIGKILL: 137 }[signal] ?? 1))
}

const [name, ...rest] = process.argv.slice(2)
if (!Object.hasOwn(programs, name ?? '')) fail(`Usage: node scripts/run.mjs ${Object.keys(programs).join('|')} [arguments]`)
if (!atLeast(process.version, INSTALLING_NODE)) fail(`Attune needs Node.js ${INSTALLING_NODE} or newer to install itself; this is ${process.version}.`)
runProgram(install(), [...programs[name], ...rest])
