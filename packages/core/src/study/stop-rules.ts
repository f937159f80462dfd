import type { History } from '../contracts/history.ts'
import type { Objective } from '../contracts/objective.ts'
import type { TrialState } from '../contracts/trial-record.ts'
import { AttuneError } from '../errors.ts'
import { show } from '../space/show.ts'

/** What a stop rule sees. It is asked before each trial starts. */
export interface StopContext {
  readonly history: History
  readonly counts: { readonly [state in TrialState]: number }
  readonly objectives: readonly Objective[]
  /** Trials that ended since the best one did; all that ended while there is no best one. */
  readonly endedSinceBest: number
  /** Milliseconds since `optimize` was called. */
  readonly elapsed: number
}

/** Ends a run: answers the reason as a sentence, or undefined to go on. */
export type StopRule = (context: StopContext) => string | undefined

/** Throws OPTION unless the value is a finite number of at least `least` (an integer if asked for). */
export function checkNumber(name: string, value: number, least: number, integer: boolean): void {
  if (typeof value === 'number' && value >= least && (integer ? Number.isSafeInteger(value) : Number.isFinite(value))) return
  throw new AttuneError('OPTION', `${name} must be ${integer ? 'an integer' : 'a number'} of at least ${least}, got ${show(value)}.`, { details: { name, value } })
}

/** Why a run ends that has all its trials. */
export function trialsAreDone(trials: number): string {
  return trials === 1 ? '1 trial is done' : `${trials} trials are done`
}

/** Stops when so many trials are complete or pruned. */
export function afterTrials(trials: number): StopRule {
  checkNumber('afterTrials', trials, 0, true)
  return ({ counts }) => (counts.complete + counts.pruned >= trials ? trialsAreDone(trials) : undefined)
}

/** Stops when so many milliseconds have passed since `optimize` was called. */
export function afterTime(milliseconds: number): StopRule {
  checkNumber('afterTime', milliseconds, 0, false)
  return ({ elapsed }) => (elapsed >= milliseconds ? `the time of ${milliseconds} ms is over` : undefined)
}

/** Stops when the best trial's first objective is at least as good as `value`. Throws OPTION for NaN. */
export function targetReached(value: number): StopRule {
  if (typeof value !== 'number' || Number.isNaN(value)) throw new AttuneError('OPTION', `targetReached needs a number, got ${String(value)}.`)
  return ({ history, objectives }) => {
    if (history.best < 0) return undefined
    const target = objectives[0]!.direction === 'minimize' ? value : -value
    return history.losses()[history.best]! <= target ? `the target of ${value} is reached` : undefined
  }
}

/** Stops when the last `trials` trials to end, those of earlier runs included, brought no new best. */
export function noProgress(trials: number): StopRule {
  checkNumber('noProgress', trials, 1, true)
  return ({ history, endedSinceBest }) => (history.best >= 0 && endedSinceBest >= trials ? `${trials} trials brought no progress` : undefined)
}

/** Stops when one of the rules does. */
export function anyOf(...rules: readonly StopRule[]): StopRule {
  return (context) => {
    for (const rule of rules) {
      const reason = rule(context)
      if (reason !== undefined) return reason
    }
    return undefined
  }
}

/** Stops when all of the rules do. */
export function allOf(...rules: readonly StopRule[]): StopRule {
  return (context) => {
    const reasons = rules.map((rule) => rule(context))
    return rules.length > 0 && reasons.every((reason) => reason !== undefined) ? reasons.join(' and ') : undefined
  }
}
