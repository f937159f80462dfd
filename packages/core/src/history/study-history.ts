import type { Amendment, Change, ChangeBody, Outcome } from '../contracts/change.ts'
import type { Curve, History, StepColumn } from '../contracts/history.ts'
import type { StudyDefinition } from '../contracts/storage.ts'
import type { ArtifactReference, Checkpoint, StepReport, TrialRecord, TrialState } from '../contracts/trial-record.ts'
import type { FlatParams, Json, Metrics } from '../contracts/values.ts'
import { AttuneError, isAttuneError } from '../errors.ts'
import { leafFromJson } from '../space/json.ts'
import type { Space } from '../space/space.ts'
import { redefined } from '../storage/transition.ts'
import { freezeDeep } from '../freeze.ts'
import { Column, GrowingCurve, GrowingStepColumn } from './columns.ts'
import { References } from './references.ts'
import { SortedNumbers } from './sorted-numbers.ts'
import { Workers } from './workers.ts'
import { addReport, copyOf, noParams, snapshotOf, TrialEntry, writable, type RecordSource } from './trial-entry.ts'

const emptyCurve: Curve = Object.freeze(new GrowingCurve())
const emptyStep: StepColumn = Object.freeze(new GrowingStepColumn())

/** What a change did that its body does not tell. */
export interface Effect {
  /** State of the trial before; undefined if it is new or the change is about no trial. */
  readonly before: TrialState | undefined
  readonly bestImproved: boolean
}

/** Names a trial over all studies: the study that it was run in, and its number there. */
export interface TrialIdentity {
  readonly study: string
  readonly number: number
}

/** The attribute of a trial that came from another study, in which its `TrialIdentity` is. */
export const mergedFrom = 'mergedFrom'

const noEffect: Effect = { before: undefined, bestImproved: false }

/**
 * Sum over the outcome constraints of how far the metric is beyond its limit. A missing or NaN metric violates without bound,
 * except that a pruned trial may not have come to measure it.
 */
function violationOf(metrics: Metrics, constraints: StudyDefinition['constraints'], state: TrialState): number {
  let total = 0
  for (const { metric, bound, limit } of constraints) {
    if (state === 'pruned' && !Object.hasOwn(metrics, metric)) continue
    const value = metrics[metric] ?? NaN
    const over = bound === 'atMost' ? value - limit : limit - value
    total += Number.isNaN(over) ? Infinity : Math.max(0, over)
  }
  return total
}

/**
 * The fold of a study's changes, in the order of their revisions: the state of everything that is known.
 * Longer than other files on purpose: what a change does to records, columns, counts and the best trial must be seen side by side.
 */
export class StudyHistory implements History {
  revision = 0
  length = 0
  completeCount = 0
  best = -1
  space: Space<unknown>
  /** As it is now: name and space may change. */
  definition: StudyDefinition
  /** Number of trials in each state; void ones are not counted among those that ended. */
  readonly counts: { [state in TrialState]: number } = { waiting: 0, running: 0, paused: 0, complete: 0, pruned: 0, failed: 0 }
  /** Complete and pruned trials that the last run to be started wants in all; undefined if it did not say. */
  goal: number | undefined
  readonly workers: Workers = new Workers()
  readonly references: References = new References()
  /** Artefacts of the study itself. */
  artifacts: { readonly [name: string]: ArtifactReference } = Object.freeze({})
  /** Reads the bytes of an artefact, for records; undefined where there is no store. */
  readArtifact: ((hash: string) => Promise<Uint8Array | undefined>) | undefined
  readonly attributes: { [key: string]: Json } = Object.create(null) as { [key: string]: Json }
  readonly #signs: readonly number[]
  readonly #entries: TrialEntry[] = []
  readonly #units: Column[] = []
  readonly #losses: readonly Column[]
  readonly #violations = new Column(0)
  readonly #curves = new Map<number, GrowingCurve>()
  /** Those of void trials. */
  readonly #curvesOfVoid = new Map<number, GrowingCurve>()
  readonly #steps = new Map<number, GrowingStepColumn>()
  readonly #running = new SortedNumbers()
  readonly #paused = new SortedNumbers()
  readonly #waiting = new Set<number>()
  readonly #lostInVain = new Map<number, number>()
  readonly #withModel = new Set<number>()
  /** Numbers of the trials that ended, in the order of their ends. */
  readonly #ended: number[] = []
  /** How many trials had ended when the best one had. */
  #endedWithBest = 0
  /** Rows whose coordinates were not computed yet: nobody may ever ask for them. */
  #unencoded: number[] = []
  #scratch = new Float64Array(0)
  /** The space of whoever reads this, with its functions. */
  readonly #given: Space<unknown>
  /** What trials made for an earlier space have for the parameters that they lack. */
  #values: FlatParams | undefined
  readonly #copiedFrom = new Map<number, TrialIdentity>()
  #source: RecordSource = this.#sourceFor(undefined)

