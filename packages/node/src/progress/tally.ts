import type { FailureReason, LoggerContext, Metrics, Objective, StudyEvent, TrialRecord } from '@attune/core'

/** A trial that runs now. */
export interface RunningTrial {
  readonly number: number
  /** Time, by the storage's clock, at which it was started. */
  readonly since: number
  readonly step: number | undefined
  readonly metrics: Metrics
}

/** Best result of one objective. */
export interface Best {
  readonly objective: Objective
  readonly value: number
  readonly trial: TrialRecord
}

export interface ShownWarning {
  readonly source: string
  readonly message: string
  readonly number: number | undefined
  /** How often it was said. */
  times: number
}

const mostWarnings = 100
const mostFailures = 100

/** What there is to show of a study: a fold over its events. */
export class Tally {
  name: string
  /** The process that shows it. */
  readonly owner: string
  readonly objectives: readonly Objective[]
  readonly counts: { complete: number; pruned: number; failed: number } = { complete: 0, pruned: 0, failed: 0 }
  readonly running: Map<number, RunningTrial> = new Map()
  readonly best: Map<number, Best> = new Map()
  readonly warnings: Map<string, ShownWarning> = new Map()
  /** The last one. */
  remark: { readonly source: string; readonly message: string } | undefined
  /** Failures by reason and message, with the trials that had them. */
  readonly failures: Map<string, { readonly reason: FailureReason; readonly message: string; readonly trials: number[] }> = new Map()
  /** Trials wanted in all: complete, pruned and paused, if it is known. */
  goal: number | undefined
  /** Why `optimize` ended, once it has. */
  stopped: string | undefined
  /** Complete and pruned trials that have ended in this run, for its rate. */
  seen = 0
  /** Trials that had ended before this run. */
  before: number
  /** Steps that ran in trials that this display has seen end. */
  steps = 0
  /** Most steps of a complete trial. */
  #fullSteps = 0
  /** Number of pruned trials by their last step. */
  readonly #prunedAt = new Map<number, number>()
  readonly #voided = new Set<number>()
  readonly #paused = new Set<number>()
  /** Trials that were paused when the display began: which ones is not told. */
  #pausedBefore: number
  /** True if results of earlier sessions are unknown here: with several objectives only the first one's best is told. */
  readonly partial: boolean

  constructor({ study, owner, view: { best } }: Pick<LoggerContext, 'study' | 'owner' | 'view'>, goal: number | undefined) {
    this.owner = owner
    this.name = study.definition.name
    this.objectives = study.definition.objectives
    this.goal = goal
    for (const state of ['complete', 'pruned', 'failed'] as const) this.counts[state] = study.counts[state]
    this.before = this.ended
    this.#pausedBefore = study.counts.paused
    this.partial = this.objectives.length > 1 && study.counts.complete > 0
    const value = best?.values?.[0]
    const objective = this.objectives[0]
    if (best !== undefined && value !== undefined && objective !== undefined) this.best.set(0, { objective, value, trial: best })
  }

  /** Complete, pruned and paused trials: what `trials: 50` counts. */
  get done(): number {
    return this.counts.complete + this.counts.pruned + this.paused
  }

  get paused(): number {
    return this.#paused.size + this.#pausedBefore
  }

  /** Trials that have ended in any way. */
  get ended(): number {
    return this.counts.complete + this.counts.pruned + this.counts.failed
  }

