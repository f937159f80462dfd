import { randomUUID } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import { failpoint } from '@attune/core/failpoint'
import { AttuneError, type Change, type ChangeBody, encodeJson, isAttuneError, requeueCopied, type StudyDefinition, type StudySummary, transition, type TrialState, type WriteRequest, type WriteResult } from '@attune/core'
import { decodeChange, decodeDefinition, encodeChange, encodeDefinition } from '../schema/change-schema.ts'
import { ChangeReader, trialOf } from './change-reader.ts'
import { isBusy } from './failure.ts'
import { FairTurns } from './fair-turns.ts'
import { RequestMemory } from './request-memory.ts'
import type { RequestRow, StudyRow } from './rows.ts'
import { prepareStatements, type Statements } from './statements.ts'
import { StudyHeads } from './study-heads.ts'
import { inTransaction } from './transaction.ts'

/** An open file and all that is done with it. Each method is one transaction and never waits. */
export class StudyFile {
  readonly #path: string
  readonly #database: DatabaseSync
  readonly #statements: Statements
  readonly #reader: ChangeReader
  readonly #memory: RequestMemory
  /** Turns at the write lock. */
  readonly turns: FairTurns

  /** Takes the database over: it is closed if it has not the tables of this format. */
  constructor(path: string, database: DatabaseSync) {
    this.#path = path
    this.#database = database
    try {
      this.#statements = prepareStatements(database)
      this.turns = new FairTurns(database)
    } catch (error) {
      database.close()
      throw isBusy(error) ? error : new AttuneError('STORAGE_FOREIGN', `${path} is marked as ours, but has not our tables: choose another path, or restore it from a copy.`, { cause: error, details: { path } })
    }
    this.#reader = new ChangeReader(this.#statements, path)
    this.#memory = new RequestMemory(this.#statements)
  }

