import type { ArtifactStore } from '../contracts/artifact.ts'
import type { Storage, StorageFactory, StudySummary } from '../contracts/storage.ts'
import { AttuneError } from '../errors.ts'
import { InProcessExecutor } from '../executor/in-process-executor.ts'
import { random } from '../random/random-sampler.ts'
import { ThreefryRandom } from '../random/threefry.ts'
import { Space, type SpaceOptions } from '../space/space.ts'
import { anonymousHost, randomName, systemClock } from '../system.ts'
import { answered } from './answered.ts'
import { checkStudyName, signed, type CorrectionOptions } from './corrections/corrections.ts'
import { merge, type MergeOptions, type MergeResult } from './corrections/merge.ts'
import { StudyEngine } from './engine.ts'
import { checkKeep } from './artifacts/keep.ts'
import { neverPrune } from './never-prune.ts'
import { accessTo, findStudy, isFactory, withStorage } from './opened.ts'
import { refused, StudyAccess } from './study-access.ts'
import { StudyLoggers } from './study-loggers.ts'
import { Study } from './study.ts'
import { whileCopied } from './artifacts/while-copied.ts'

/** Opens a study as it is stored, without knowing its space beforehand: to read it, show it, report on it or correct it. */
export async function loadStudy(options: { readonly storage: Storage | StorageFactory; readonly name: string; readonly artifacts?: ArtifactStore; readonly constraints?: SpaceOptions<never>['constraints'] }): Promise<Study> {
  const owned = isFactory(options.storage)
  const storage = isFactory(options.storage) ? await options.storage.create() : options.storage
  try {
    const summary = await findStudy(storage, options.name)
    const space = summary.definition.space === null ? Space.dynamic() : (Space.fromJSON<never>(summary.definition.space, { constraints: options.constraints ?? [] }) as Space<unknown>)
    const access = new StudyAccess(storage, systemClock, summary, space)
    await access.sync()
    const engine = new StudyEngine({
      access,
      clock: systemClock,
      host: anonymousHost(),
      random: (seed) => new ThreefryRandom(seed),
      sampler: random(),
      pruner: neverPrune,
      artifacts: options.artifacts,
      keep: checkKeep(undefined),
      duplicates: 'allow',
      lease: 60_000,
      persistent: storage.persistent,
    })
    return new Study({ engine, executor: new InProcessExecutor(), storage, ownsStorage: owned, loggers: new StudyLoggers(engine, [], storage.persistent), announced: false })
  } catch (error) {
    if (owned) await storage.close()
    throw error
  }
}

/** What studies a storage holds, in order of creation. */
export async function listStudies(storage: Storage | StorageFactory): Promise<readonly StudySummary[]> {
  return withStorage(storage, (opened) => opened.listStudies())
}

/** Copies a study with its whole history under another name; the copy's history says where it came from. Throws STUDY_NOT_FOUND, STUDY_COPY and OPTION. */
export async function copyStudy(storage: Storage | StorageFactory, name: string, as: string, options: CorrectionOptions = {}): Promise<StudySummary> {
  checkStudyName(as)
  const { by } = signed(anonymousHost().identity, options)
  const request = randomName()
  return withStorage(storage, async (opened) => {
    const source = await findStudy(opened, name)
    const copy = await whileCopied(opened, source.id, as, () => answered(systemClock, () => opened.copyStudy(name, as, request)))
    if (copy === undefined) throw new AttuneError('STUDY_COPY', `Study "${name}" cannot be copied as "${as}": there is a study of that name already. Choose another name, or rename or delete that one first.`)
    const copied = { type: 'copied', from: { id: source.id, name }, name: as, by } as const
    await answered(systemClock, () => opened.write(copy.id, { id: `${request}.copied`, operations: [copied] }))
    return findStudy(opened, as)
  })
}

/** Deletes a study with its whole history, for good. True if there was one. Whoever has it open is told STUDY_NOT_FOUND. */
export async function deleteStudy(storage: Storage | StorageFactory, name: string): Promise<boolean> {
  const request = randomName()
  return withStorage(storage, (opened) => answered(systemClock, () => opened.deleteStudy(name, request)))
}

/** Gives a study another name; whoever has it open goes on. Throws STUDY_NOT_FOUND, STUDY_EXISTS and OPTION. */
export async function renameStudy(storage: Storage | StorageFactory, from: string, to: string, options: CorrectionOptions & { readonly note?: string } = {}): Promise<void> {
  const signature = signed(anonymousHost().identity, options)
  const renaming = { id: randomName(), operations: [{ type: 'rename', name: checkStudyName(to), ...signature }] } as const
  await withStorage(storage, async (opened) => {
    const { id } = await findStudy(opened, from)
    const result = await answered(systemClock, () => opened.write(id, renaming))
    if (!result.ok) throw refused(result.refusal)
  })
}

/**
 * Adds the ended trials of one study to another, both by name; `from` may be in another storage. Merging again adds what
 * is new since. Throws STUDY_NOT_FOUND, STUDIES_DIFFER with the differences, and OPTION.
 */
export async function mergeStudies(storage: Storage | StorageFactory, from: string | { readonly storage: Storage | StorageFactory; readonly name: string }, into: string, options: MergeOptions = {}): Promise<MergeResult> {
  return withStorage(storage, async (opened) => {
    const source = typeof from === 'string' ? await accessTo(opened, from) : await withStorage(from.storage, (other) => accessTo(other, from.name))
    return merge(await accessTo(opened, into), anonymousHost().identity, source, options)
  })
}
