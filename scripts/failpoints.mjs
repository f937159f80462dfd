// Takes the failpoints out of what is published. They become empty lines, so that source maps stay right.
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './pnpm.mjs'

const CALL = /^[ \t]*failpoint\('[a-z-]+\.[a-z-]+'\);?$/gm
const IMPORT = /^import \{ failpoint \} from '[^']+';?$/gm
/** What must be left nowhere in dist, map files included. */
const ANY = /failpoint/i
/** The module that they come from. Its types stay where the compiler looks for them; they are not packed (`files` of core's manifest). */
const MODULE = /[\\/]failpoint\.(js|js\.map|d\.ts|d\.ts\.map)$/

/** JavaScript without its failpoints, as many lines as before. Throws if one is left, in a form that is not known here. */
export function withoutFailpoints(code, file) {
  const stripped = code.replace(CALL, '').replace(IMPORT, '')
  const line = stripped.split('\n').findIndex((text) => ANY.test(text))
  if (line >= 0) throw new Error(`${file}:${line + 1}: a failpoint is a statement on a line of its own, with a literal name like 'storage.after-commit': ${stripped.split('\n')[line]?.trim()}`)
  return stripped
}

/** Every file of every dist. */
function built() {
  return readdirSync(join(root, 'packages')).flatMap((name) => {
    const dist = join(root, 'packages', name, 'dist')
    return existsSync(dist) ? readdirSync(dist, { recursive: true, encoding: 'utf8' }).filter((file) => /\.(js|map|ts)$/.test(file)).map((file) => join(dist, file)) : []
  })
}

/** Takes them out of all that is built, and the module that they come from. */
export function stripFailpoints() {
  for (const file of built()) {
    if (MODULE.test(file)) {
      if (!file.includes('.d.ts')) rmSync(file)
    } else if (file.endsWith('.js')) {
      const code = readFileSync(file, 'utf8')
      const stripped = withoutFailpoints(code, file)
      if (stripped !== code) writeFileSync(file, stripped)
    }
  }
}

/** Built files that still have something of a failpoint. */
export function filesWithFailpoints() {
  return built().filter((file) => (!MODULE.test(file) || !file.includes('.d.ts')) && ANY.test(readFileSync(file, 'utf8')))
}
