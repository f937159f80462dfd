import type { Storage, StorageFactory, StudySummary } from '../contracts/storage.ts'
import { AttuneError } from '../errors.ts'
import { Space } from '../space/space.ts'
import { systemClock } from '../system.ts'
import { answered } from './answered.ts'
import { list } from './metrics.ts'
import { didYouMean } from './nearest-name.ts'
import { StudyAccess } from './study-access.ts'

export function isFactory(storage: Storage | StorageFactory): storage is StorageFactory {
  return 'create' in storage
}

/** Opens a storage for the time of one use, where it is a description; else its owner closes it. */
export async function withStorage<T>(storage: Storage | StorageFactory, use: (storage: Storage) => T | PromiseLike<T>): Promise<T> {
  if (!isFactory(storage)) return use(storage)
  const opened = await storage.create()
  try {
    return await use(opened)
  } finally {
    await opened.close()
  }
}

/** Throws STUDY_NOT_FOUND with the names that there are. */
export async function findStudy(storage: Storage, name: string): Promise<StudySummary> {
  const summary = await answered(systemClock, () => storage.findStudy(name))
  if (summary !== undefined) return summary
  const names = (await storage.listStudies()).map(({ definition }) => definition.name)
  throw new AttuneError('STUDY_NOT_FOUND', `There is no study named "${name}" in this storage${names.length === 0 ? ', which is empty' : `: it has ${list(names.slice(0, 10))}`}.${didYouMean(name, names)}`)
}

/** The history of a study and the way to its storage, without anything that could run a trial. Throws STUDY_NOT_FOUND. */
export async function accessTo(storage: Storage, name: string): Promise<StudyAccess> {
  return accessOf(storage, await findStudy(storage, name))
}

/** See `accessTo`. */
export async function accessOf(storage: Storage, summary: StudySummary): Promise<StudyAccess> {
  const { space } = summary.definition
  const empty = Space.dynamic()
  const access = new StudyAccess(storage, systemClock, summary, space === null ? empty : empty.revision(space))
  await access.sync()
  return access
}
