import { AttuneError, isAttuneError, type LoggerContext } from '@attune/core'
import { encodeKey } from '../client/names.ts'
import type { Alteration, MlflowClient, Run, Texts } from '../client/types.ts'
import type { TrialRun } from './content/run-change.ts'
import { kindOf, RunIsAnother } from './failures.ts'
import type { Settings } from './options.ts'
import { experimentName, runName, splitTags } from './plain-texts.ts'
import type { RunStart } from './writes.ts'

/** `study`, or `TrialRun.key`. */
export type RunKey = string

/** What a lane writes to. */
export type RunTarget = { readonly kind: 'study' } | TrialRun

/** The run of a study, and where it stands. */
export interface StudyRun {
  readonly experimentId: string
  readonly runId: string
  /** The revision that its tag says is kept; 0 for a new run. */
  readonly kept: number
}

/** The run was deleted, or refused: nothing more is written to it. */
export class RunIsGone extends Error {}

export interface StudyRunsOptions {
  readonly client: MlflowClient
  readonly settings: Settings
  readonly context: LoggerContext
  readonly start: RunStart
  readonly signal: AbortSignal
  tell(message: string): void
  /** The server did something: it is not away. */
  moved(): void
  /** Tags that a run begins with and that MLflow does not keep as they are. */
  altered(target: RunTarget, alterations: readonly Alteration[]): void
}

/** `mlflow.parentRunId` of MLflow itself. */
const parentTag = 'mlflow.parentRunId'
const keyTag = 'attune.key'

/** The runs of one study in MLflow: found by their keys or made, remembered, and given up where somebody has deleted them. */
export class StudyRuns {
  readonly #options: StudyRunsOptions
  readonly #known = new Map<RunKey, string>()
  readonly #making = new Map<RunKey, Promise<string>>()
  readonly #gone = new Set<RunKey>()
  readonly #latest = new Map<number, RunKey>()
  /** Runs of attempts that come after one whose run is not known yet, by its key. */
  readonly #adopters = new Map<RunKey, string>()
  #opening: Promise<StudyRun> | undefined
  #study: StudyRun | undefined

  constructor(options: StudyRunsOptions) {
    this.#options = options
  }

  /** The tag that keeps the cursor. Several studies may share a run that was given. */
  get cursorTag(): string {
    return this.#options.settings.runId === undefined ? 'attune.cursor' : `attune.cursor.${this.#options.context.study.id}`
  }

  /** Undefined until `open` has found it. */
  get study(): StudyRun | undefined {
    return this.#study
  }

