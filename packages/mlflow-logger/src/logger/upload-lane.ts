import type { TrainingInput } from '@attune/core'
import type { DatasetInput } from '../client/types.ts'
import { datasetInput } from './content/inputs.ts'
import { isCertain, isStubborn, kindOf } from './failures.ts'
import type { LaneParts } from './run-lane.ts'
import type { Lane } from './scheduler.ts'
import { RunIsGone, type RunTarget } from './study-runs.ts'
import type { ArtifactWrite } from './writes.ts'

/** One thing that may take long, or that is more than values of a run. */
export interface Upload {
  readonly revision: number
  readonly size: number
  readonly target: RunTarget
  /** In a sentence: "… is left out". */
  readonly what: string
  /** A later one of the same name makes this one needless. */
  readonly replaces?: string
  /** Waits until everything up to this revision is stored. */
  readonly after?: number
  /** Safe to repeat. */
  send(runId: string): Promise<void>
}

/** Who may write runs may not write everything: after so many refusals in a row, that is taken for the answer. */
const forbiddenFrom = 3

/** Artefacts, inputs and the end of a study, one after the other, beside the metrics. */
export class UploadLane implements Lane {
  readonly #parts: LaneParts
  #queue: Upload[] = []
  #current: Upload | undefined
  readonly full = false

  constructor(parts: LaneParts) {
    this.#parts = parts
  }

  get waiting(): boolean {
    return this.#next() !== undefined
  }

  push(upload: Upload): void {
    this.#parts.progress.begin(upload.revision)
    const needless = upload.replaces === undefined ? undefined : this.#queue.find((each) => each !== this.#current && each.replaces === upload.replaces)
    this.#queue.push(upload)
    if (needless !== undefined) this.#done(needless)
  }

  dropUpTo(revision: number): void {
    for (const upload of this.#queue.filter((each) => each.revision <= revision)) this.#done(upload)
  }

  async work(failures: number): Promise<void> {
    const upload = this.#next()
    if (upload === undefined) return
    const { runs } = this.#parts
    this.#current = upload
    try {
      const runId = await runs.idOf(upload.target)
      try {
        await upload.send(runId)
      } catch (error) {
        const kind = kindOf(error)
        if (kind === 'refused' && isCertain(error)) await runs.mustLive(upload.target, runId)
        else if (kind === 'refused' || isStubborn(error, failures)) await runs.mustTakeOthers(upload.target, runId, true)
        else if (kind === 'unable' && failures >= forbiddenFrom) await runs.mustTakeOthers(upload.target, runId, false)
        else throw error
        this.#parts.tell(`MLflow does not take ${upload.what}, which is left out there. ${error instanceof Error ? error.message : String(error)}`)
      }
    } catch (error) {
      if (!(error instanceof RunIsGone)) throw error
    } finally {
      this.#current = undefined
    }
    this.#done(upload)
  }

  #next(): Upload | undefined {
    return this.#queue.find(({ after }) => after === undefined || this.#parts.progress.isSettled(after))
  }

  #done(upload: Upload): void {
    const before = this.#queue.length
    this.#queue = this.#queue.filter((each) => each !== upload)
    if (this.#queue.length === before) return
    this.#parts.progress.end(upload.revision)
    this.#parts.done(upload.size)
  }
}

/** `size` bytes of it stand in memory. */
export function artifactUpload({ client, signal, tell }: LaneParts, target: RunTarget, revision: number, size: number, { path, content }: ArtifactWrite): Upload {
  return {
    revision,
    size,
    target,
    what: `the artefact "${path}"`,
    async send(runId) {
      const bytes = typeof content === 'function' ? await content() : content
      if (bytes === undefined) tell(`The artefact "${path}" is not in the artefact store any more, and is left out in MLflow.`)
      else await client.artifacts.upload({ runId }, path, bytes, { signal })
    },
  }
}

/** A model that MLflow knows is named by its id. */
const modelId = /^m-[0-9a-f]{32}$/

export function inputsUpload({ client, signal }: LaneParts, target: RunTarget, revision: number, inputs: readonly TrainingInput[]): Upload {
  const isModel = ({ kind, name }: TrainingInput): boolean => kind === 'model' && modelId.test(name)
  const models = inputs.filter(isModel).map(({ name }) => name)
  // Any other model stands among the data, as what it was used for.
  const datasets: readonly DatasetInput[] = inputs.filter((input) => !isModel(input)).map((input) => datasetInput(input.kind === 'model' ? { context: 'model', ...input } : input))
  return { revision, size: 200, target, what: 'what a training starts from', send: (runId) => client.runs.logInputs(runId, { datasets, models }, { signal }) }
}
