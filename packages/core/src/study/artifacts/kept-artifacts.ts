import type { Operation } from '../../contracts/change.ts'
import type { Artifact, ArtifactOptions } from '../../contracts/artifact.ts'
import type { ArtifactReference, StoredArtifact, TrialRecord } from '../../contracts/trial-record.ts'
import { AttuneError, describe } from '../../errors.ts'
import { show } from '../../space/show.ts'
import { copyJson } from '../../json.ts'
import { checkArtifactName } from './artifact-name.ts'
import { bestFirst, keptModels, model, type Keep } from './keep.ts'
import type { StudyArtifacts } from './study-artifacts.ts'
import { refused, type StudyAccess } from '../study-access.ts'
import type { Warnings } from '../warnings.ts'

/** The kept artefact of a trial. */
export interface TrialArtifact<P = unknown> extends StoredArtifact {
  readonly trial: TrialRecord<P>
}

function change(number: number | undefined, name: string, artifact: ArtifactReference | null): Operation {
  return number === undefined ? { type: 'artifact', name, artifact } : { type: 'artifact', number, name, artifact }
}

/** Artefacts by name: the models of the trials that the policy keeps, and what users attach. */
export class KeptArtifacts {
  readonly #artifacts: StudyArtifacts
  readonly #access: StudyAccess
  readonly #warnings: Warnings
  readonly #keep: Keep
  #keeping: Promise<void> = Promise.resolve()

  constructor(artifacts: StudyArtifacts, access: StudyAccess, keep: Keep, warnings: Warnings) {
    this.#artifacts = artifacts
    this.#access = access
    this.#keep = keep
    this.#warnings = warnings
  }

  /** True if the policy keeps the model of a trial that ended. */
  wants(number: number): boolean {
    if (this.#artifacts.store === undefined) return false
    const { history } = this.#access
    if (history.state(number) !== 'complete') return false
    return this.#keep.best === Infinity || keptModels(history, this.#keep, [...history.withModel(), number]).has(number)
  }

  /** Keeps the model of a trial, and drops those that it takes the place of. One at a time, in the order of the calls. A failure is told of. */
  keepModel(number: number, artifact: Artifact): Promise<void> {
    this.#keeping = this.#keeping.then(() => this.#keepModel(number, artifact))
    return this.#keeping
  }

  async #keepModel(number: number, artifact: Artifact): Promise<void> {
    if (!this.wants(number)) return // Others have ended while this one waited.
    try {
      await this.set(number, model, await artifact.bytes(), artifact)
    } catch (error) {
      this.#warnings.tellSome('model not kept', 'artifacts', `The model of trial ${number} could not be kept: ${describe(error)}`, number)
    }
    await this.#retain()
  }

  /** Drops the models that the policy does not keep. */
  retain(): Promise<void> {
    this.#keeping = this.#keeping.then(() => this.#retain())
    return this.#keeping
  }

  async #retain(): Promise<void> {
    if (this.#artifacts.store === undefined) return
    const { history } = this.#access
    try {
      const kept = this.#keep.best === Infinity ? history.withModel() : keptModels(history, this.#keep, history.withModel())
      const dropped = Array.from(history.withModel()).filter((number) => !kept.has(number))
      if (dropped.length > 0) await this.#access.mustWrite(dropped.map((number) => ({ type: 'artifact', number, name: model, artifact: null })))
      await this.#artifacts.tidy()
    } catch (error) {
      this.#warnings.tell('artifacts', `Models that are not to be kept could not be dropped: ${describe(error)}`)
    }
  }

  /** Keeps bytes under a name, for a trial or for the study, instead of what had that name. Throws ARTIFACT_NAME, OPTION, NOT_JSON, NO_ARTIFACT_STORE, and what the store throws. */
  async set(number: number | undefined, name: string, bytes: Uint8Array, { kind = 'application/octet-stream', meta }: ArtifactOptions): Promise<void> {
    checkArtifactName(name)
    if (!(bytes instanceof Uint8Array)) throw new AttuneError('OPTION', `The artefact "${name}" cannot be ${show(bytes)}: give its bytes as a Uint8Array.`)
    if (typeof kind !== 'string' || kind === '') throw new AttuneError('OPTION', `The kind of the artefact "${name}" cannot be ${show(kind)}: give a text, as in kind: 'image/png'.`)
    const about = meta === undefined ? { kind } : { kind, meta: copyJson(meta, 'The meta data of the artefact') }
    const hash = await this.#artifacts.put(bytes)
    const result = await this.#access.write([change(number, name, { hash, size: bytes.length, ...about })])
    this.#artifacts.settle(hash)
    await this.#artifacts.tidy()
    if (!result.ok) throw refused(result.refusal)
  }

  /** Forgets an artefact. */
  async remove(number: number | undefined, name: string): Promise<void> {
    await this.#access.mustWrite([change(number, checkArtifactName(name), null)])
    await this.#artifacts.tidy()
  }

  /** The `most` best of the trials whose artefact of that name can still be read, best first. */
  async best(most: number, name: string): Promise<readonly TrialArtifact[]> {
    const { history } = this.#access
    const numbers = name === model ? history.withModel() : Array.from({ length: history.length }, (_, number) => number).filter((number) => name in history.trial(number).artifacts)
    const found: TrialArtifact[] = []
    for (const number of bestFirst(history, numbers)) {
      if (found.length >= most) break
      const trial = history.trial(number)
      const artifact = await trial.artifact(name)
      if (artifact !== undefined) found.push({ trial, ...artifact })
    }
    return found
  }
}
