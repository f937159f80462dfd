import type { ArtifactEntry, ArtifactStore } from '../../contracts/artifact.ts'
import type { Storage, StorageFactory, StudySummary } from '../../contracts/storage.ts'
import { AttuneError, isAttuneError } from '../../errors.ts'
import type { StudyHistory } from '../../history/study-history.ts'
import { show } from '../../space/show.ts'
import { systemClock } from '../../system.ts'
import { answered } from '../answered.ts'
import { didYouMean } from '../nearest-name.ts'
import { accessOf, withStorage } from '../opened.ts'
import { checkNumber } from '../stop-rules.ts'

/** What is garbage, and whether it goes. */
export interface GarbageOptions {
  /** Milliseconds since bytes were put last, before which nothing is deleted: a study that runs may be about to refer to them. Default: a day. */
  readonly olderThan?: number
  /** Only tells what would be deleted. */
  readonly dryRun?: boolean
}

/** What `collectGarbage` has deleted, or would delete. */
export interface GarbageResult {
  /** What was deleted, or would be. */
  readonly garbage: readonly ArtifactEntry[]
  /** Bytes of it. */
  readonly bytes: number
  /** Artefacts that stay. */
  readonly kept: number
}

const aDay = 24 * 60 * 60 * 1000

/**
 * Deletes what no study of these storages refers to, and what was put longer ago than `olderThan`: left by studies that were deleted, by
 * crashes between putting and writing, and by studies that were copied. Name every storage whose studies use this store: artefacts of
 * others count as garbage. Studies may run meanwhile. With a dry run it only tells. Throws OPTION, and what stores and storages throw.
 */
export async function collectGarbage(artifacts: ArtifactStore, storages: Storage | StorageFactory | readonly (Storage | StorageFactory)[], options: GarbageOptions = {}): Promise<GarbageResult> {
  const known = ['olderThan', 'dryRun']
  for (const key of Object.keys(options)) if (!known.includes(key)) throw new AttuneError('OPTION', `collectGarbage does not know the option "${key}".${didYouMean(key, known)}`)
  const { olderThan = aDay, dryRun = false } = options
  checkNumber('olderThan', olderThan, 0, false)
  const given: readonly (Storage | StorageFactory)[] = Array.isArray(storages) ? (storages as readonly (Storage | StorageFactory)[]) : [storages as Storage | StorageFactory]
  if (given.length === 0) throw new AttuneError('OPTION', `collectGarbage needs the storages whose studies use these artefacts, got ${show(storages)}: without them everything would be garbage.`)
  // The list first: what is put and referred to later is not on it, or is younger than what it says.
  const entries = await artifacts.list()
  const needed = new Set<string>()
  for (const storage of given) await withStorage(storage, (opened) => mark(opened, entries, needed))
  const garbage: ArtifactEntry[] = []
  for (const entry of entries) {
    if (needed.has(entry.hash) || entry.age <= olderThan) continue
    if (dryRun || (await artifacts.delete(entry.hash, { olderThan }))) garbage.push(entry)
  }
  return { garbage, bytes: garbage.reduce((sum, { size }) => sum + size, 0), kept: entries.length - garbage.length }
}

/** Marks what the studies of a storage need, those included that are made by copying while this looks. */
async function mark(storage: Storage, entries: readonly ArtifactEntry[], needed: Set<string>): Promise<void> {
  const seen = new Set<string>()
  for (;;) {
    const unseen = (await answered(systemClock, () => storage.listStudies())).filter(({ id }) => !seen.has(id))
    if (unseen.length === 0) return
    for (const summary of unseen) {
      seen.add(summary.id)
      const history = await historyOf(storage, summary)
      if (history === undefined) continue
      history.references.limitForks(Infinity)
      if (mayFork(history)) history.references.keepForForks()
      for (const { hash } of entries) if (history.references.refersTo(hash)) needed.add(hash)
    }
  }
}

/** Undefined if somebody has just deleted it. */
async function historyOf(storage: Storage, summary: StudySummary): Promise<StudyHistory | undefined> {
  try {
    return (await accessOf(storage, summary)).history
  } catch (error) {
    if (isAttuneError(error, 'STUDY_NOT_FOUND')) return undefined
    throw error
  }
}

/** True if trials of the study were started by a pruner, so that more may be forked from those that ended. */
function mayFork(history: StudyHistory): boolean {
  return Array.from({ length: history.length }, (_, number) => history.trial(number)).some(({ origin, toStep }) => origin === 'fork' || toStep !== undefined)
}
