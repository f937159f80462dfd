// How the repository's scripts start programs: no shell, and the tools through this very Node, so that Windows needs no .cmd shims.
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './pnpm.mjs'

/**
 * The path of a tool's program.
 * @param {string} name of its package, a dependency of the root
 */
export function tool(name) {
  const folder = join(root, 'node_modules', name)
  const { bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  return join(folder, typeof bin === 'string' ? bin : bin[name] ?? Object.values(bin)[0])
}

/**
 * Runs a program to its end; resolves with its exit code and what it printed.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, quiet?: boolean }} [options] quiet: what it prints is only returned
 * @returns {Promise<{ code: number, output: string }>}
 */
export function run(command, args, { cwd = root, env = process.env, quiet = false } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, stdio: quiet ? ['ignore', 'pipe', 'pipe'] : ['ignore', 'inherit', 'inherit'] })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (text) => (output += text))
    child.on('error', reject)
    child.on('close', (code, signal) => (signal === 'SIGINT' ? process.exit(130) : resolve({ code: code ?? 1, output })))
  })
}

/**
 * Runs a JavaScript tool on this Node.
 * @param {string} script
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, quiet?: boolean }} [options]
 */
export function runNode(script, args, options) {
  return run(process.execPath, [script, ...args], options)
}
