import type { Artifact, ArtifactStore } from '../contracts/artifact.ts'
import type { Report } from '../contracts/trainer.ts'
import type { Checkpoint, TrialRecord } from '../contracts/trial-record.ts'
import { AttuneError, describe } from '../errors.ts'
import { failpoint } from '../failpoint.ts'
import { copyJson } from '../json.ts'
import type { StudyAccess } from './study-access.ts'
import type { Warnings } from './warnings.ts'

/** The bytes of a study: checkpoints of trials that have not ended, and the model of the best one. A store that fails is told of; the study goes on. */
export class Checkpoints {
  readonly store: ArtifactStore | undefined
  readonly #access: StudyAccess
  readonly #warnings: Warnings
  /** Hashes of bytes that were put here. Others in the store may belong to a copy of this study, or to another one. */
  readonly #put = new Set<string>()
  #keeping: Promise<void> = Promise.resolve()

  constructor(store: ArtifactStore | undefined, access: StudyAccess, warnings: Warnings) {
    this.store = store
    this.#access = access
    this.#warnings = warnings
  }

  /** The last whole checkpoint of a trial with its bytes: the one before the last where the last is lost; undefined if there is none. */
  async of({ number, checkpoint, earlierCheckpoint }: TrialRecord): Promise<{ readonly checkpoint: Checkpoint; readonly bytes: Uint8Array } | undefined> {
    for (const candidate of [checkpoint, earlierCheckpoint]) {
      if (candidate === undefined) continue
      let problem = 'is lost or damaged'
      try {
        const bytes = await this.store?.get(candidate.artifact.hash)
        if (bytes !== undefined) return { checkpoint: candidate, bytes }
      } catch (error) {
        problem = `cannot be read (${describe(error)})`
      }
      const instead = candidate === checkpoint && earlierCheckpoint !== undefined ? `the one at step ${earlierCheckpoint.step} is tried instead` : 'it starts from the beginning'
      this.#warnings.tell('artifacts', `The checkpoint of trial ${number} at step ${candidate.step} ${problem}: ${instead}.`, number)
    }
    return undefined
  }

  /** Saves a checkpoint; undefined if there is no store, or it fails. What `make` throws is thrown. */
  async save(number: number, make: NonNullable<Report['checkpoint']>): Promise<{ readonly hash: string; readonly size: number } | undefined> {
    if (this.store === undefined) return undefined
    const bytes: unknown = await make()
    if (!(bytes instanceof Uint8Array)) throw new AttuneError('INVALID_CHECKPOINT', `The checkpoint is ${bytes === null ? 'null' : `of type ${typeof bytes}`}: answer its bytes as a Uint8Array.`)
    try {
      return { hash: await this.#keep(this.store, bytes), size: bytes.length }
    } catch (error) {
      this.#warnings.tell('artifacts', `Checkpoints cannot be saved, the study goes on without them: ${describe(error)}`, number)
      return undefined
    }
  }

  /** Deletes bytes that nothing refers to any more, if they were put in this session: rather some waste than the loss of what others need. */
  async discard(hash: string | undefined): Promise<void> {
    if (hash === undefined || this.#access.history.references(hash) > 0 || !this.#put.delete(hash)) return
    try {
      failpoint('checkpoints.before-delete')
      await this.store?.delete(hash)
    } catch (error) {
      this.#warnings.tell('artifacts', `An artefact that is no longer needed could not be deleted: ${describe(error)}`)
    }
  }

  /** Keeps the artefact of the best trial instead of that of the former. One at a time: trials that end together must not delete each other's. */
  keepModel(number: number, artifact: Artifact): Promise<void> {
    this.#keeping = this.#keeping.then(() => this.#keepModel(number, artifact))
    return this.#keeping
  }

  async #keep(store: ArtifactStore, bytes: Uint8Array): Promise<string> {
    const hash = await store.put(bytes)
    this.#put.add(hash)
    failpoint('checkpoints.after-put')
    return hash
  }

  async #keepModel(number: number, artifact: Artifact): Promise<void> {
    const { history } = this.#access
    if (this.store === undefined || history.best !== number) return
    try {
      const bytes = await artifact.bytes()
      const reference = { hash: await this.#keep(this.store, bytes), size: bytes.length, kind: artifact.kind }
      await this.#access.mustWrite([{ type: 'artifact', number, name: 'model', artifact: artifact.meta === undefined ? reference : { ...reference, meta: copyJson(artifact.meta, 'The meta data of the artefact') } }])
      for (const other of Array.from(history.withArtifacts())) {
        const model = other === number ? undefined : history.trial(other).artifacts['model']
        if (model === undefined) continue
        await this.#access.mustWrite([{ type: 'artifact', number: other, name: 'model', artifact: null }])
        await this.discard(model.hash)
      }
    } catch (error) {
      this.#warnings.tell('artifacts', `The model of trial ${number} could not be kept: ${describe(error)}`, number)
    }
  }
}
