import { type Change, type ChangeBody, type Failure, isAttuneError } from '@attune/core'
import { decodeChange } from '../schema/change-schema.ts'
import type { ChangeRow } from './rows.ts'
import type { Statements } from './statements.ts'

/** Changes that move a trial through its life: without one of them, what the trial did next makes no sense. */
const lifeChanges: ReadonlySet<string> = new Set(['create', 'assign', 'claim', 'pause', 'finish', 'requeue'])

/** The trial that a change is about, null for one about the study. */
export function trialOf(body: ChangeBody): number | null {
  return 'number' in body ? (body.number ?? null) : null
}

/**
 * Turns rows into changes. A row that is damaged costs its trial, never the study: a damaged change in a trial's life
 * ends that trial as failed with a message that names the row, and what follows of the trial is answered as
 * warnings; any other damaged row is answered as a warning. Revisions stay without a gap and nothing is invented.
 * Numbers of such trials are remembered from the reading of their damaged row on.
 */
export class ChangeReader {
  readonly #statements: Statements
  readonly #path: string
  /** Numbers of trials with a damaged life, by study. */
  readonly #lost = new Map<number, Set<number>>()

  constructor(statements: Statements, path: string) {
    this.#statements = statements
    this.#path = path
  }

  /** Changes after `revision` up to and including `last`. */
  between(study: number, revision: number, last: number): readonly Change[] {
    const rows = this.#statements.changesBetween.all(study, revision, last) as unknown as ChangeRow[]
    return rows.map((row) => ({ revision: row.revision, time: row.time, body: this.#body(study, row) }))
  }

  #body(study: number, row: ChangeRow): ChangeBody {
    const lost = this.#lost.get(study)
    if (lost !== undefined && row.trial !== null && lost.has(row.trial)) {
      return this.#warning(row.trial, `Revision ${row.revision} is left out: an earlier record of trial ${row.trial} is damaged.`)
    }
    let body: ChangeBody
    try {
      body = decodeChange(row.body)
    } catch (error) {
      if (!isAttuneError(error)) throw error
      return this.#damaged(study, row, error.message)
    }
    const trial = trialOf(body)
    // Where the table's own column is what is damaged, there is no such trial.
    if (trial === row.trial || row.trial === null || this.#statements.trial.get(study, row.trial) === undefined) return body
    return this.#damaged(study, row, `it is about trial ${trial}, where the table has ${row.trial}.`)
  }

  #damaged(study: number, row: ChangeRow, why: string): ChangeBody {
    const message = `The record of revision ${row.revision} in ${this.#path} (table changes, study ${study}) is damaged: ${why}`
    const number = row.trial
    if (number === null || !lifeChanges.has(row.type)) return this.#warning(number, message)
    const lost = this.#lost.get(study) ?? new Set()
    this.#lost.set(study, lost.add(number))
    const failure: Failure = { reason: 'error', message }
    const outcome = { state: 'failed', failure } as const
    return row.type === 'create' ? { type: 'create', number, origin: 'added', outcome } : { type: 'finish', number, outcome }
  }

  #warning(number: number | null, message: string): ChangeBody {
    return { type: 'warn', ...(number === null ? {} : { number }), source: '@attune/storage', message }
  }
}
