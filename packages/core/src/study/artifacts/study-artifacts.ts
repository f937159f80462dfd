import type { ArtifactClaim, ArtifactStore } from '../../contracts/artifact.ts'
import { AttuneError, describe } from '../../errors.ts'
import { failpoint } from '../../failpoint.ts'
import type { References } from '../../history/references.ts'
import { fingerprintOf } from '../../space/fingerprint.ts'
import type { StudyAccess } from '../study-access.ts'
import type { Warnings } from '../warnings.ts'

/** Milliseconds. No session takes longer between putting bytes and writing what refers to them: older claims on what nothing refers to are left-overs, whoever made them. */
const grace = 600_000

export interface StudyArtifactsParts {
  readonly store: ArtifactStore | undefined
  readonly access: StudyAccess
  readonly warnings: Warnings
  /** `Host` identity. */
  readonly owner: string
  /** Processes that work on the study, or did. */
  workers(): Promise<readonly { readonly owner: string; readonly state: string }[]>
}

/** With which the claims of a process begin. */
function processName(owner: string): string {
  return fingerprintOf(owner).slice(0, 16)
}

/**
 * The bytes of a study: put under a claim of this session, and released once the history refers to them no more. What this session has
 * put goes at once; what others have put goes by `collect`: at once if they have ended, by a crash too, else some minutes later. Released is not deleted: other studies may claim the same bytes.
 */
export class StudyArtifacts {
  readonly store: ArtifactStore | undefined
  readonly #access: StudyAccess
  readonly #warnings: Warnings
  readonly #claim: ArtifactClaim
  readonly #workers: StudyArtifactsParts['workers']
  /** What this session claims, with how many of its puts the history was not told of yet. */
  readonly #claimed = new Map<string, number>()
  /** What it claims and nothing refers to. */
  readonly #unneeded = new Set<string>()
  readonly #releasing = new Map<string, Promise<void>>()
  /** For each put under way, what was released meanwhile. */
  readonly #puts = new Set<Set<string>>()

  constructor({ store, access, warnings, owner, workers }: StudyArtifactsParts) {
    this.store = store
    this.#access = access
    this.#warnings = warnings
    this.#workers = workers
    const study = /^[a-z0-9-]{1,64}$/.test(access.id) ? access.id : fingerprintOf(access.id)
    this.#claim = { study, session: `${processName(owner)}-${access.session}` }
    if (store === undefined) return
    this.#references.onUnneeded = (hash) => {
      if (this.#claimed.has(hash)) this.#unneeded.add(hash)
    }
  }

  get #references(): References {
    return this.#access.history.references
  }

  /** The bytes, undefined if they are absent or damaged. */
  async get(hash: string): Promise<Uint8Array | undefined> {
    return this.store?.get(hash)
  }

  /** Puts bytes. Once the history was told of them, or could not be, `settle` says so. Throws NO_ARTIFACT_STORE, and what the store throws. */
  async put(bytes: Uint8Array): Promise<string> {
    if (this.store === undefined) throw new AttuneError('NO_ARTIFACT_STORE', `Study "${this.#access.history.definition.name}" has no artefact store: give one to createStudy, as in artifacts: directoryArtifacts('artifacts').`)
    for (;;) {
      const released = new Set(this.#releasing.keys())
      this.#puts.add(released)
      let hash
      try {
        hash = await this.store.put(bytes, this.#claim)
      } finally {
        this.#puts.delete(released)
      }
      failpoint('checkpoints.after-put')
      if (!released.has(hash)) {
        this.#claimed.set(hash, (this.#claimed.get(hash) ?? 0) + 1)
        return hash
      }
      // Both go by the same claim, so the release may have come last.
      await this.#releasing.get(hash)
    }
  }

  /** The history was told of a put, or refused to be. Then `tidy` may take the bytes. */
  settle(hash: string): void {
    this.#claimed.set(hash, this.#claimed.get(hash)! - 1)
    if (!this.#references.needs(hash)) this.#unneeded.add(hash)
  }

  /** True if there is something for `tidy` to do: it is called after each report and each end, and mostly has nothing. */
  get untidy(): boolean {
    return this.#unneeded.size > 0
  }

  /** Releases what this session has put and nothing refers to any more. */
  async tidy(): Promise<void> {
    const hashes = Array.from(this.#unneeded)
    this.#unneeded.clear()
    for (const hash of hashes) if (this.#claimed.get(hash) === 0 && !this.#references.needs(hash)) await this.#release(hash)
  }

  /**
   * Releases whatever this study claims and does not refer to, whichever session put it: after crashes, and where several processes have
   * dropped each other's. What somebody has just put stays: the history may not have been told of it yet.
   */
  async collect(): Promise<void> {
    if (this.store === undefined) return
    try {
      const { study } = this.#claim
      const claimed = await this.store.list(study)
      if (claimed.every(({ hash }) => this.#references.needs(hash))) return
      await this.#access.sync()
      const gone = new Set((await this.#workers()).filter(({ state }) => state === 'gone').map(({ owner }) => processName(owner)))
      // What a process wrote before it ended is known only from here on.
      await this.#access.sync()
      const { workers } = this.#access.history
      for (const { hash, claims } of claimed) {
        if (this.#references.needs(hash)) continue
        for (const claim of claims) if (claim.study === study && (gone.has(claim.session.slice(0, 16)) || workers.hasClosed(claim.session.slice(17)))) await this.store.release(hash, claim, Infinity)
        // This session may have put the same bytes meanwhile, and told the history.
        if ((this.#claimed.get(hash) ?? 0) === 0 && !this.#references.needs(hash)) await this.#release(hash)
      }
    } catch (error) {
      this.#failed(error)
    }
  }

  async #release(hash: string): Promise<void> {
    const release = async (): Promise<void> => {
      try {
        failpoint('checkpoints.before-release')
        await this.store!.release(hash, this.#claim, grace)
      } catch (error) {
        this.#failed(error)
      }
    }
    this.#claimed.delete(hash)
    for (const released of this.#puts) released.add(hash)
    const releasing = release().finally(() => this.#releasing.delete(hash))
    this.#releasing.set(hash, releasing)
    await releasing
  }

  #failed(error: unknown): void {
    this.#warnings.tell('artifacts', `Artefacts that are no longer needed could not be deleted: ${describe(error)}`)
  }
}
