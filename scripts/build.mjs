// Builds every package with the compiler alone, and removes from dist what has no source any more, and every failpoint: it would be published otherwise.
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { stripFailpoints } from './failpoints.mjs'
import { root } from './pnpm.mjs'
import { runNode, tool } from './processes.mjs'

const OUTPUT = /(\.d\.ts|\.js)(\.map)?$/

for (const name of readdirSync(join(root, 'packages'))) {
  const dist = join(root, 'packages', name, 'dist')
  if (!existsSync(dist)) continue
  for (const file of readdirSync(dist, { recursive: true, encoding: 'utf8' })) {
    const source = join(root, 'packages', name, 'src', file.replace(OUTPUT, '.ts'))
    if (OUTPUT.test(file) && !existsSync(source)) rmSync(join(dist, file))
  }
}
process.exitCode = (await runNode(tool('typescript'), ['-b', ...process.argv.slice(2)])).code
stripFailpoints()
