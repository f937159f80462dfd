import { join } from 'node:path'
import { claimName } from '@attune/core'
import type { ArtifactClaim } from '@attune/core'
import { ageOf, asideName, sortBeside } from './claims.ts'
import type { ClaimFile } from './claims.ts'
import { ifExists } from './file-system.ts'
import type { FileSystem } from './file-system.ts'

/** What is beside an artefact when somebody looks. */
export interface Look {
  readonly claims: readonly ClaimFile[]
  /** Files that hold it: under its own name, or put aside. */
  readonly holders: readonly string[]
}

export async function look(files: FileSystem, shard: string, hash: string): Promise<Look> {
  const names = (await files.readdir(shard)).filter((name) => name.startsWith(hash))
  const { claims, aside } = sortBeside(names)
  return { claims: claims.get(hash) ?? [], holders: [...names.filter((name) => name === hash), ...(aside.get(hash) ?? [])] }
}

/**
 * Deletes an artefact, unless `mustStay`: asked twice, the second time with the artefact put aside. Whoever puts it in between leaves a
 * claim or a new time first and then finds it missing and writes it again, or is seen here. Put aside, it can still be read, and whoever dies
 * here leaves it so. Answers the bytes that became free, undefined if it stays or is not there.
 */
async function remove(files: FileSystem, shard: string, hash: string, mustStay: (now: Look) => Promise<boolean>): Promise<number | undefined> {
  const before = await look(files, shard, hash)
  if (before.holders.length === 0 || (await mustStay(before))) return undefined
  const taken: string[] = []
  for (const holder of before.holders) {
    const stat = await ifExists(() => files.lstat(join(shard, holder)))
    if (stat?.isFile() !== true) continue
    const aside = asideName(hash)
    const moved = await ifExists(async () => {
      await files.rename(join(shard, holder), join(shard, aside))
      return true
    })
    if (moved === true) taken.push(aside)
  }
  const [first, ...others] = taken
  if (first === undefined) return undefined
  const now = await look(files, shard, hash)
  const size = (await ifExists(() => files.lstat(join(shard, first))))?.size ?? 0
  for (const other of others) await ifExists(() => files.unlink(join(shard, other)))
  if (await mustStay({ claims: now.claims, holders: [first] })) {
    await ifExists(() => files.rename(join(shard, first), join(shard, hash)))
    return undefined
  }
  await ifExists(() => files.unlink(join(shard, first)))
  return size
}

/** Milliseconds since the youngest of these files was written or repeated; Infinity if none is there. */
export async function youngest(files: FileSystem, shard: string, names: readonly string[]): Promise<number> {
  let age = Infinity
  for (const name of names) age = Math.min(age, (await ageOf(files, join(shard, name))) ?? Infinity)
  return age
}

/** Gives up a claim and the old ones of its study, and deletes what nobody claims then. Answers the bytes that became free, if it did. */
export async function giveUp(files: FileSystem, shard: string, hash: string, claim: ArtifactClaim, age: number): Promise<number | undefined> {
  const own = `${hash}.${claimName(claim)}`
  const given = async (claims: readonly ClaimFile[]): Promise<readonly string[]> => {
    const names: string[] = []
    for (const { file, claim: { study } } of claims) if (file === own || (study === claim.study && ((await ageOf(files, join(shard, file))) ?? Infinity) > age)) names.push(file)
    return names
  }
  const { claims } = await look(files, shard, hash)
  if ((await given(claims)).length === 0) return undefined
  const freed = await remove(files, shard, hash, async (now) => (await given(now.claims)).length < now.claims.length)
  for (const file of await given(claims)) await ifExists(() => files.unlink(join(shard, file)))
  return freed
}

/** Deletes an artefact with all claims on it, unless it is too young. Answers the bytes that became free, if it did. */
export async function removeOld(files: FileSystem, shard: string, hash: string, olderThan: number | undefined): Promise<number | undefined> {
  let claims: readonly ClaimFile[] = []
  const freed = await remove(files, shard, hash, async (now) => {
    claims = now.claims
    return olderThan !== undefined && (await youngest(files, shard, [...now.holders, ...claims.map(({ file }) => file)])) <= olderThan
  })
  if (freed !== undefined) for (const { file } of claims) await ifExists(() => files.unlink(join(shard, file)))
  return freed
}
