// Packs every public package as it would be published, with pnpm: npm would leave `workspace:` ranges and the source condition in it.
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { filesWithFailpoints } from './failpoints.mjs'
import { pnpm, root } from './pnpm.mjs'

/** Where the tarballs lie afterwards. */
export const tarballs = join(root, '.cache', 'packages')

/** The tarball's name, as npm and pnpm form it. */
const tarballName = (name, version) => `${name.replace('@', '').replace('/', '-')}-${version}.tgz`

/**
 * The packages that are published.
 * @returns {readonly { name: string, folder: string, tarball: string }[]}
 */
export function publicPackages() {
  return readdirSync(join(root, 'packages')).map((folder) => {
    const { name, version } = JSON.parse(readFileSync(join(root, 'packages', folder, 'package.json'), 'utf8'))
    return { name, folder: join(root, 'packages', folder), tarball: join(tarballs, tarballName(name, version)) }
  })
}

/** Packs them all; throws with pnpm's words when that fails. Build first, with scripts/build.mjs: the compiler alone leaves the failpoints in. */
export function packAll() {
  const unclean = filesWithFailpoints()
  if (unclean.length > 0) throw new Error(`Failpoints must not be published, build again with scripts/build.mjs: ${unclean.join(', ')}`)
  rmSync(tarballs, { recursive: true, force: true })
  mkdirSync(tarballs, { recursive: true })
  const result = pnpm(['--recursive', '--filter', './packages/*', 'pack', '--pack-destination', tarballs], { stdio: 'pipe', encoding: 'utf8' })
  if (result.status !== 0) throw new Error(`pnpm pack failed: ${result.stdout ?? ''}${result.stderr ?? ''}${result.error?.message ?? ''}`)
}
