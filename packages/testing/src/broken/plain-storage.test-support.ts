import { AttuneError, type Change, type ChangeBody, decodeJson, encodeJson, type Heads, isAttuneError, type Json, type Storage, type StudyDefinition, type StudySummary, transition, type Transition, type TrialHead, type TrialState, type WriteRequest, type WriteResult } from '@attune/core'

/** Where plain storages keep things: shared by all that are made on it, as a file would be. */
export class Place {
  readonly studies = new Map<string, PlainStudy>()
  count = 0
}

interface PlainStudy {
  readonly id: string
  readonly createdBy: string
  definition: string
  readonly createdAt: number
  heads: TrialHead[]
  /** Bodies as texts; a damaged one keeps its kind and trial, as a table's columns would. */
  rows: { readonly time: number; readonly type: string; readonly trial: number | undefined; body: string }[]
  leaves: Map<string, string>
  requests: Map<string, readonly [first: number, last: number]>
}

/** The ways in which a plain storage can be told to break its promises, one method each. */
export interface Hooks {
  readonly encode: (value: unknown) => string
  readonly decode: (text: string) => Json
  readonly decide: typeof transition
  readonly nameKey: (name: string) => string
  readonly requestKey: (id: string) => string
  /** Answers the study's state to return to when a request is refused. */
  readonly savepoint: (study: PlainStudy) => () => void
  /** Runs between reading and writing, in the middle of a write. */
  readonly pause: () => Promise<void> | undefined
  readonly page: (changes: Change[], revision: number, limit: number) => readonly Change[]
  readonly damaged: (row: PlainStudy['rows'][number], revision: number, lost: Set<number>) => ChangeBody
  readonly answer: (change: Change, body: ChangeBody) => Change
  readonly closing: (place: Place) => void
  readonly copyRows: (study: PlainStudy) => PlainStudy['rows']
  readonly copyLeaves: (study: PlainStudy) => PlainStudy['leaves']
}

export const soundHooks: Hooks = {
  encode: (value) => encodeJson(value as Json),
  decode: decodeJson,
  decide: transition,
  nameKey: (name) => name,
  requestKey: (id) => id,
  savepoint: (study) => {
    const { heads, rows, leaves } = study
    const kept = { heads: [...heads], rows: [...rows], leaves: new Map(leaves) }
    return () => Object.assign(study, kept)
  },
  pause: () => undefined,
  page: (changes, revision, limit) => changes.slice(revision, revision + limit),
  damaged: (row, revision, lost) => {
    const message = `The record of revision ${revision} is damaged.`
    if (row.trial === undefined || row.type === 'report') return { type: 'warn', source: 'plain', message }
    lost.add(row.trial)
    const outcome = { state: 'failed', failure: { reason: 'error', message } } as const
    return row.type === 'create' ? { type: 'create', number: row.trial, origin: 'added', outcome } : { type: 'finish', number: row.trial, outcome }
  },
  answer: (change) => change,
  closing: () => undefined,
  copyRows: (study) => [...study.rows],
  copyLeaves: (study) => new Map(study.leaves),
}

/** The simplest storage that keeps the contract, made of maps and texts, and a twin of every way to break it. */
export class PlainStorage implements Storage {
  readonly specVersion = 'v1' as const
  readonly persistent = true
  readonly #place: Place
  readonly #hooks: Hooks
  #closed = false

  constructor(place: Place, hooks: Partial<Hooks> = {}) {
    this.#place = place
    this.#hooks = { ...soundHooks, ...hooks }
  }

  createStudy(definition: StudyDefinition, requestId: string): StudySummary | undefined {
    return this.#insert(definition, requestId, () => ({ heads: [], rows: [], leaves: new Map() }))
  }

  findStudy(name: string): StudySummary | undefined {
    this.#ensureOpen()
    const study = this.#place.studies.get(this.#hooks.nameKey(name))
    return study === undefined ? undefined : this.#summary(study)
  }

