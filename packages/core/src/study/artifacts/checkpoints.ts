import type { Report } from '../../contracts/trainer.ts'
import type { Checkpoint, TrialRecord } from '../../contracts/trial-record.ts'
import { AttuneError, describe, isAttuneError } from '../../errors.ts'
import type { StudyArtifacts } from './study-artifacts.ts'
import type { Warnings } from '../warnings.ts'

/** Outages of the store that are told of: a disk that is full every other time must not fill the history as well. */
const toldOutages = 10

/** The saved states of trials. A store that fails is told of; the study goes on without them, and with them again once it can. */
export class Checkpoints {
  readonly #artifacts: StudyArtifacts
  readonly #warnings: Warnings
  /** True while the store fails. */
  #failing = false
  #outages = 0

  constructor(artifacts: StudyArtifacts, warnings: Warnings) {
    this.#artifacts = artifacts
    this.#warnings = warnings
  }

  /** The last whole checkpoint of a trial with its bytes: the one before the last where the last is lost; undefined if there is none. */
  async of({ number, checkpoint, earlierCheckpoint }: TrialRecord): Promise<{ readonly checkpoint: Checkpoint; readonly bytes: Uint8Array } | undefined> {
    for (const candidate of [checkpoint, earlierCheckpoint]) {
      if (candidate === undefined) continue
      let problem = 'is lost or damaged'
      try {
        const bytes = await this.#artifacts.get(candidate.artifact.hash)
        if (bytes !== undefined) return { checkpoint: candidate, bytes }
      } catch (error) {
        problem = `cannot be read (${describe(error)})`
      }
      const instead = candidate === checkpoint && earlierCheckpoint !== undefined ? `the one at step ${earlierCheckpoint.step} is tried instead` : 'it starts from the beginning'
      this.#warnings.tell('artifacts', `The checkpoint of trial ${number} at step ${candidate.step} ${problem}: ${instead}.`, number)
    }
    return undefined
  }

  /** Creates a fork from a checkpoint that another process may drop at this moment: until the history tells that the fork needs it, a claim of this session does. */
  async whileClaimed<T>(found: { readonly checkpoint: Checkpoint; readonly bytes: Uint8Array } | undefined, create: () => Promise<T>): Promise<T> {
    if (found === undefined) return create()
    try {
      await this.#artifacts.put(found.bytes)
    } catch (error) {
      this.#warnings.tell('artifacts', `A fork from step ${found.checkpoint.step} may have to start again if its process ends before its own first checkpoint: ${describe(error)}`)
      return create()
    }
    const created = await create()
    this.#artifacts.settle(found.checkpoint.artifact.hash)
    await this.#artifacts.tidy()
    return created
  }

  /** Saves a checkpoint, to be settled once the history was told of it; undefined if there is no store, or it fails. What `make` throws is thrown. */
  async save(number: number, step: number, make: NonNullable<Report['checkpoint']>): Promise<{ readonly hash: string; readonly size: number } | undefined> {
    if (this.#artifacts.store === undefined) return undefined
    const bytes: unknown = await make()
    if (!(bytes instanceof Uint8Array)) throw new AttuneError('INVALID_CHECKPOINT', `The checkpoint is ${bytes === null ? 'null' : `of type ${typeof bytes}`}: answer its bytes as a Uint8Array.`)
    try {
      const hash = await this.#artifacts.put(bytes)
      this.#saved(number, step)
      return { hash, size: bytes.length }
    } catch (error) {
      this.#failed(number, step, error)
      return undefined
    }
  }

  #saved(number: number, step: number): void {
    if (!this.#failing) return
    this.#failing = false
    if (this.#outages <= toldOutages) this.#warnings.tell('artifacts', `Checkpoints are saved again, from step ${step} of trial ${number} on.`, number)
  }

  #failed(number: number, step: number, error: unknown): void {
    if (isAttuneError(error, 'ARTIFACT_TOO_LARGE')) {
      this.#warnings.tellSome('checkpoint too large', 'artifacts', `Trial ${number} goes on without checkpoints: ${describe(error)}`, number)
      return
    }
    if (this.#failing) return
    this.#failing = true
    if (++this.#outages > toldOutages) return
    const last = this.#outages === toldOutages ? ' This happens often, and is not told any more.' : ''
    this.#warnings.tell('artifacts', `The checkpoint of trial ${number} at step ${step} cannot be saved, the study goes on without checkpoints until it can: ${describe(error)}${last}`, number)
  }
}
