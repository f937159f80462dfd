import type { Change, ChangeBody, Operation } from '../contracts/change.ts'
import type { Clock } from '../contracts/clock.ts'
import type { Storage, StudyDefinition, StudySummary, WriteRequest, WriteResult } from '../contracts/storage.ts'
import type { TrialState } from '../contracts/trial-record.ts'
import { AttuneError } from '../errors.ts'
import { freezeDeep } from '../freeze.ts'
import { encodeJson } from '../json.ts'
import { randomName } from '../system.ts'
import { redefined, requeueCopied, transition, type Heads, type TrialHead } from './transition.ts'

/** At least so many requests that changed something are remembered, so that repeating one changes nothing. */
const rememberedRequests = 1024

/** Where the changes of a request are: the one that nearly all have, or from and to. */
type Remembered = number | readonly [first: number, end: number]

/** The history of one study: heads by number, changes by revision. */
class StudyLog implements Heads {
  readonly id: string
  definition: StudyDefinition
  readonly createdAt: number
  readonly isNameTaken: (name: string) => boolean
  readonly #original: StudyDefinition
  readonly changes: Change[] = []
  readonly #heads: TrialHead[] = []
  readonly #running = new Set<number>()
  readonly #waiting = new Set<number>()
  readonly #leaves = new Map<string, string>()
  /** First and last revision by request id. */
  #requests = new Map<string, Remembered>()
  /** Those before them, which are forgotten next. */
  #olderRequests: ReadonlyMap<string, Remembered> = new Map()

  constructor(id: string, definition: StudyDefinition, createdAt: number, isNameTaken: (name: string) => boolean, original: StudyDefinition = definition) {
    this.id = id
    this.definition = definition
    this.createdAt = createdAt
    this.isNameTaken = isNameTaken
    this.#original = original
  }

  get nextNumber(): number {
    return this.#heads.length
  }

  get(number: number): TrialHead | undefined {
    return this.#heads[number]
  }

  firstWaiting(): TrialHead | undefined {
    let first = Infinity
    for (const number of this.#waiting) if (number < first) first = number
    return this.#heads[first]
  }

  *running(): Iterable<TrialHead> {
    for (const number of this.#running) yield this.#heads[number] as TrialHead
  }

  leaf(path: string): string | undefined {
    return this.#leaves.get(path)
  }

  write(request: WriteRequest, now: number): WriteResult {
    const seen = this.#requests.get(request.id) ?? this.#olderRequests.get(request.id)
    if (seen !== undefined) return { ok: true, changes: typeof seen === 'number' ? this.changes.slice(seen, seen + 1) : this.changes.slice(seen[0], seen[1]) }
    return request.operations.length === 1 ? this.#one(request.id, request.operations[0]!, now) : this.#all(request, now)
  }

  /** A request of one operation, as nearly all are: there is nothing to take back. */
  #one(id: string, operation: Operation, now: number): WriteResult {
    const first = this.changes.length
    const decided = transition(operation, this, now)
    if (!decided.ok) return decided
    for (const head of decided.heads) this.#put(head.number, head)
    for (const body of decided.bodies) this.#append(body, now)
    this.#remember(id, first)
    return { ok: true, changes: this.changes.slice(first) }
  }

  #all(request: WriteRequest, now: number): WriteResult {
    const before: (TrialHead | undefined)[] = []
    const numbers: number[] = []
    const first = this.changes.length
    const { definition } = this
    for (const operation of request.operations) {
      const decided = transition(operation, this, now)
      if (!decided.ok) {
        for (const { body } of this.changes.splice(first)) if (body.type === 'extend') this.#leaves.delete(body.path)
        this.definition = definition
        for (let i = numbers.length - 1; i >= 0; i--) this.#put(numbers[i] as number, before[i])
        return decided
      }
      for (const head of decided.heads) {
        numbers.push(head.number)
        before.push(this.#heads[head.number])
        this.#put(head.number, head)
      }
      for (const body of decided.bodies) this.#append(body, now)
    }
    this.#remember(request.id, first)
    return { ok: true, changes: this.changes.slice(first) }
  }

  /** What changed nothing may be asked again. */
  #remember(id: string, first: number): void {
    if (this.changes.length === first) return
    if (this.#requests.size >= rememberedRequests) {
      this.#olderRequests = this.#requests
      this.#requests = new Map()
    }
    const end = this.changes.length
    this.#requests.set(id, end === first + 1 ? first : [first, end])
  }