  listStudies(): readonly StudySummary[] {
    this.#ensureOpen()
    return [...this.#place.studies.values()].map((study) => this.#summary(study))
  }

  copyStudy(name: string, as: string, requestId: string): StudySummary | undefined {
    this.#ensureOpen()
    const source = this.#place.studies.get(this.#hooks.nameKey(name))
    if (source === undefined) return undefined
    const definition = { ...(this.#hooks.decode(source.definition) as unknown as StudyDefinition), name: as }
    return this.#insert(definition, requestId, () => ({ heads: [...source.heads], rows: this.#hooks.copyRows(source), leaves: this.#hooks.copyLeaves(source) }))
  }

  deleteStudy(name: string): boolean {
    this.#ensureOpen()
    return this.#place.studies.delete(this.#hooks.nameKey(name))
  }

  async write(studyId: string, request: WriteRequest): Promise<WriteResult> {
    const study = this.#study(studyId)
    const key = this.#hooks.requestKey(request.id)
    const seen = study.requests.get(key)
    if (seen !== undefined) return { ok: true, changes: this.#changes(study).slice(...seen) }
    const rollBack = this.#hooks.savepoint(study)
    const first = study.rows.length
    const bodies: ChangeBody[] = []
    for (const operation of request.operations) {
      const decided: Transition = this.#hooks.decide(operation, headsOf(study), Date.now())
      const pause = this.#hooks.pause()
      // Without one nothing else runs in between.
      if (pause !== undefined) await pause
      if (!decided.ok) {
        rollBack()
        return decided
      }
      for (const head of decided.heads) study.heads[head.number] = head
      for (const body of decided.bodies) {
        study.rows.push({ time: Date.now(), type: body.type, trial: 'number' in body ? body.number : undefined, body: this.#hooks.encode(body) })
        bodies.push(body)
        if (body.type === 'extend') study.leaves.set(body.path, encodeJson(body.leaf))
      }
    }
    study.requests.set(key, [first, study.rows.length])
    const changes = this.#changes(study).slice(first, first + bodies.length)
    return { ok: true, changes: changes.map((change, i) => this.#hooks.answer(change, bodies[i] as ChangeBody)) }
  }

  changesSince(studyId: string, revision: number, limit = 1000): readonly Change[] {
    return this.#hooks.page(this.#changes(this.#study(studyId)), revision, limit)
  }

  close(): void {
    if (!this.#closed) this.#hooks.closing(this.#place)
    this.#closed = true
  }

  #insert(definition: StudyDefinition, requestId: string, content: () => Pick<PlainStudy, 'heads' | 'rows' | 'leaves'>): StudySummary | undefined {
    this.#ensureOpen()
    const key = this.#hooks.requestKey(requestId)
    const repeated = [...this.#place.studies.values()].find(({ createdBy }) => createdBy === key)
    if (repeated !== undefined) return this.#summary(repeated)
    const nameKey = this.#hooks.nameKey(definition.name)
    if (this.#place.studies.has(nameKey)) return undefined
    const study = { id: `plain-${++this.#place.count}`, createdBy: key, definition: this.#hooks.encode(definition), createdAt: Date.now(), requests: new Map(), ...content() }
    this.#place.studies.set(nameKey, study)
    return this.#summary(study)
  }

  #summary(study: PlainStudy): StudySummary {
    const counts: { [state in TrialState]: number } = { waiting: 0, running: 0, paused: 0, complete: 0, pruned: 0, failed: 0 }
    for (const { state } of study.heads) counts[state]++
    return { id: study.id, definition: this.#hooks.decode(study.definition) as unknown as StudyDefinition, createdAt: study.createdAt, revision: study.rows.length, counts }
  }

  #changes(study: PlainStudy): Change[] {
    const lost = new Set<number>()
    return study.rows.map((row, i) => ({ revision: i + 1, time: row.time, body: this.#body(row, i + 1, lost) }))
  }

  #body(row: PlainStudy['rows'][number], revision: number, lost: Set<number>): ChangeBody {
    if (row.trial !== undefined && lost.has(row.trial)) return { type: 'warn', source: 'plain', message: `Revision ${revision} is left out.` }
    try {
      return this.#hooks.decode(row.body) as unknown as ChangeBody
    } catch (error) {
      if (!isAttuneError(error)) throw error
      return this.#hooks.damaged(row, revision, lost)
    }
  }

  #study(id: string): PlainStudy {
    this.#ensureOpen()
    const study = [...this.#place.studies.values()].find((one) => one.id === id)
    if (study === undefined) throw new AttuneError('STUDY_NOT_FOUND', `There is no study with the id ${id}.`)
    return study
  }

  #ensureOpen(): void {
    if (this.#closed) throw new AttuneError('STORAGE_CLOSED', 'The plain storage is closed.')
  }
}

function headsOf(study: PlainStudy): Heads {
  return {
    nextNumber: study.heads.length,
    get: (number) => study.heads[number],
    firstWaiting: () => study.heads.find(({ state }) => state === 'waiting'),
    running: () => study.heads.filter(({ state }) => state === 'running'),
    leaf: (path) => study.leaves.get(path),
  }
}
