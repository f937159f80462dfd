// Runs the pinned pnpm: `node scripts/pnpm.mjs install`. Plain Node >= 20, no dependencies.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

export const PNPM_VERSION = '12.21.0'
export const root = fileURLToPath(new URL('..', import.meta.url))

/** The command and the leading arguments that run npm's `npx`, without a shell on any platform. */
function npx() {
  const npm = process.env.npm_execpath ?? ''
  const beside = [
    npm.endsWith('npm-cli.js') ? join(dirname(npm), 'npx-cli.js') : '',
    join(dirname(process.execPath), 'node_modules', 'npm', 'bin', 'npx-cli.js'),
  ].find((path) => path !== '' && existsSync(path))
  if (beside) return [process.execPath, beside]
  if (process.platform === 'win32') throw new Error('npx was not found beside node.exe. Install Node.js with npm, or run this with `npm start`.')
  return ['npx']
}

/**
 * Runs pnpm in the repository root and waits for it.
 * `--prefer-offline` matters: without it npx asks the registry at every call and hangs without a network.
 */
export function pnpm(args, options = {}) {
  const [command, ...first] = npx()
  return spawnSync(command, [...first, '--yes', '--prefer-offline', `pnpm@${PNPM_VERSION}`, ...args], { cwd: root, stdio: 'inherit', ...options })
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const result = pnpm(process.argv.slice(2), { cwd: process.cwd() })
  if (result.error) console.error(result.error.message)
  process.exit(result.status ?? (result.signal === 'SIGINT' ? 130 : 1))
}
