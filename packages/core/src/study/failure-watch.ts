import type { Failure } from '../contracts/trial-record.ts'
import { AttuneError } from '../errors.ts'
import type { Ended } from './run-trial.ts'

/** Identical errors from the start that end a run: a typing mistake must not cost fifty trials. */
const identicalFailures = 3
/** Failures in a row without any success that end a run, whatever their messages. */
const failuresInARow = 50

/** Where a failure came from. A result that is no metric has been returned by then, so its stack would show nothing but this library. */
function framesOf({ reason, message, stack }: Failure): string {
  if (stack === undefined || reason === 'invalid-metric') return ''
  const header = stack.indexOf(message)
  return header < 0 ? `\n${stack}` : stack.slice(header + message.length)
}

/** Notices that a run cannot work. */
export class FailureWatch {
  #completed = false
  #row = 0
  readonly #first: Failure[] = []

  /** The error that ends the run, if this end of a trial shows one. Attempts that are retried are not the end of a trial. */
  judge(end: Ended): AttuneError | undefined {
    const { failure } = end
    if (end.state === 'complete' || end.state === 'pruned' || end.state === 'paused') {
      this.#completed = true
      this.#row = 0
    }
    if (end.state !== 'failed' || failure === undefined) return undefined
    this.#row++
    if (!this.#completed && this.#first.length < identicalFailures) this.#first.push(failure)
    const details = { failure }
    const cause = end.error ?? failure
    if (!this.#completed && this.#first.length === identicalFailures && this.#row === identicalFailures && this.#first.every(({ message, reason }) => message === failure.message && reason === failure.reason)) {
      return new AttuneError('OBJECTIVE_FAILS', `The first ${identicalFailures} trials all failed alike, so the run ends here. ${failure.message}${framesOf(failure)}`, { cause, details })
    }
    if (this.#row >= failuresInARow) return new AttuneError('OBJECTIVE_FAILS', `${this.#row} trials in a row have failed, the last one with: ${failure.message}`, { cause, details })
    return undefined
  }
}
