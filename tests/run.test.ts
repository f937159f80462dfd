// The script behind `npm start` and `npm test`, run as npm runs it, in a small repository with a space in its path.
// Only pnpm is replaced, by a program that writes down how it was called: the real installation is what CI begins with.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
let home: string

/** Prints what it was given and each SIGINT; ends itself a while after the first, so that a second one would be seen. */
const PROGRAM = `
if (process.argv.includes('wait')) {
  const alive = setInterval(() => {}, 1000)
  process.on('SIGINT', () => {
    console.log('interrupted')
    setTimeout(() => { clearInterval(alive); process.exitCode = 130 }, process.argv.includes('slowly') ? 1500 : 100)
  })
} else process.exitCode = Number(process.argv[2] ?? 0)
console.log('started ' + JSON.stringify(process.argv.slice(2)))
`

/** Stands for npx: writes its arguments down, and lays what an installation would have laid. */
const FAKE_NPX = `#!/usr/bin/env node
const { appendFileSync, mkdirSync } = require('node:fs')
appendFileSync('npx.log', process.argv.slice(2).join(' ') + '\\n')
if (process.env.FAKE_INSTALL_FAILS) process.exit(7)
for (const folder of ['.', 'examples', 'benchmarks', 'packages/core']) mkdirSync(folder + '/node_modules', { recursive: true })
`

function write(path: string, text: string): void {
  mkdirSync(join(home, path, '..'), { recursive: true })
  writeFileSync(join(home, path), text)
}

function start(args: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
  const { npm_execpath: _npm, ...rest } = process.env
  // A process group of its own, as a shell gives each command: a signal can then be sent to all of it, or to the script alone.
  return spawn(process.execPath, [join(home, 'scripts/run.mjs'), ...args], {
    cwd: tmpdir(),
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...rest, CI: 'true', PATH: [join(home, 'bin'), process.env.PATH].join(delimiter), ...env },
  })
}

async function finish(child: ChildProcess): Promise<{ readonly code: number | null; readonly output: string }> {
  let output = ''
  child.stdout?.on('data', (bytes) => (output += String(bytes)))
  child.stderr?.on('data', (bytes) => (output += String(bytes)))
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, output }
}

const hasStarted = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    let seen = ''
    child.stdout?.on('data', (bytes) => {
      seen += String(bytes)
      if (seen.includes('started')) resolve()
    })
  })

const run = (args: readonly string[], env?: NodeJS.ProcessEnv) => finish(start(args, env))
const installations = () => (existsSync(join(home, 'npx.log')) ? readFileSync(join(home, 'npx.log'), 'utf8').trim().split('\n').length : 0)

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'attune run '))
  for (const path of ['scripts/run.mjs', 'scripts/pnpm.mjs']) cpSync(join(root, path), join(home, path))
  for (const folder of ['.', 'examples', 'benchmarks', 'packages/core']) write(`${folder}/package.json`, '{ "type": "module" }')
  for (const file of ['pnpm-lock.yaml', 'pnpm-workspace.yaml', '.pnpmfile.mjs']) write(file, '')
  write('examples/src/mnist/main.ts', PROGRAM)
  write('bin/npx', FAKE_NPX)
  write('bin/package.json', '{ "type": "commonjs" }')
  chmodSync(join(home, 'bin/npx'), 0o755)
})

afterEach(() => rmSync(home, { recursive: true, force: true }))

describe.skipIf(process.platform === 'win32')('scripts/run.mjs (not on Windows: the tests speak to a POSIX shell)', () => {
  test('installs from the lockfile and says so, and is quiet the second time', async () => {
    const first = await run(['study'])
    expect(first.output).toContain('Installing the locked dependencies with pnpm')
    expect(readFileSync(join(home, 'npx.log'), 'utf8')).toMatch(/^--yes --prefer-offline pnpm@\d+\.\d+\.\d+ install --frozen-lockfile$/m)
    const second = await run(['study'])
    expect(second.output).toBe('started []\n')
    expect(installations()).toBe(1)
  })

  test.each(['pnpm-lock.yaml', 'packages/core/package.json'])('installs again after a change of %s', async (file) => {
    await run(['study'])
    writeFileSync(join(home, file), '{ "changed": true }')
    await run(['study'])
    expect(installations()).toBe(2)
  })

  test('installs again where a package has lost its node_modules', async () => {
    await run(['study'])
    rmSync(join(home, 'examples/node_modules'), { recursive: true })
    await run(['study'])
    expect(installations()).toBe(2)
  })

  test('a failed installation ends with the remedy, and is tried again', async () => {
    const { code, output } = await run(['study'], { FAKE_INSTALL_FAILS: '1' })
    expect(code).toBe(1)
    expect(output).toContain('The installation failed')
    expect(output).not.toContain('started')
    expect((await run(['study'])).code).toBe(0)
    expect(installations()).toBe(2)
  })

  test('passes arguments through unchanged', async () => {
    const { output } = await run(['study', '0', '--out', 'a folder/with "quotes"', '--trials', '60', '$HOME', ''])
    expect(output).toContain(`started ${JSON.stringify(['0', '--out', 'a folder/with "quotes"', '--trials', '60', '$HOME', ''])}`)
  })

  test('exits as the program does', async () => {
    expect((await run(['study', '3'])).code).toBe(3)
  })

  test('refuses an unknown program', async () => {
    const { code, output } = await run(['toString'])
    expect(code).toBe(1)
    expect(output).toContain('Usage: node scripts/run.mjs study|check')
  })

  test.each([
    ['to the script alone, of a quick program', 'alone', ['wait']],
    ['to the script alone, of a slow program', 'alone', ['wait', 'slowly']],
    ['to the whole group, as Ctrl-C at a terminal does', 'group', ['wait']],
  ])('SIGINT %s: the program gets it once, and the script waits for its end', async (_what, whom, args) => {
    const child = start(['study', ...args])
    const ended = finish(child)
    await hasStarted(child)
    process.kill(whom === 'group' ? -(child.pid as number) : (child.pid as number), 'SIGINT')
    const { code, output } = await ended
    expect(output.match(/interrupted/g)).toHaveLength(1)
    expect(code).toBe(130)
  })
  test('a shell of npm that dies takes the program with it, by an interrupt', async () => {
    const shell = spawn('sh', ['-c', `"${process.execPath}" "${join(home, 'scripts/run.mjs')}" study wait; true`], {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, npm_execpath: '', npm_lifecycle_event: 'start', PATH: [join(home, 'bin'), process.env.PATH].join(delimiter) },
    })
    const ended = finish(shell)
    await hasStarted(shell)
    shell.kill('SIGTERM')
    expect((await ended).output.match(/interrupted/g)).toHaveLength(1)
  })
})