  /** `space` is the one of the definition, `given` the one that its revisions lead to, if there are any. */
  constructor(definition: StudyDefinition, space: Space<unknown>, given: Space<unknown> = space) {
    this.definition = freezeDeep(definition)
    this.space = space
    this.#given = given
    this.#signs = definition.objectives.map(({ direction }) => (direction === 'minimize' ? 1 : -1))
    this.#losses = definition.objectives.map(() => new Column())
  }

  units(dimension: number): Float64Array {
    this.#encode()
    const column = this.#units[dimension]
    if (column === undefined) throw new AttuneError('DIMENSION', `The space has ${this.space.dimensions.length} dimensions: there is none with the index ${dimension}.`)
    return column.cover(this.length)
  }

  losses(objective = 0): Float64Array {
    const column = this.#losses[objective]
    if (column === undefined) throw new AttuneError('OBJECTIVE', `The study has ${this.#losses.length} objectives: there is none with the index ${objective}.`)
    return column.cover(this.length)
  }

  violations(): Float64Array {
    return this.#violations.cover(this.length)
  }

  running(): readonly number[] {
    return this.#running.sorted()
  }

  paused(): readonly number[] {
    return this.#paused.sorted()
  }

  state(number: number): TrialState {
    return this.#entry(number).state
  }

  /** How many owners a trial has lost since it last came further: since its last checkpoint, or in all if it has none. */
  lostInVain(number: number): number {
    return this.#lostInVain.get(number) ?? 0
  }

  get waitingCount(): number {
    return this.#waiting.size
  }

  curve(number: number): Curve {
    return this.#curves.get(number) ?? emptyCurve
  }

  atStep(step: number): StepColumn {
    return this.#steps.get(step) ?? emptyStep
  }

