import type { Amendment, LoggerContext, Metrics, Objective, StudyEvent, StudySummary, TrialRecord } from '@attune/core'
import { loggerContext } from '@attune/testing'
import type { VirtualClock } from './virtual-terminal.test-support.ts'

export const maximizeAccuracy: Objective = { metric: 'valAccuracy', direction: 'maximize', from: 'last' }

/** What a logger is told of a study. */
export function context(given: { readonly name?: string; readonly objectives?: readonly Objective[]; readonly counts?: Partial<StudySummary['counts']>; readonly best?: TrialRecord } = {}): LoggerContext {
  const { name = 'digits', objectives = [maximizeAccuracy], ...parts } = given
  return loggerContext({ ...parts, definition: { name, objectives } })
}

export function trial(number: number, given: Partial<TrialRecord> = {}): TrialRecord {
  return {
    number, state: 'running', attempt: 1, params: {}, flatParams: { learningRate: 0.01, 'optimizer.type': 'adam' }, origin: 'sampler', suggestion: undefined, reports: [], metrics: {}, value: undefined, values: undefined, violation: 0, failure: undefined,
    earlierFailures: [], attributes: {}, artifacts: {}, artifact: () => Promise.resolve(undefined), checkpoint: undefined, earlierCheckpoint: undefined, toStep: undefined, owner: undefined, parent: undefined, voided: undefined, createdAt: 0, startedAt: undefined, endedAt: undefined, ...given,
  }
}

/** Makes events as a study does, with the times of a clock. */
export class Events {
  readonly #clock: VirtualClock
  readonly #send: (event: StudyEvent) => void
  readonly #trials = new Map<number, TrialRecord>()
  #revision = 0

  constructor(clock: VirtualClock, send: (event: StudyEvent) => void) {
    this.#clock = clock
    this.#send = send
  }

  studyStarted(goal?: number, owner = 'this process'): void {
    this.#send({ ...this.#base(), type: 'study.started', owner, goal })
  }

  studyStopped(reason: string, owner = 'this process'): void {
    this.#send({ ...this.#base(), type: 'study.stopped', owner, reason })
  }

  start(number: number): void {
    this.#set(trial(number, { startedAt: this.#clock.now() }), 'trial.started')
  }

  report(number: number, step: number, metrics: Metrics): void {
    const base = this.#base()
    const report = { step, metrics, time: base.time }
    const before = this.#trials.get(number)!
    const after = { ...before, reports: [...before.reports, report] }
    this.#trials.set(number, after)
    this.#send({ ...base, type: 'trial.reported', trial: after, report })
  }

  end(number: number, state: 'complete' | 'pruned', values: readonly number[], given: Partial<TrialRecord> = {}): void {
    this.#set({ ...this.#trials.get(number)!, state, values, endedAt: this.#clock.now(), ...given }, state === 'complete' ? 'trial.completed' : 'trial.pruned')
  }

  fail(number: number, reason: NonNullable<TrialRecord['failure']>['reason'], message: string): void {
    this.#set({ ...this.#trials.get(number)!, state: 'failed', failure: { reason, message }, endedAt: this.#clock.now() }, 'trial.failed')
  }

  requeue(number: number, message: string): void {
    this.#set({ ...this.#trials.get(number)!, state: 'waiting', earlierFailures: [{ reason: 'lost', message }] }, 'trial.requeued')
  }

  pause(number: number): void {
    this.#set({ ...this.#trials.get(number)!, state: 'paused' }, 'trial.paused')
  }

  resume(number: number): void {
    this.#set({ ...this.#trials.get(number)!, state: 'running' }, 'trial.resumed')
  }

  improve(number: number): void {
    this.#set(this.#trials.get(number)!, 'best.improved')
  }

  amend(number: number, given: Partial<TrialRecord>, amendment: Amendment = { metrics: {}, note: 'measured again' }): void {
    const trial = { ...this.#trials.get(number)!, ...given }
    this.#trials.set(number, trial)
    this.#send({ ...this.#base(), type: 'trial.amended', trial, amendment, by: 'me' })
  }

  rename(name: string): void {
    this.#send({ ...this.#base(), type: 'study.renamed', before: 'before', name, by: 'me', note: undefined })
  }

  warn(source: string, message: string, number?: number): void {
    this.#send({ ...this.#base(), type: 'warning', number, source, message })
  }

  remark(source: string, message: string): void {
    this.#send({ ...this.#base(), type: 'remark', source, message })
  }

  #base(): { readonly revision: number; readonly time: number } {
    return { revision: ++this.#revision, time: this.#clock.now() }
  }

  #set(trial: TrialRecord, type: 'trial.started' | 'trial.completed' | 'trial.pruned' | 'trial.failed' | 'trial.requeued' | 'trial.paused' | 'trial.resumed' | 'best.improved'): void {
    this.#trials.set(trial.number, trial)
    this.#send({ ...this.#base(), type, trial })
  }
}
