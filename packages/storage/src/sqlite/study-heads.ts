import { type ChangeBody, type Heads, redefined, type StudyDefinition, type TrialHead, type TrialState } from '@attune/core'
import { encodeDefinition } from '../schema/change-schema.ts'
import type { TrialRow } from './rows.ts'
import type { Statements } from './statements.ts'

/** The heads of one study, read from the file and written back within the caller's transaction. */
export class StudyHeads implements Heads {
  readonly #statements: Statements
  readonly #study: number
  #nextNumber: number
  readonly #readDefinition: () => StudyDefinition
  #definition: StudyDefinition | undefined

  /** `readDefinition` is called where the definition matters, which is seldom. */
  constructor(statements: Statements, study: number, nextNumber: number, readDefinition: () => StudyDefinition) {
    this.#statements = statements
    this.#study = study
    this.#nextNumber = nextNumber
    this.#readDefinition = readDefinition
  }

  get definition(): StudyDefinition {
    return (this.#definition ??= this.#readDefinition())
  }

  isNameTaken(name: string): boolean {
    return this.#statements.studyByName.get(name) !== undefined
  }

  get nextNumber(): number {
    return this.#nextNumber
  }

  get(number: number): TrialHead | undefined {
    // A number that is not one of ours, as 1.5, NaN or 1e300, never reaches SQLite.
    return Number.isSafeInteger(number) ? toHead(this.#statements.trial.get(this.#study, number)) : undefined
  }

  firstWaiting(): TrialHead | undefined {
    return toHead(this.#statements.firstWaiting.get(this.#study))
  }

  running(): Iterable<TrialHead> {
    return this.#statements.running.all(this.#study).map((row) => toHead(row) as TrialHead)
  }

  leaf(path: string): string | undefined {
    return this.#statements.leaf.get(this.#study, path)?.['leaf'] as string | undefined
  }

  put(head: TrialHead): void {
    this.#statements.putTrial.run(this.#study, head.number, head.state, head.attempt, head.token ?? null, head.owner ?? null, head.leaseEnd)
    if (head.number >= this.#nextNumber) this.#nextNumber = head.number + 1
  }

  /** Another name or space, if the change says so. */
  redefine(body: ChangeBody): void {
    if (body.type !== 'rename' && body.type !== 'revise') return
    const next = redefined(this.definition, body)
    this.#statements.redefineStudy.run(next.name, encodeDefinition(next), this.#study)
    this.#definition = next
  }

  putLeaf(path: string, leaf: string): void {
    this.#statements.insertLeaf.run(this.#study, path, leaf)
  }
}

function toHead(found: unknown): TrialHead | undefined {
  if (found === undefined) return undefined
  const row = found as TrialRow
  return { number: row.number, state: row.state as TrialState, attempt: row.attempt, token: row.token ?? undefined, owner: row.owner ?? undefined, leaseEnd: row.leaseEnd }
}
