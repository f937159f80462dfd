import { isAttuneError } from '@attune/core'
import type { Alteration, Batch, MetricPoint, MlflowClient, Texts } from '../client/types.ts'
import { isCertain, isStubborn, kindOf } from './failures.ts'
import { countTogether, mergeWrites, type MergedValues, type RunValues } from './merge-writes.ts'
import { runName } from './plain-texts.ts'
import type { Progress } from './progress.ts'
import type { Lane } from './scheduler.ts'
import { RunIsGone, type RunTarget, type StudyRuns } from './study-runs.ts'

/** What the lanes of a study share. */
export interface LaneParts {
  readonly client: MlflowClient
  readonly runs: StudyRuns
  readonly progress: Progress
  readonly signal: AbortSignal
  /** Something has gone through, or was given up, and its memory is free again. */
  done(size: number): void
  tell(message: string): void
  /** For the user's terminal. */
  print(text: string): void
  /** Values that MLflow does not keep as they are. */
  altered(target: RunTarget, revision: number, alterations: readonly Alteration[]): void
}

export interface QueuedValues {
  readonly revision: number
  readonly size: number
  readonly target: RunTarget
  /** It comes with the start of its trial. */
  readonly begins: boolean
  readonly values: RunValues
}

/** As many as MLflow takes in one request. */
const mostMetrics = 1000
/** Merging is quick, but a batch must not take seconds of the event loop. */
const mostWrites = 2000

/** The values of one run, in their order, as many as possible at a time. */
export class RunLane implements Lane {
  readonly #parts: LaneParts
  readonly #fullFrom: number
  readonly #onEmpty: () => void
  readonly #queue: QueuedValues[] = []
  #metrics = 0

  /** `fullFrom` metrics do not wait for the next tick. */
  constructor(parts: LaneParts, fullFrom: number, onEmpty: () => void) {
    this.#parts = parts
    this.#fullFrom = fullFrom
    this.#onEmpty = onEmpty
  }

  get waiting(): boolean {
    return this.#queue.length > 0
  }

  get full(): boolean {
    return this.#metrics >= this.#fullFrom
  }

  push(write: QueuedValues): void {
    this.#parts.progress.begin(write.revision)
    this.#metrics += write.values.metrics?.length ?? 0
    this.#queue.push(write)
  }

  /** Leaves out what the tracker has kept already. */
  dropUpTo(revision: number): void {
    const count = this.#queue.findIndex((write) => write.revision > revision)
    this.#done(count < 0 ? this.#queue.length : count)
  }

  async work(failures: number): Promise<void> {
    const next = this.#queue.slice(0, mostWrites)
    const batch = next.slice(0, countTogether(next.map(({ values }) => values), mostMetrics))
    const first = batch[0]
    if (first === undefined) return
    try {
      const { target, revision, begins } = first
      const runId = await this.#parts.runs.idOf(target, begins)
      const alterations = await new RunWriter(this.#parts, target, runId, failures).write(mergeWrites(batch.map(({ values }) => values)))
      if (alterations.length > 0) this.#parts.altered(target, revision, alterations)
      this.#done(batch.length)
    } catch (error) {
      if (!(error instanceof RunIsGone)) throw error
      this.#done(this.#queue.length)
    }
  }

  #done(count: number): void {
    for (const { revision, size, values } of this.#queue.splice(0, count)) {
      this.#metrics -= values.metrics?.length ?? 0
      this.#parts.progress.end(revision)
      this.#parts.done(size)
    }
    if (this.#queue.length === 0) this.#onEmpty()
  }
}

type Item = { readonly metric: MetricPoint } | { readonly param: string; readonly value: Texts[string] } | { readonly tag: string; readonly value: Texts[string] }

/** Writes to one run. What MLflow refuses is narrowed down, told and left out; the rest is stored. */
export class RunWriter {
  readonly #parts: LaneParts
  readonly #target: RunTarget
  readonly #runId: string
  readonly #failures: number

  /** `failures` in a row came before. */
  constructor(parts: LaneParts, target: RunTarget, runId: string, failures = 0) {
    this.#parts = parts
    this.#target = target
    this.#runId = runId
    this.#failures = failures
  }

  async write({ name, metrics, params, tags, removedTags, status }: MergedValues): Promise<readonly Alteration[]> {
    const { client, signal } = this.#parts
    const items: readonly Item[] = [
      ...metrics.map((metric) => ({ metric })),
      ...Object.entries(params).map(([param, value]) => ({ param, value })),
      ...Object.entries(tags).map(([tag, value]) => ({ tag, value })),
    ]
    const alterations = items.length === 0 ? [] : await this.#log({ metrics, params, tags }, items)
    for (const tag of removedTags) {
      await this.#call(`that the tag "${tag}" is taken away`, () => client.runs.deleteTag(this.#runId, tag, { signal }).catch((error: unknown) => {
        if (!isAttuneError(error, 'MLFLOW_NOT_FOUND')) throw error // It is not there, as it should be.
      }))
    }
    if (name !== undefined || status !== undefined) {
      await this.#call('name or status', () => client.runs.update(this.#runId, { ...(name !== undefined && { name: runName(name) }), ...status }, { signal }))
    }
    return alterations
  }

  async #log(batch: Batch, items: readonly Item[]): Promise<readonly Alteration[]> {
    const { client, signal } = this.#parts
    try {
      return await client.runs.log(this.#runId, batch, { signal })
    } catch (error) {
      if (isAttuneError(error, 'MLFLOW_PARAM_CHANGED')) {
        this.#tell('a parameter that has another value there already', error)
        return []
      }
      await this.#mustBeRefusal(error)
      if (items.length <= 1) {
        for (const item of items) this.#tell('metric' in item ? `metric "${item.metric.key}" at step ${item.metric.step ?? 0}` : 'param' in item ? `parameter "${item.param}"` : `tag "${item.tag}"`, error)
        return []
      }
      const middle = Math.ceil(items.length / 2)
      const halves = [items.slice(0, middle), items.slice(middle)]
      const alterations: Alteration[] = []
      for (const half of halves) alterations.push(...(await this.#log(batchOf(half), half)))
      return alterations
    }
  }

  async #call(what: string, call: () => Promise<void>): Promise<void> {
    try {
      await call()
    } catch (error) {
      await this.#mustBeRefusal(error)
      this.#tell(what, error)
    }
  }

  /** Returns if the server is well, and the run is there: then it is what was sent that is refused. */
  async #mustBeRefusal(error: unknown): Promise<void> {
    const { runs } = this.#parts
    const refused = kindOf(error) === 'refused'
    if (refused && isCertain(error)) return runs.mustLive(this.#target, this.#runId)
    if (!refused && !isStubborn(error, this.#failures)) throw error
    await runs.mustTakeOthers(this.#target, this.#runId, false)
  }

  #tell(what: string, error: unknown): void {
    const run = this.#target.kind === 'study' ? 'the study' : `trial ${this.#target.number}`
    this.#parts.tell(`MLflow does not take something of ${run}, which is left out there: ${what}. ${error instanceof Error ? error.message : String(error)}`)
  }
}

function batchOf(items: readonly Item[]): Batch {
  return {
    metrics: items.flatMap((item) => ('metric' in item ? [item.metric] : [])),
    params: Object.fromEntries(items.flatMap((item) => ('param' in item ? [[item.param, item.value]] : []))),
    tags: Object.fromEntries(items.flatMap((item) => ('tag' in item ? [[item.tag, item.value]] : []))),
  }
}