  /** Steps that pruned trials were spared, measured by the longest complete one; undefined where trials have no steps. */
  get stepsSaved(): number | undefined {
    if (this.#fullSteps <= 1) return undefined
    let saved = 0
    for (const [step, trials] of this.#prunedAt) saved += trials * Math.max(0, this.#fullSteps - step)
    return saved
  }

  /** Takes in one event. */
  add(event: StudyEvent): void {
    switch (event.type) {
      case 'study.started':
        if (event.owner !== this.owner) {
          this.goal ??= event.goal
          break
        }
        this.goal = event.goal ?? this.goal
        this.stopped = undefined
        this.seen = 0
        this.before = this.ended
        break
      case 'study.stopped':
        if (event.owner === this.owner) this.stopped = event.reason
        break
      case 'trial.started':
      case 'trial.resumed':
        if (event.type === 'trial.resumed') this.#unpause(event.trial.number)
        this.running.set(event.trial.number, { number: event.trial.number, since: event.time, step: undefined, metrics: {} })
        break
      case 'trial.reported': {
        const before = this.running.get(event.trial.number)
        this.running.set(event.trial.number, { number: event.trial.number, since: before?.since ?? event.trial.startedAt ?? event.time, step: event.report.step, metrics: event.report.metrics })
        break
      }
      case 'trial.paused':
        this.running.delete(event.trial.number)
        this.#paused.add(event.trial.number)
        this.seen++
        break
      case 'trial.requeued':
        this.running.delete(event.trial.number)
        break
      case 'trial.completed':
      case 'trial.pruned':
      case 'trial.failed':
        this.#end(event.trial)
        break
      case 'trial.amended':
        if ('restore' in event.amendment) this.#restore(event.trial)
        else this.#amend(event.trial)
        break
      case 'study.renamed':
        this.name = event.name
        break
      case 'best.improved':
        this.#setBest(0, event.trial)
        break
      case 'warning':
        this.#warn(event)
        break
      case 'remark':
        this.remark = event
        break
      default:
    }
  }

  #unpause(number: number): void {
    if (!this.#paused.delete(number)) this.#pausedBefore = Math.max(0, this.#pausedBefore - 1)
  }

  #end(trial: TrialRecord): void {
    // One that does not run was paused: a scheduler has ended it.
    if (!this.running.delete(trial.number) && trial.attempt > 0 && this.paused > 0) this.#unpause(trial.number)
    const state = trial.state as 'complete' | 'pruned' | 'failed'
    this.counts[state]++
    const steps = trial.reports.at(-1)?.step ?? 0
    this.steps += steps
    if (state === 'complete') this.#fullSteps = Math.max(this.#fullSteps, steps)
    if (state === 'pruned') this.#prunedAt.set(steps, (this.#prunedAt.get(steps) ?? 0) + 1)
    if (state === 'failed') {
      const { reason = 'error', message = '' } = trial.failure ?? {}
      const known = this.failures.get(`${reason} ${message}`)
      if (known !== undefined) known.trials.push(trial.number)
      else if (this.failures.size < mostFailures) this.failures.set(`${reason} ${message}`, { reason, message, trials: [trial.number] })
      return
    }
    this.seen++
    // The first objective's best is told by `best.improved`; with several, the others are compared here.
    for (let index = 1; index < this.objectives.length; index++) if (state === 'complete' && trial.violation === 0) this.#compare(index, trial)
  }

  #compare(index: number, trial: TrialRecord): void {
    const value = trial.values?.[index]
    const known = this.best.get(index)?.value
    if (value === undefined) return
    if (known === undefined || (this.objectives[index]?.direction === 'maximize' ? value > known : value < known)) this.#setBest(index, trial)
  }

  #setBest(index: number, trial: TrialRecord): void {
    const objective = this.objectives[index]
    const value = trial.values?.[index]
    if (objective !== undefined && value !== undefined) this.best.set(index, { objective, value, trial })
  }

  #amend(trial: TrialRecord): void {
    const { state, voided } = trial
    if (voided !== undefined && !this.#voided.has(trial.number)) {
      this.#voided.add(trial.number)
      if (state === 'complete' || state === 'pruned' || state === 'failed') this.counts[state]--
    }
    for (const [index, { trial: holder }] of this.best) {
      if (holder.number !== trial.number) continue
      // Who is best now is told by `best.improved`, if anybody is.
      if (voided === undefined) this.#setBest(index, trial)
      else this.best.delete(index)
    }
  }

  /** It counts again, also where it became void before this display began. */
  #restore(trial: TrialRecord): void {
    const { number, state } = trial
    this.#voided.delete(number)
    if (state === 'complete' || state === 'pruned' || state === 'failed') this.counts[state]++
    if (state === 'complete') for (const index of this.objectives.keys()) this.#compare(index, trial)
  }

  #warn({ source, message, number }: Extract<StudyEvent, { readonly type: 'warning' }>): void {
    const key = `${source} ${message}`
    const known = this.warnings.get(key)
    if (known !== undefined) known.times++
    else if (this.warnings.size < mostWarnings) this.warnings.set(key, { source, message, number, times: 1 })
  }
}
