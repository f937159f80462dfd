import { AttuneError, type Change, type ChangeBody, decodeJson, encodeJson, type Heads, isAttuneError, type Json, type KeepAlive, type Storage, type StudyDefinition, type StudySummary, redefined, requeueCopied, transition, type Transition, type TrialHead, type TrialState, type WriteRequest, type WriteResult } from '@attune/core'

/** Where plain storages keep things: shared by all that are made on it, as a file would be. */
export class Place {
  readonly studies = new Map<string, PlainStudy>()
  readonly deletions = new Set<string>()
  readonly kept = new Set<Kept>()
  count = 0
}

/** Leases that are renewed. There is no thread: whoever asks is shown what one would have done by now. */
export interface Kept {
  readonly studyId: string
  readonly session: string
  readonly milliseconds: number
  readonly forgotten: Set<string>
  stopped: boolean
}

interface PlainStudy {
  readonly id: string
  readonly createdBy: string
  definition: string
  original: string | undefined
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
  /** Its clock, in milliseconds since the epoch. */
  readonly now: () => number
  readonly page: (changes: Change[], revision: number, limit: number) => readonly Change[]
  readonly damaged: (row: PlainStudy['rows'][number], revision: number, lost: Set<number>) => ChangeBody
  readonly answer: (change: Change, body: ChangeBody) => Change
  readonly closing: (place: Place) => void
  readonly copyRows: (study: PlainStudy) => PlainStudy['rows']
  readonly copyLeaves: (study: PlainStudy) => PlainStudy['leaves']
  readonly redefine: typeof redefined
  readonly requeueCopy: typeof requeueCopied
  /** How many requests of a study are remembered. */
  readonly remembered: number
  readonly keeps: (token: string, kept: Kept) => boolean
}

export const soundHooks: Hooks = {
  encode: (value) => encodeJson(value as Json),
  decode: decodeJson,
  decide: transition,
  nameKey: (name) => name,
  requestKey: (id) => id,
  savepoint: (study) => {
    const { heads, rows, leaves, definition, original } = study
    const kept = { heads: [...heads], rows: [...rows], leaves: new Map(leaves), definition, original }
    return () => Object.assign(study, kept)
  },
  pause: () => undefined,
  now: Date.now,
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
  redefine: redefined,
  requeueCopy: requeueCopied,
  remembered: Infinity,
  keeps: (token, { session, forgotten, stopped }) => !stopped && token.startsWith(`${session}/`) && !forgotten.has(token),
}

/** The simplest storage that keeps the contract, made of maps and texts, and a twin of every way to break it. */
export class PlainStorage implements Storage {
  readonly specVersion = 'v1' as const
  readonly persistent = true
  readonly #place: Place
  readonly #hooks: Hooks
  readonly #own = new Set<Kept>()
  #closed = false

  constructor(place: Place, hooks: Partial<Hooks> = {}) {
    this.#place = place
    this.#hooks = { ...soundHooks, ...hooks }
  }