  trial(number: number): TrialRecord {
    return snapshotOf(this.#entry(number), this.#source)
  }

  /** Parameters of a trial by path, without a snapshot. */
  params(number: number): FlatParams {
    return this.#entry(number).flatParams
  }

  /** Parameters with what those of earlier spaces lack; the same if they lack nothing. */
  completed(flatParams: FlatParams): FlatParams {
    return this.#values === undefined ? flatParams : this.space.complete(flatParams, this.#values)
  }

  /** What trials made for earlier spaces have for the parameters that they lack, by path. */
  get values(): FlatParams {
    return this.#values ?? noParams
  }

  /** Where a trial was run, if that was another study. */
  identity(number: number): TrialIdentity | undefined {
    const merged = this.#entry(number).attributes[mergedFrom] as Partial<TrialIdentity> | null | undefined
    if (typeof merged?.study === 'string' && typeof merged.number === 'number') return { study: merged.study, number: merged.number }
    return this.#copiedFrom.get(number)
  }

  /** Numbers of the trials that ended, in the order of their ends. */
  ended(): readonly number[] {
    return this.#ended
  }

  /** How many trials ended since the best one did. */
  get endedSinceBest(): number {
    return this.#ended.length - this.#endedWithBest
  }

  /** Numbers of the trials that have the artefact `model`, which their training returned. */
  withModel(): ReadonlySet<number> {
    return this.#withModel
  }

  /** Reports of a trial so far, as the fold keeps them: not to be held on to. */
  reports(number: number): readonly StepReport[] {
    return this.#entry(number).reports
  }

  /** The loss of the first objective in a set of metrics, NaN if it is missing. */
  loss(metrics: Metrics): number {
    return (metrics[this.definition.objectives[0]!.metric] ?? NaN) * this.#signs[0]!
  }

  /** Takes in the next change. */
  apply(change: Change): Effect {
    this.revision = change.revision
    const body = freezeDeep(change.body)
    if (body.type === 'create') return this.#create(body, change.time)
    if (body.type === 'extend') {
      this.#extend(body)
      return noEffect
    }
    if (body.type === 'session') {
      this.workers.session(body, change.time)
      if (body.phase === 'started') this.goal = body.goal
      return noEffect
    }
    if (body.type === 'rename' || body.type === 'revise' || body.type === 'copied') {
      this.#redefine(body)
      return noEffect
    }
    if (body.type === 'warn' || body.type === 'remark' || body.type === 'merge') return noEffect
    if (body.type === 'copying') {
      this.references.copying(body.as, body.phase)
      return noEffect
    }
    if (body.type === 'attribute' && body.number === undefined) {
      this.attributes[body.key] = body.value
      return noEffect
    }
    if (body.type === 'artifact' && body.number === undefined) {
      this.artifacts = this.#withArtifact(this.artifacts, body.name, body.artifact)
      return noEffect
    }
    if (body.number === undefined) return noEffect
    const entry = writable(this.#entry(body.number), this.#source)
    this.#entries[body.number] = entry
    const before = entry.state
    const improved = this.#update(entry, body, change.time)
    return { before, bestImproved: improved }
  }

  #update(entry: TrialEntry, body: Exclude<ChangeBody, { type: 'create' | 'extend' | 'session' | 'warn' | 'remark' | 'rename' | 'revise' | 'merge' | 'copied' | 'copying' }>, time: number): boolean {
    switch (body.type) {
      case 'assign':
        entry.flatParams = this.completed(body.params)
        entry.suggestion = body.suggestion
        this.#unencoded.push(entry.number)
        return false
      case 'claim':
        if (entry.attempt > 0) this.#forgetReports(entry)
        entry.attempt = body.attempt
        if (entry.state === 'paused') entry.toStep = body.toStep
        this.#start(entry, body.owner, time)
        return false
      case 'report': {
        this.workers.reported(entry.owner, time)
        addReport(entry, Object.freeze({ step: body.step, metrics: body.metrics, time }))
        if (this.definition.objectives[0]!.metric in body.metrics) this.#addToCurve(entry.number, body.step, this.loss(body.metrics))
        return false
      }
      case 'checkpoint':
        if (body.artifact !== null) this.#lostInVain.delete(entry.number)
        this.#setCheckpoint(entry, body.artifact === null ? undefined : Object.freeze({ step: body.step, artifact: body.artifact }))
        return false
      case 'pause':
        this.workers.freed(entry.number, entry.owner, time, 'owner', false)
        this.#move(entry, 'paused')
        return false
      case 'finish':
        if (body.params !== undefined) {
          entry.flatParams = this.completed(body.params)
          this.#unencoded.push(entry.number)
        }
        if (body.requeue === true && body.outcome.state === 'failed') {
          this.workers.freed(entry.number, entry.owner, time, 'owner', false)
          this.#requeue(entry, body.outcome.failure)
          return false
        }
        // One that was merged in ran elsewhere.
        this.workers.freed(entry.number, entry.owner, time, 'owner', entry.origin !== 'added')
        return this.#end(entry, body.outcome, time)
      case 'requeue':
        this.workers.freed(entry.number, entry.owner, time, 'others', false)
        this.#lostInVain.set(entry.number, this.lostInVain(entry.number) + 1)
        this.#requeue(entry, body.failure)
        return false
      case 'attribute':
        entry.attributes = Object.freeze({ ...entry.attributes, [body.key]: body.value })
        return false
      case 'artifact': {
        entry.artifacts = this.#withArtifact(entry.artifacts, body.name, body.artifact)
        if ('model' in entry.artifacts) this.#withModel.add(entry.number)
        else this.#withModel.delete(entry.number)
        return false
      }
      case 'amend': {
        const best = this.best
        this.#amend(entry, body.amendment, time)
        // Looks at every trial, which a history with many voids could not afford.
        if (!('void' in body.amendment) || entry.number === best) this.#findBest()
        return this.best !== best && this.best >= 0
      }
    }
  }

  #amend(entry: TrialEntry, amendment: Amendment, time: number): void {
    if ('void' in amendment) {
      if (entry.state === 'waiting' || entry.state === 'paused') this.#end(entry, { state: 'failed', failure: { reason: 'aborted', message: `It was void before it had ended: ${amendment.void}` } }, time)
      if (entry.voided === undefined) this.#void(entry)
      entry.voided = amendment.void
    } else if ('restore' in amendment) {
      if (entry.voided !== undefined) this.#restore(entry)
    } else {
      this.#score(entry, 'add' in amendment ? { ...amendment.add, ...entry.metrics } : { ...entry.metrics, ...amendment.metrics })
    }
  }