  #append(body: ChangeBody, time: number): void {
    this.changes.push(Object.freeze({ revision: this.changes.length + 1, time, body: freezeDeep(body) }))
    if (body.type === 'extend') this.#leaves.set(body.path, encodeJson(body.leaf))
    const next = redefined(this.definition, body)
    if (next !== this.definition) this.definition = freezeDeep(next)
  }

  /** Puts a head, or takes the last one away. */
  #put(number: number, head: TrialHead | undefined): void {
    const before = this.#heads[number]?.state
    if (before === 'running') this.#running.delete(number)
    else if (before === 'waiting') this.#waiting.delete(number)
    if (head === undefined) {
      this.#heads.length = number
      return
    }
    this.#heads[number] = head
    if (head.state === 'running') this.#running.add(number)
    else if (head.state === 'waiting') this.#waiting.add(number)
  }

  summary(): StudySummary {
    const counts: { [state in TrialState]: number } = { waiting: 0, running: 0, paused: 0, complete: 0, pruned: 0, failed: 0 }
    for (const head of this.#heads) counts[head.state]++
    const summary = { id: this.id, definition: this.definition, createdAt: this.createdAt, revision: this.changes.length, counts }
    return this.#original === this.definition ? summary : { ...summary, original: this.#original }
  }

  copy(id: string, name: string, now: number): StudyLog {
    const definition = freezeDeep({ ...this.definition, name })
    const copy = new StudyLog(id, definition, now, this.isNameTaken, this.#original === this.definition ? definition : freezeDeep({ ...this.#original, name }))
    for (const change of this.changes) copy.changes.push(change)
    for (const head of this.#heads) copy.#put(head.number, head)
    for (const [path, leaf] of this.#leaves) copy.#leaves.set(path, leaf)
    const requeued = requeueCopied(copy, this.definition.name)
    for (const head of requeued.heads) copy.#put(head.number, head)
    for (const body of requeued.bodies) copy.#append(body, now)
    return copy
  }
}

/**
 * Keeps studies in memory: they end with the process, and a power failure loses them. The fastest storage,
 * and the model that the others are tested against.
 */
export class MemoryStorage implements Storage {
  readonly specVersion = 'v1' as const
  readonly persistent = false
  readonly #clock: Pick<Clock, 'now'>
  readonly #byName = new Map<string, StudyLog>()
  readonly #byId = new Map<string, StudyLog>()
  readonly #created = new Map<string, StudyLog>()
  readonly #deleted = new Set<string>()
  /** By what the studies are called now: in the midst of a request they are not filed anew. */
  readonly #isNameTaken = (name: string): boolean => Array.from(this.#byId.values()).some(({ definition }) => definition.name === name)
  #closed = false

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock
  }

  createStudy(definition: StudyDefinition, requestId: string): StudySummary | undefined {
    this.#open()
    const repeated = this.#created.get(requestId)
    if (repeated !== undefined) return repeated.summary()
    if (this.#byName.has(definition.name)) return undefined
    return this.#add(new StudyLog(randomName(), freezeDeep(structuredClone(definition)), this.#clock.now(), this.#isNameTaken), requestId)
  }

  findStudy(name: string): StudySummary | undefined {
    this.#open()
    return this.#byName.get(name)?.summary()
  }

  listStudies(): readonly StudySummary[] {
    this.#open()
    return [...this.#byName.values()].map((log) => log.summary())
  }

  copyStudy(name: string, as: string, requestId: string): StudySummary | undefined {
    this.#open()
    const repeated = this.#created.get(requestId)
    if (repeated !== undefined) return repeated.summary()
    const source = this.#byName.get(name)
    if (source === undefined || this.#byName.has(as)) return undefined
    return this.#add(source.copy(randomName(), as, this.#clock.now()), requestId)
  }

  deleteStudy(name: string, requestId: string): boolean {
    this.#open()
    if (this.#deleted.has(requestId)) return true
    const log = this.#byName.get(name)
    if (log === undefined) return false
    this.#deleted.add(requestId)
    this.#byName.delete(name)
    this.#byId.delete(log.id)
    for (const [request, created] of this.#created) if (created === log) this.#created.delete(request)
    return true
  }

  write(studyId: string, request: WriteRequest): WriteResult {
    const log = this.#log(studyId)
    const { name } = log.definition
    const result = log.write(request, this.#clock.now())
    if (log.definition.name !== name) this.#moved(name, log)
    return result
  }

  changesSince(studyId: string, revision: number, limit = 1000): readonly Change[] {
    return this.#log(studyId).changes.slice(revision, revision + limit)
  }

  close(): void {
    this.#closed = true
  }

  /** Files a study under its new name, at the place that it has in the list. */
  #moved(before: string, log: StudyLog): void {
    const studies = Array.from(this.#byName)
    this.#byName.clear()
    for (const [name, other] of studies) this.#byName.set(name === before ? log.definition.name : name, other)
  }

  #add(log: StudyLog, requestId: string): StudySummary {
    this.#byName.set(log.definition.name, log)
    this.#byId.set(log.id, log)
    this.#created.set(requestId, log)
    return log.summary()
  }

  #log(studyId: string): StudyLog {
    this.#open()
    const log = this.#byId.get(studyId)
    if (log === undefined) throw new AttuneError('STUDY_NOT_FOUND', `There is no study with the id "${studyId}": it was deleted, or belongs to another storage.`)
    return log
  }

  #open(): void {
    if (this.#closed) throw new AttuneError('STORAGE_CLOSED', 'The storage is closed: create another one.')
  }
}
