import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { join } from 'node:path'
import { claimName } from '@attune/core'
import type { ArtifactClaim } from '@attune/core'
import { errorCode, ifExists } from './file-system.ts'
import type { FileSystem } from './file-system.ts'

// Beside an artefact `ab/ab12…` lie its claims, empty files `ab12….STUDY.SESSION` whose time says when they were made or repeated,
// and for a moment, while somebody decides whether to delete it, the artefact itself as `ab12….aside-UUID`.
const claimPattern = /^([0-9a-f]{64})\.([a-z0-9-]{1,64})\.([a-z0-9-]{1,64})$/
const asidePattern = /^([0-9a-f]{64})\.aside-[0-9a-f-]{36}$/
/** No put takes that long: a claim this old without an artefact was left by one that did not end. */
const oldAge = 24 * 60 * 60 * 1000

/** One file of a claim. */
export interface ClaimFile {
  readonly file: string
  readonly claim: ArtifactClaim
}

/** What lies beside the artefacts of a folder. */
export interface Beside {
  readonly claims: ReadonlyMap<string, readonly ClaimFile[]>
  /** Names of the files that hold artefacts which somebody has put aside. */
  readonly aside: ReadonlyMap<string, readonly string[]>
}

export function sortBeside(names: readonly string[]): Beside {
  const claims = new Map<string, ClaimFile[]>()
  const aside = new Map<string, string[]>()
  const add = <T>(to: Map<string, T[]>, hash: string, item: T): void => {
    const items = to.get(hash)
    if (items === undefined) to.set(hash, [item])
    else items.push(item)
  }
  for (const file of names) {
    const [, hash, study, session] = claimPattern.exec(file) ?? []
    if (hash !== undefined) add(claims, hash, { file, claim: { study: study!, session: session! } })
    const put = asidePattern.exec(file)?.[1]
    if (put !== undefined) add(aside, put, file)
  }
  return { claims, aside }
}

export function asideName(hash: string): string {
  return `${hash}.aside-${randomUUID()}`
}

/** Makes a file young; false if it is not there: an artefact may have been put aside a moment ago. */
export async function touch(files: FileSystem, path: string): Promise<boolean> {
  const now = new Date()
  const touched = await ifExists(async () => {
    await files.utimes(path, now, now)
    return true
  })
  return touched === true
}

/** Makes or repeats a claim. True if it is new. */
export async function claim(files: FileSystem, shard: string, hash: string, by: ArtifactClaim): Promise<boolean> {
  const path = join(shard, `${hash}.${claimName(by)}`)
  if (await touch(files, path)) return false
  try {
    const file = await files.open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o644)
    await file.close()
    return true
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false
    throw error
  }
}

/** Milliseconds since a file was last written or repeated; undefined if it is gone. */
export async function ageOf(files: FileSystem, path: string): Promise<number | undefined> {
  const stat = await ifExists(() => files.lstat(path))
  return stat === undefined ? undefined : Date.now() - stat.mtimeMs
}

/** Takes away old claims on what is not there. */
export async function removeStaleClaims(files: FileSystem, shard: string): Promise<void> {
  const names = await files.readdir(shard)
  const { claims, aside } = sortBeside(names)
  const present = new Set(names)
  for (const [hash, made] of claims) {
    if (present.has(hash) || aside.has(hash)) continue
    for (const { file } of made) {
      const age = await ageOf(files, join(shard, file))
      if (age !== undefined && age > oldAge) await ifExists(() => files.unlink(join(shard, file)))
    }
  }
}