  /** Takes a trial that ended out of everything that is learned from. */
  #void(entry: TrialEntry): void {
    const { number, state } = entry
    if (state === 'complete') this.completeCount--
    this.counts[state]--
    for (const column of this.#losses) column.set(number, NaN)
    this.#violations.set(number, 0)
    const curve = this.#curves.get(number)
    if (curve === undefined) return
    for (let i = 0; i < curve.length; i++) this.#steps.get(curve.steps[i]!)?.remove(number)
    this.#curves.delete(number)
    this.#curvesOfVoid.set(number, curve)
  }

  /** Undoes `#void`, so that all is as if the trial had never been void. */
  #restore(entry: TrialEntry): void {
    const { number, state } = entry
    entry.voided = undefined
    if (state === 'complete') this.completeCount++
    this.counts[state]++
    this.#show(entry)
    const curve = this.#curvesOfVoid.get(number)
    if (curve === undefined) return
    for (let i = 0; i < curve.length; i++) this.#steps.get(curve.steps[i]!)!.put(number, curve.losses[i]!, curve.revisions[i]!)
    this.#curvesOfVoid.delete(number)
    this.#curves.set(number, curve)
  }

  #redefine(body: Extract<ChangeBody, { type: 'rename' | 'revise' | 'copied' }>): void {
    if (body.type === 'copied') {
      this.references.copied()
      this.workers.copied()
      this.definition = Object.freeze({ ...this.definition, name: body.name })
      for (const number of this.#ended) if (this.identity(number) === undefined) this.#copiedFrom.set(number, Object.freeze({ study: body.from.id, number }))
      return
    }
    this.definition = freezeDeep(redefined(this.definition, body))
    if (body.type === 'revise') this.#revise(body)
  }

  /** Every trial is one of the new space from here on. Snapshots that somebody has stay what they are. */
  #revise({ space: json, fingerprint, values }: Extract<ChangeBody, { type: 'revise' }>): void {
    const space = this.#given.fingerprint === fingerprint ? this.#given : this.space.revision(json)
    this.space = space
    this.#values = Object.freeze({ ...this.#values, ...values })
    this.#source = this.#sourceFor(space)
    this.#units.length = 0
    this.#unencoded = []
    for (const [number, entry] of this.#entries.entries()) {
      this.#entries[number] = copyOf(entry, this.completed(entry.flatParams), this.#source)
      if (entry.flatParams !== noParams) this.#unencoded.push(number)
    }
  }

  #addToCurve(number: number, step: number, loss: number): void {
    let curve = this.#curves.get(number)
    if (curve === undefined) this.#curves.set(number, (curve = new GrowingCurve()))
    curve.push(step, loss, this.revision)
    let column = this.#steps.get(step)
    if (column === undefined) this.#steps.set(step, (column = new GrowingStepColumn()))
    column.put(number, loss, this.revision)
  }

  #extend({ path, leaf }: Extract<ChangeBody, { type: 'extend' }>): void {
    if (this.space.dimensions.some((known) => known.path === path)) return
    const added = leafFromJson(leaf)
    try {
      this.space = this.space.extend(path, added)
    } catch (error) {
      // Trials that ran at the same time met `a` and `a.b`, which exclude each other: the first holds, in every process.
      if (!isAttuneError(error)) throw error
    }
  }

  #withArtifact(artifacts: TrialRecord['artifacts'], name: string, artifact: ArtifactReference | null): TrialRecord['artifacts'] {
    const { [name]: before, ...others } = artifacts
    this.references.change(before, artifact ?? undefined)
    return Object.freeze(artifact === null ? others : { ...others, [name]: artifact })
  }

  /** What records of a space, by default the current one, are read with. */
  #sourceFor(space: Space<unknown> | undefined): RecordSource {
    return { nest: (flatParams) => (space ?? this.space).nest(flatParams), read: (hash) => this.readArtifact?.(hash) }
  }

  #entry(number: number): TrialEntry {
    const entry = this.#entries[number]
    if (entry === undefined) throw new AttuneError('TRIAL_NOT_FOUND', `There is no trial ${number} in study "${this.definition.name}": it has ${this.length} trials, numbered from 0.`, { details: { number } })
    return entry
  }

  #create(body: Extract<ChangeBody, { type: 'create' }>, time: number): Effect {
    const entry = new TrialEntry(body.number, body.origin, body.parent, body.params === undefined ? noParams : this.completed(body.params), time, this.#source)
    entry.suggestion = body.suggestion
    if (body.attributes !== undefined) entry.attributes = body.attributes
    if (body.origin === 'fork') this.references.keepForForks()
    if (body.checkpoint !== undefined) this.#setCheckpoint(entry, Object.freeze(body.checkpoint))
    entry.toStep = body.toStep
    this.#entries[body.number] = entry
    this.length = this.#entries.length
    if (body.params !== undefined) this.#unencoded.push(body.number)
    this.counts.waiting++
    if (body.outcome !== undefined) return { before: undefined, bestImproved: this.#end(entry, body.outcome, time) }
    if (body.owner === undefined) {
      this.#waiting.add(body.number)
    } else {
      entry.attempt = 1
      this.#start(entry, body.owner, time)
    }
    return noEffect
  }

  #move(entry: TrialEntry, state: TrialState): void {
    this.counts[entry.state]--
    this.counts[state]++
    if (entry.state === 'waiting') this.#waiting.delete(entry.number)
    if (state === 'waiting') this.#waiting.add(entry.number)
    if (entry.state === 'running') this.#running.delete(entry.number)
    else if (entry.state === 'paused') this.#paused.delete(entry.number)
    if (state === 'running') this.#running.add(entry.number)
    else if (state === 'paused') this.#paused.add(entry.number)
    entry.state = state
  }

  #start(entry: TrialEntry, owner: string, time: number): void {
    this.#move(entry, 'running')
    entry.owner = owner
    entry.startedAt = time
    this.workers.started(entry.number, owner, time)
  }

  #requeue(entry: TrialEntry, failure: TrialEntry['failure'] & object): void {
    entry.earlierFailures = Object.freeze([...entry.earlierFailures, failure])
    this.#move(entry, 'waiting')
  }

  /** The new one, with the one before it; or an earlier one where the last is damaged, or none where all are. */
  #setCheckpoint(entry: TrialEntry, checkpoint: Checkpoint | undefined): void {
    const last = entry.checkpoint
    const back = checkpoint === undefined || (last !== undefined && checkpoint.step <= last.step)
    const dropped = back ? last : undefined
    // The earlier one may be the new one: it is never without a reference in between.
    this.references.change(undefined, checkpoint?.artifact)
    this.references.change(entry.earlierCheckpoint?.artifact, undefined)
    this.references.change(dropped?.artifact, undefined)
    entry.earlierCheckpoint = back ? undefined : last
    entry.checkpoint = checkpoint
    if (back) this.#forgetReports(entry)
  }

  /** A new attempt repeats what came after the checkpoint: those reports do not count. */
  #forgetReports(entry: TrialEntry): void {
    const kept = entry.checkpoint?.step ?? -Infinity
    for (const { step } of entry.reports) if (step > kept) this.#steps.get(step)?.remove(entry.number)
    entry.reports = entry.reports.filter(({ step }) => step <= kept)
    const before = this.#curves.get(entry.number)
    if (before === undefined) return
    const curve = new GrowingCurve()
    for (let i = 0; i < before.length && before.steps[i]! <= kept; i++) curve.push(before.steps[i]!, before.losses[i]!, before.revisions[i]!)
    this.#curves.set(entry.number, curve)
  }

  #end(entry: TrialEntry, outcome: Outcome, time: number): boolean {
    this.#move(entry, outcome.state)
    this.references.ended(entry.checkpoint?.artifact, entry.earlierCheckpoint?.artifact)
    entry.endedAt = time
    this.#ended.push(entry.number)
    if (outcome.state === 'failed') entry.failure = outcome.failure
    if (outcome.metrics !== undefined) this.#score(entry, outcome.metrics)
    if (outcome.state !== 'complete') return false
    this.completeCount++
    return this.#challenge(entry)
  }

  #score(entry: TrialEntry, metrics: Metrics): void {
    entry.metrics = metrics
    const values = this.definition.objectives.map(({ metric }) => metrics[metric] ?? NaN)
    entry.values = values.some(Number.isNaN) ? undefined : Object.freeze(values)
    entry.violation = this.definition.constraints.length === 0 ? 0 : violationOf(metrics, this.definition.constraints, entry.state)
    if (entry.voided === undefined) this.#show(entry)
  }

  /** Puts what an ended trial came to into the columns. */
  #show({ number, metrics, violation }: TrialEntry): void {
    const { objectives, constraints } = this.definition
    for (let i = 0; i < objectives.length; i++) this.#losses[i]!.set(number, (metrics[objectives[i]!.metric] ?? NaN) * this.#signs[i]!)
    if (constraints.length > 0) this.#violations.set(number, violation)
  }

  /** Makes the trial the best one if it is. */
  #challenge(entry: TrialEntry, endedBefore: number = this.#ended.length - 1): boolean {
    if (entry.violation > 0 || entry.voided !== undefined || entry.values === undefined) return false
    const losses = this.#losses[0]!.data
    if (this.best >= 0 && !(losses[entry.number]! < losses[this.best]!)) return false
    this.best = entry.number
    this.#endedWithBest = endedBefore + 1
    return true
  }

  #findBest(): void {
    this.best = -1
    this.#endedWithBest = 0
    for (const [i, number] of this.#ended.entries()) {
      const entry = this.#entries[number]!
      if (entry.state === 'complete') this.#challenge(entry, i)
    }
  }

  #encode(): void {
    const { space } = this
    while (this.#units.length < space.dimensions.length) this.#units.push(new Column())
    if (this.#scratch.length !== space.dimensions.length) this.#scratch = new Float64Array(space.dimensions.length)
    for (const number of this.#unencoded) {
      space.encode(this.#entries[number]!.flatParams, this.#scratch)
      for (let i = 0; i < this.#scratch.length; i++) this.#units[i]!.set(number, this.#scratch[i]!)
    }
    if (this.#unencoded.length > 0) this.#unencoded = []
  }
}