  create(definition: StudyDefinition, requestId: string, now: number): StudySummary | undefined {
    return this.#change(() => {
      const repeated = this.#statements.studyByRequest.get(requestId)
      if (repeated !== undefined) return this.#summary(repeated)
      if (this.#find(definition.name) !== undefined) return undefined
      return this.#insert(definition, requestId, now, 0, 0)
    })
  }

  find(name: string): StudySummary | undefined {
    return this.#read(() => {
      const row = this.#find(name)
      return row === undefined ? undefined : this.#summary(row)
    })
  }

  /** Leaves out a study whose definition is damaged, with a process warning, so that the others can be seen. */
  list(): readonly StudySummary[] {
    return this.#read(() => this.#statements.allStudies.all().flatMap((row) => {
      try {
        return [this.#summary(row)]
      } catch (error) {
        if (!isAttuneError(error, 'STORAGE_DAMAGED')) throw error
        process.emitWarning(error.message, { code: 'ATTUNE_STORAGE_DAMAGED' })
        return []
      }
    }))
  }

  copy(name: string, as: string, requestId: string, now: number): StudySummary | undefined {
    return this.#change(() => {
      const repeated = this.#statements.studyByRequest.get(requestId)
      if (repeated !== undefined) return this.#summary(repeated)
      const source = this.#find(name)
      if (source === undefined || this.#find(as) !== undefined) return undefined
      const copy = this.#insert({ ...this.#definition(source), name: as }, requestId, now, source.revision, source.trials)
      const { key } = this.#find(as) as StudyRow
      for (const copying of [this.#statements.copyTrials, this.#statements.copyChanges, this.#statements.copyLeaves]) copying.run(key, source.key)
      if (source.original !== null) this.#statements.setOriginal.run(encodeDefinition({ ...this.#definition(source, source.original), name: as }), key)
      const heads = new StudyHeads(this.#statements, key, source.trials, () => copy.definition)
      const requeued = requeueCopied(heads, name)
      for (const head of requeued.heads) heads.put(head)
      for (const [i, body] of requeued.bodies.entries()) this.#append(key, source.revision + 1 + i, body, now)
      const revision = source.revision + requeued.bodies.length
      this.#statements.advanceStudy.run(revision, source.trials, key)
      return this.#summary(this.#find(as))
    })
  }

  delete(name: string, requestId: string, now: number): boolean {
    return this.#change(() => {
      if (this.#statements.deletion.get(requestId) !== undefined) return true
      if (this.#statements.deleteStudy.run(name).changes === 0) return false
      this.#memory.forgetDeletions(now)
      this.#statements.insertDeletion.run(requestId, now)
      return true
    })
  }

  write(studyId: string, request: WriteRequest, now: number): WriteResult {
    return inTransaction(this.#database, 'immediate', () => this.#apply(this.#study(studyId), request, now), (result) => result.ok)
  }

  changesSince(studyId: string, revision: number, limit: number): readonly Change[] {
    const { key } = this.#study(studyId)
    return this.#reader.between(key, revision, revision + limit)
  }

  close(): void {
    this.#database.close()
  }

  #apply(study: StudyRow, request: WriteRequest, now: number): WriteResult {
    const seen = this.#statements.request.get(study.key, request.id) as RequestRow | undefined
    if (seen !== undefined) return { ok: true, changes: this.#reader.between(study.key, seen.first, seen.last) }
    const heads = new StudyHeads(this.#statements, study.key, study.trials, () => this.#definition(study))
    const changes: Change[] = []
    for (const operation of request.operations) {
      const decided = transition(operation, heads, now)
      if (!decided.ok) return decided
      for (const head of decided.heads) heads.put(head)
      for (const body of decided.bodies) {
        changes.push(this.#append(study.key, study.revision + changes.length + 1, body, now))
        if (body.type === 'extend') heads.putLeaf(body.path, encodeJson(body.leaf))
        heads.redefine(body)
      }
    }
    const revision = study.revision + changes.length
    failpoint('storage.before-request')
    if (changes.length > 0) {
      this.#statements.insertRequest.run(study.key, request.id, study.revision, revision)
      this.#statements.advanceStudy.run(revision, heads.nextNumber, study.key)
      this.#memory.forgetRequests(study.key, study.revision, revision, now)
    }
    return { ok: true, changes }
  }

  /** Stores a change, and answers it as it will be read: nothing that cannot be read back is ever stored. */
  #append(study: number, revision: number, body: ChangeBody, time: number): Change {
    const stored = encodeChange(body)
    const change = { revision, time, body: decodeChange(stored) }
    this.#statements.insertChange.run(study, revision, time, body.type, trialOf(body), stored)
    return change
  }

  #insert(definition: StudyDefinition, requestId: string, now: number, revision: number, trials: number): StudySummary {
    const stored = encodeDefinition(definition)
    const summary = { id: randomUUID(), definition: decodeDefinition(stored), createdAt: now, revision, counts: { ...noTrials } }
    if (!definition.name.isWellFormed()) throw new AttuneError('MALFORMED_DATA', `The study name ${JSON.stringify(definition.name)} has half a character in it: choose another name.`)
    this.#statements.insertStudy.run(summary.id, definition.name, requestId, stored, now, revision, trials)
    return summary
  }

  #find(name: string): StudyRow | undefined {
    return this.#statements.studyByName.get(name) as StudyRow | undefined
  }

  #study(id: string): StudyRow {
    const row = this.#statements.studyById.get(id) as StudyRow | undefined
    if (row === undefined) throw new AttuneError('STUDY_NOT_FOUND', `There is no study with the id "${id}" in ${this.#path}: it was deleted, or belongs to another storage.`)
    return row
  }

  #summary(found: unknown): StudySummary {
    const row = found as StudyRow
    const summary = { id: row.id, definition: this.#definition(row), createdAt: row.createdAt, revision: row.revision, counts: this.#counts(row.key) }
    return row.original === null ? summary : { ...summary, original: this.#definition(row, row.original) }
  }

  #definition(row: StudyRow, stored: string = row.definition): StudyDefinition {
    try {
      return decodeDefinition(stored)
    } catch (cause) {
      const message = `The definition of the study "${row.name}" in ${this.#path} (table studies, key ${row.key}) is damaged: restore the file from a copy, or delete this study. ${cause instanceof Error ? cause.message : ''}`
      throw new AttuneError('STORAGE_DAMAGED', message, { cause, details: { path: this.#path, study: row.name } })
    }
  }

  #counts(study: number): StudySummary['counts'] {
    const counts = { ...noTrials }
    for (const row of this.#statements.counts.all(study) as { state: TrialState; trials: number }[]) counts[row.state] = row.trials
    return counts
  }

  #change<T>(work: () => T): T {
    return inTransaction(this.#database, 'immediate', work)
  }

  #read<T>(work: () => T): T {
    return inTransaction(this.#database, 'deferred', work)
  }
}

const noTrials: StudySummary['counts'] = { waiting: 0, running: 0, paused: 0, complete: 0, pruned: 0, failed: 0 }
