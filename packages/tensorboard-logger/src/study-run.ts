import type { LoggerView, Objective, TrialRecord } from '@attune/core'
import type { ScalarValue, SummaryEvent } from './events/event.ts'
import { RunFile } from './run-file.ts'
import { markOfRevision } from './trial-log.ts'
import { hasEnded, isShown, markdownTable } from './trial-summary.ts'

/** What the trials that have ended amount to, one after the other. */
class Tally {
  /** Best value of each objective, undefined without. */
  readonly best: (number | undefined)[]
  readonly counts = { complete: 0, pruned: 0, failed: 0 }
  /** Names of metrics that each trial with a result has; undefined before the first. */
  common: readonly string[] | undefined
  readonly #objectives: readonly Objective[]

  constructor(objectives: readonly Objective[]) {
    this.#objectives = objectives
    this.best = objectives.map(() => undefined)
  }

  /** Takes in a trial, as samplers and `best` do: void ones count for nobody. */
  add({ state, voided, violation, values, metrics }: TrialRecord): void {
    if (voided !== undefined || (state !== 'complete' && state !== 'pruned' && state !== 'failed')) return
    this.counts[state]++
    if (state === 'failed') return
    const shown = (name: string): boolean => name !== '' && isShown(metrics[name] ?? NaN)
    this.common = (this.common ?? Object.keys(metrics)).filter(shown)
    if (state !== 'complete' || violation > 0) return
    for (const [i, { direction }] of this.#objectives.entries()) {
      const [value, best] = [values?.[i] ?? NaN, this.best[i]]
      if (isShown(value) && (best === undefined || (direction === 'maximize' ? value > best : value < best))) this.best[i] = value
    }
  }

  get values(): readonly ScalarValue[] {
    const scalar = (tag: string, value: number | undefined): readonly ScalarValue[] => (value === undefined ? [] : [{ kind: 'scalar', tag: `study/${tag}`, value }])
    return [
      ...this.best.flatMap((value, i) => scalar(this.best.length === 1 ? 'best' : `best/${this.#objectives[i]!.metric}`, value)),
      ...Object.entries(this.counts).flatMap(([state, count]) => scalar(state, count)),
    ]
  }
}

/**
 * The run of the study itself: the best so far and the counts, by trial number. The point of a trial is what was known when it ended.
 * Trials end out of order, and steps must not go back: one that ends after a later one shows in the next point, and when the run
 * is written anew at each flush, in the last.
 */
export class StudyRun {
  readonly #view: LoggerView
  readonly #file: RunFile
  #tally: Tally
  readonly #counted = new Set<number>()
  #last = -1
  /** True if trials have ended, or were corrected, since the run was written. */
  #outdated = true

  constructor(studyFolder: string, view: LoggerView) {
    this.#view = view
    this.#file = new RunFile(studyFolder, 'study')
    this.#tally = new Tally(this.#objectives)
  }

  get #objectives(): readonly Objective[] {
    return this.#view.study.definition.objectives
  }

  get isOpen(): boolean {
    return this.#file.isOpen
  }

  get commonMetrics(): readonly string[] {
    return this.#tally.common ?? []
  }

  /** A trial has ended, or an ended one was corrected: only all of them together tell what that changes. */
  async take(trial: TrialRecord, corrected: boolean): Promise<void> {
    if (!hasEnded(trial) || (this.#counted.has(trial.number) && !corrected)) return
    this.#outdated = true
    if (corrected) return
    this.#counted.add(trial.number)
    this.#tally.add(trial)
    if (trial.number <= this.#last || !this.#file.isOpen) return
    this.#last = trial.number
    try {
      await this.#file.append(this.#point(trial, this.#tally.values))
    } catch (error) {
      await this.#file.abandon()
      throw error
    }
  }

  /** Writes the run from all trials, unless another process knew more of them. */
  async write(): Promise<void> {
    if (!this.#outdated && (await this.#file.isCurrent())) return
    const mark = markOfRevision(this.#view.study.revision)
    const found = await this.#file.read()
    const records = this.#fold()
    if (found.mark <= mark && records.length > 0) await this.#file.replace(records, mark, found)
    await this.#file.sync()
    this.#outdated = false
  }

  /** Closes the file, and forgets that it is there. */
  async abandon(): Promise<void> {
    this.#outdated = true
    await this.#file.abandon()
  }

  /** The points of all trials that have ended, in the order of their ends; the last one has everything. */
  #fold(): readonly SummaryEvent[] {
    const ended = this.#view.trials().filter(hasEnded)
    ended.sort((a, b) => (a.endedAt ?? 0) - (b.endedAt ?? 0) || a.number - b.number)
    const points: SummaryEvent[] = []
    this.#tally = new Tally(this.#objectives)
    this.#counted.clear()
    this.#last = -1
    for (const trial of ended) {
      this.#tally.add(trial)
      this.#counted.add(trial.number)
      if (trial.number <= this.#last) continue
      this.#last = trial.number
      points.push(this.#point(trial, this.#tally.values))
    }
    const last = points.pop()
    if (last === undefined) return []
    return [...points, { ...last, values: [...this.#tally.values, { kind: 'text', tag: 'study/text_summary', markdown: this.#markdown() }] }]
  }

  #point({ number, endedAt }: TrialRecord, values: readonly ScalarValue[]): SummaryEvent {
    return { kind: 'summary', step: number, time: endedAt ?? 0, values }
  }

  #markdown(): string {
    const { study, best } = this.#view
    const { name, objectives } = study.definition
    return markdownTable(name, [
      ...objectives.map(({ metric, direction }, i) => [`best ${metric} (${direction})`, this.#tally.best[i] ?? 'none yet'] as const),
      ...Object.entries(this.#tally.counts),
      ...(best === undefined ? [] : [['best trial', best.number] as const, ...Object.entries(best.flatParams).map(([path, value]) => [`parameter ${path}`, JSON.stringify(value)] as const)]),
    ])
  }
}