  createStudy(definition: StudyDefinition, requestId: string): StudySummary | undefined {
    return this.#insert(definition, requestId, () => ({ original: undefined, heads: [], rows: [], leaves: new Map() }))
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
    const named = (text: string): StudyDefinition => ({ ...(this.#hooks.decode(text) as unknown as StudyDefinition), name: as })
    const definition = named(source.definition)
    const original = source.original === undefined ? undefined : this.#hooks.encode(named(source.original))
    return this.#insert(definition, requestId, () => {
      const requeued = this.#hooks.requeueCopy(this.#heads(source), name)
      const heads = [...source.heads]
      for (const head of requeued.heads) heads[head.number] = head
      const rows = this.#hooks.copyRows(source)
      for (const body of requeued.bodies) rows.push(this.#row(body))
      return { original, heads, rows, leaves: this.#hooks.copyLeaves(source) }
    })
  }

  deleteStudy(name: string, requestId: string): boolean {
    this.#ensureOpen()
    const request = this.#hooks.requestKey(requestId)
    if (this.#place.deletions.has(request)) return true
    if (!this.#place.studies.delete(this.#hooks.nameKey(name))) return false
    this.#place.deletions.add(request)
    return true
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
      const decided: Transition = this.#hooks.decide(operation, this.#heads(study), this.#hooks.now())
      const pause = this.#hooks.pause()
      // Without one nothing else runs in between.
      if (pause !== undefined) await pause
      if (!decided.ok) {
        rollBack()
        this.#file()
        return decided
      }
      for (const head of decided.heads) study.heads[head.number] = head
      for (const body of decided.bodies) {
        study.rows.push(this.#row(body))
        bodies.push(body)
        if (body.type === 'extend') study.leaves.set(body.path, encodeJson(body.leaf))
        this.#redefine(study, body)
      }
    }
    study.requests.set(key, [first, study.rows.length])
    for (const [oldest] of study.requests) {
      if (study.requests.size <= this.#hooks.remembered) break
      study.requests.delete(oldest)
    }
    const changes = this.#changes(study).slice(first, first + bodies.length)
    return { ok: true, changes: changes.map((change, i) => this.#hooks.answer(change, bodies[i] as ChangeBody)) }
  }

  changesSince(studyId: string, revision: number, limit = 1000): readonly Change[] {
    return this.#hooks.page(this.#changes(this.#study(studyId)), revision, limit)
  }

  keepAlive(studyId: string, session: string, milliseconds: number): KeepAlive {
    this.#ensureOpen()
    const kept: Kept = { studyId, session, milliseconds, forgotten: new Set(), stopped: false }
    this.#own.add(kept)
    this.#place.kept.add(kept)
    return {
      forget: (token) => {
        this.#renew(kept)
        kept.forgotten.add(token)
      },
      stop: () => this.#stop(kept),
    }
  }

  close(): void {
    if (!this.#closed) this.#hooks.closing(this.#place)
    this.#closed = true
    for (const kept of this.#own) this.#stop(kept)
  }

  #stop(kept: Kept): void {
    if (!kept.stopped) this.#renew(kept)
    kept.stopped = true
  }

  /** Writes down what a thread would have renewed last. */
  #renew(kept: Kept): void {
    for (const study of this.#place.studies.values()) if (study.id === kept.studyId) study.heads = study.heads.map((head) => this.#renewed(head, kept))
  }

  #renewed(head: TrialHead, kept: Kept): TrialHead {
    return head.token !== undefined && this.#hooks.keeps(head.token, kept) ? { ...head, leaseEnd: Date.now() + kept.milliseconds } : head
  }

  #insert(definition: StudyDefinition, requestId: string, content: () => Pick<PlainStudy, 'original' | 'heads' | 'rows' | 'leaves'>): StudySummary | undefined {
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

  #row(body: ChangeBody): PlainStudy['rows'][number] {
    return { time: this.#hooks.now(), type: body.type, trial: 'number' in body ? body.number : undefined, body: this.#hooks.encode(body) }
  }

  #summary(study: PlainStudy): StudySummary {
    const counts: { [state in TrialState]: number } = { waiting: 0, running: 0, paused: 0, complete: 0, pruned: 0, failed: 0 }
    for (const { state } of study.heads) counts[state]++
    const summary = { id: study.id, definition: this.#hooks.decode(study.definition) as unknown as StudyDefinition, createdAt: study.createdAt, revision: study.rows.length, counts }
    return study.original === undefined ? summary : { ...summary, original: this.#hooks.decode(study.original) as unknown as StudyDefinition }
  }

  #redefine(study: PlainStudy, body: ChangeBody): void {
    const before = this.#hooks.decode(study.definition) as unknown as StudyDefinition
    const next = this.#hooks.redefine(before, body)
    if (next === before) return
    study.original ??= study.definition
    study.definition = this.#hooks.encode(next)
    if (next.name !== before.name) this.#file()
  }

  /** Puts each study under the name that it has by now. */
  #file(): void {
    const studies = Array.from(this.#place.studies.values())
    this.#place.studies.clear()
    for (const one of studies) this.#place.studies.set(this.#hooks.nameKey((this.#hooks.decode(one.definition) as unknown as StudyDefinition).name), one)
  }

  #heads(study: PlainStudy): Heads {
    return {
      definition: this.#hooks.decode(study.definition) as unknown as StudyDefinition,
      isNameTaken: (name) => this.#place.studies.has(this.#hooks.nameKey(name)),
      nextNumber: study.heads.length,
      get: (number) => study.heads[number],
      firstWaiting: () => study.heads.find(({ state }) => state === 'waiting'),
      running: () => study.heads.filter(({ state }) => state === 'running').map((head) => this.#kept(study, head)),
      leaf: (path) => study.leaves.get(path),
    }
  }

  #kept(study: PlainStudy, head: TrialHead): TrialHead {
    return Array.from(this.#place.kept).reduce((shown, kept) => (kept.studyId === study.id ? this.#renewed(shown, kept) : shown), head)
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
