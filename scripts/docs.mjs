// Generates the API reference from the doc comments of the built declarations into docs/api.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './pnpm.mjs'
import { runNode } from './processes.mjs'

const folder = join(root, 'tools', 'api-reference')

const built = await runNode(join(root, 'scripts', 'build.mjs'), [])
rmSync(join(root, 'docs', 'api'), { recursive: true, force: true })
// typedoc finds TypeScript 6 beside itself; the workspace's TypeScript 7 has no compiler API for it yet.
process.exitCode = built.code || (await runNode(join(folder, 'node_modules', 'typedoc', 'bin', 'typedoc'), ['--logLevel', 'Warn'], { cwd: folder })).code