  /** Finds or makes the study's run. Called again after it has failed, it tries again. */
  open(): Promise<StudyRun> {
    this.#opening ??= this.#open().catch((error: unknown) => {
      this.#opening = undefined
      throw error
    })
    return this.#opening
  }

  /** Whether nothing is written to it any more. */
  isGone(key: RunKey): boolean {
    return this.#gone.has(key)
  }

  /** Id of a run, found or made. `begins`: its trial starts with what is written now, so nobody can have deleted it. Throws RunIsGone. */
  async idOf(target: RunTarget, begins = false): Promise<string> {
    const study = await this.open()
    const key = keyOf(target)
    if (this.#gone.has(key)) throw new RunIsGone()
    if (target.kind === 'study') return study.runId
    const known = this.#known.get(key)
    if (known !== undefined) return known
    // Values and artefacts of a run may come to it at the same moment.
    const making = this.#making.get(key) ?? this.#trial(target, study, begins).finally(() => this.#making.delete(key))
    this.#making.set(key, making)
    const runId = await making
    this.#remember(target.number, key, runId)
    return runId
  }

  /** The run of the last attempt at a trial; undefined if it has none. */
  async ofTrial(number: number): Promise<string | undefined> {
    const study = await this.open()
    const latest = this.#latest.get(number)
    const known = latest === undefined ? undefined : this.#known.get(latest)
    if (known !== undefined) return known
    const full = this.#fullKey(`trial/${number}`)
    const found = await this.#search(study, full, 'active', true)
    const keyed = found.map((run) => ({ runId: run.runId, key: run.tags[keyTag]!.slice(encodeKey(full).length) }))
    const last = keyed.toSorted((a, b) => attemptOf(`trial/${number}${a.key}`) - attemptOf(`trial/${number}${b.key}`)).at(-1)
    if (last !== undefined) this.#remember(number, `trial/${number}${last.key}`, last.runId)
    return last?.runId
  }

  /**
   * After a refusal: throws RunIsGone if the run was deleted, RunIsAnother if there is another one of its key, as where two processes made it at
   * the same moment, and whatever else keeps it from being read.
   */
  async mustLive(target: RunTarget, runId: string): Promise<void> {
    const { client, signal } = this.#options
    const run = await client.runs.get(runId, { signal }).catch((error: unknown) => {
      if (isAttuneError(error, 'MLFLOW_NOT_FOUND')) return undefined
      throw error
    })
    if (run?.lifecycleStage === 'active') return
    const kept = await this.#kept(target)
    if (kept !== undefined) {
      this.#forget(target)
      throw new RunIsAnother()
    }
    this.#giveUp(target, 'was deleted in MLflow: nothing more is written to it. Restored there, it goes on when the study is opened again')
  }

  /** After the same fault again and again: throws unless the server takes other things for this run, values and, where they are meant, artefacts. */
  async mustTakeOthers(target: RunTarget, runId: string, artifacts: boolean): Promise<void> {
    const { client, context, signal } = this.#options
    await this.mustLive(target, runId)
    // What every run has already, and a small file.
    await client.runs.log(runId, { tags: { 'attune.study_id': context.study.id } }, { signal })
    if (artifacts) await client.artifacts.upload({ runId }, 'attune/study-id.txt', `${context.study.id}\n`, { signal })
  }

  #giveUp(target: RunTarget, why: string): never {
    const key = keyOf(target)
    if (!this.#gone.has(key)) this.#options.tell(`The run of ${target.kind === 'study' ? 'the study' : `trial ${target.number}`} ${why}.`)
    this.#gone.add(key)
    throw new RunIsGone()
  }

  /** It is looked for again, and where it is that of the study, with its children, which hang on the other one. */
  #forget(target: RunTarget): void {
    if (target.kind === 'trial') this.#known.delete(target.key)
    else {
      this.#opening = undefined
      this.#known.clear()
    }
  }

  #remember(number: number, key: RunKey, runId: string): void {
    this.#known.set(key, runId)
    const before = this.#latest.get(number)
    if (before === undefined || attemptOf(before) < attemptOf(key)) this.#latest.set(number, key)
  }

  async #open(): Promise<StudyRun> {
    const { client, settings, context, start, signal } = this.#options
    const attached = settings.runId
    let run: Run
    if (attached === undefined) {
      const { original, definition, id } = context.study
      const experimentId = settings.experimentId ?? (await client.experiments.ensure(settings.experimentName ?? experimentName((original ?? definition).name), {}, { signal })).experimentId
      this.#options.moved()
      run = await this.#create({ kind: 'study' }, experimentId, id, start)
    } else {
      run = await client.runs.get(attached, { signal })
      if (run.lifecycleStage === 'deleted') throw new AttuneError('MLFLOW_RUN', `The run ${attached}, which was to hold the study, is deleted. Restore it, or take away MLFLOW_RUN_ID (the option runId).`)
      // Who began it, and from where, is known there.
      const theirs = (tag: string): boolean => Object.hasOwn(settings.surroundings, tag) && !Object.hasOwn(settings.tags, tag) && Object.hasOwn(run.tags, tag)
      await this.#setTags({ kind: 'study' }, attached, Object.fromEntries(Object.entries(start.tags).filter(([tag]) => !theirs(tag))))
    }
    const kept = Number(run.tags[this.cursorTag] ?? 0)
    this.#study = { experimentId: run.experimentId, runId: run.runId, kept: Number.isSafeInteger(kept) && kept > 0 ? kept : 0 }
    return this.#study
  }

  async #create(target: RunTarget, experimentId: string, key: string, { name, startTime, tags }: RunStart, parentRunId?: string): Promise<Run> {
    const { client, signal } = this.#options
    const { first, later } = splitTags(tags)
    const run = await client.runs.create({ experimentId, key, name: runName(name), startTime, tags: first, ...(parentRunId !== undefined && { parentRunId }) }, { signal })
    this.#options.moved()
    await this.#setTags(target, run.runId, later)
    return run
  }

  async #setTags(target: RunTarget, runId: string, tags: Texts): Promise<void> {
    if (Object.keys(tags).length === 0) return
    const alterations = await this.#options.client.runs.log(runId, { tags }, { signal: this.#options.signal })
    if (alterations.length > 0) this.#options.altered(target, alterations)
  }

  async #trial(target: TrialRun, study: StudyRun, begins: boolean): Promise<string> {
    // Somebody may have deleted the run of a trial that began before this process had the logger.
    if (!begins && study.kept > 0 && (await this.#search(study, this.#fullKey(target.key), 'deleted')).length > 0 && (await this.#search(study, this.#fullKey(target.key), 'active')).length === 0) {
      this.#giveUp(target, 'was deleted in MLflow: nothing more is written to it. Restored there, it goes on when the study is opened again')
    }
    const run = await this.#create(target, study.experimentId, this.#fullKey(target.key), target.start, study.runId).catch((error: unknown) => {
      if (kindOf(error) !== 'refused') throw error
      return this.#refused(target, study, error)
    })
    await this.#keepParent(run, study)
    const adopter = this.#adopters.get(target.key)
    if (adopter !== undefined) await this.#setParent(run.runId, adopter)
    if (target.adopts !== undefined) {
      // First this: the run of the attempt before may be made at this moment.
      this.#adopters.set(target.adopts, run.runId)
      const before = this.#known.get(target.adopts) ?? (await this.#search(study, this.#fullKey(target.adopts), 'active')).at(0)?.runId
      if (before !== undefined) await this.#setParent(before, run.runId)
    }
    return run.runId
  }

  async #setParent(runId: string, parent: string): Promise<void> {
    await this.#options.client.runs.log(runId, { tags: { [parentTag]: parent } }, { signal: this.#options.signal })
  }

  /** An experiment that was deleted may be restored; anything else is the fault of this run. */
  async #refused(target: TrialRun, { experimentId }: StudyRun, error: unknown): Promise<never> {
    const experiment = await this.#options.client.experiments.get(experimentId, { signal: this.#options.signal })
    if (experiment.lifecycleStage === 'deleted') throw new AttuneError('MLFLOW_FORBIDDEN', `The experiment ${experiment.name} was deleted in MLflow. Restore it: until then nothing is logged.`, { cause: error })
    return this.#giveUp(target, `cannot be made, and the trial is not logged: ${(error as Error).message}`)
  }

  /** A run from before the study's run was deleted and made again hangs on the old one. */
  async #keepParent(run: Run, study: StudyRun): Promise<void> {
    const { client, signal } = this.#options
    const parent = run.tags[parentTag]
    if (parent === study.runId) return
    // Under a later attempt it stays.
    if (parent !== undefined && (await client.runs.get(parent, { signal })).lifecycleStage === 'active') return
    await this.#setParent(run.runId, study.runId)
  }

  #fullKey(key: RunKey): string {
    return `${this.#options.context.study.id}/${key}`
  }

  /** The run of a key that is kept, where the one that is known may have been made twice. */
  async #kept(target: RunTarget): Promise<Run | undefined> {
    const { study } = this
    if (study === undefined || (target.kind === 'study' && this.#options.settings.runId !== undefined)) return undefined
    return (await this.#search(study, target.kind === 'study' ? this.#options.context.study.id : this.#fullKey(target.key), 'active')).at(0)
  }

  /** Runs of a whole key, and with `attempts` those of the attempts below it. */
  async #search({ experimentId }: StudyRun, key: string, view: 'active' | 'deleted', attempts = false): Promise<Run[]> {
    const { client, signal } = this.#options
    const stored = encodeKey(key)
    const found: Run[] = []
    for await (const run of client.runs.search([experimentId], { filter: `tags."${keyTag}" ${attempts ? 'LIKE' : '='} '${stored}${attempts ? '%' : ''}'`, view, signal })) {
      const its = run.tags[keyTag]
      if (its === stored || (attempts && its?.startsWith(`${stored}/`))) found.push(run)
    }
    return found
  }
}

export function keyOf(target: RunTarget): RunKey {
  return target.kind === 'study' ? 'study' : target.key
}

/** Of `trial/7/2`: 2. */
function attemptOf(key: RunKey): number {
  return Number(key.split('/')[2] ?? 0)
}

