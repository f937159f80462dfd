// Runs the pinned pnpm: `node scripts/pnpm.mjs install`. Plain Node >= 20, no dependencies.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

export const PNPM_VERSION = '12.21.0'
export const root = fileURLToPath(new URL('..', import.meta.url))

/** The command and the leading arguments that run a program of npm's without a shell on any platform. */
function npmProgram(name) {
  const npmCli = process.env.npm_execpath ?? ''
  const beside = [
    npmCli.endsWith('npm-cli.js') ? join(dirname(npmCli), `${name}-cli.js`) : '',
    join(dirname(process.execPath), 'node_modules', 'npm', 'bin', `${name}-cli.js`),
  ].find((path) => path !== '' && existsSync(path))
  // npm itself runs on the Node that it was started with, which is not always this one.
  if (beside) return [process.env.npm_node_execpath ?? process.execPath, beside]
  if (process.platform === 'win32') throw new Error(`${name} was not found beside node.exe. Install Node.js with npm, and run this with \`npm start\` or \`npm test\`.`)
  return [name]
}

function runNpmProgram(name, args, options) {
  const [command, ...first] = npmProgram(name)
  return spawnSync(command, [...first, ...args], { cwd: root, stdio: 'inherit', ...options })
}

/** Runs npm and waits for it. */
export function npm(args, options = {}) {
  return runNpmProgram('npm', args, options)
}

/**
 * Runs the pinned pnpm in the repository root and waits for it.
 * `--prefer-offline` matters: without it npx asks the registry at every call and hangs without a network.
 */
export function pnpm(args, options = {}) {
  return runNpmProgram('npx', ['--yes', '--prefer-offline', `pnpm@${PNPM_VERSION}`, ...args], options)
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const result = pnpm(process.argv.slice(2), { cwd: process.cwd() })
  if (result.error) console.error(result.error.message)
  process.exit(result.status ?? (result.signal === 'SIGINT' ? 130 : 1))
}
