import type { Change, ChangeBody, Outcome } from '../contracts/change.ts'
import type { Curve, History, StepColumn } from '../contracts/history.ts'
import type { StudyDefinition } from '../contracts/storage.ts'
import type { ArtifactReference, Checkpoint, StepReport, TrialRecord, TrialState } from '../contracts/trial-record.ts'
import type { FlatParams, Json, Metrics } from '../contracts/values.ts'
import { AttuneError, isAttuneError } from '../errors.ts'
import { leafFromJson } from '../space/json.ts'
import type { Space } from '../space/space.ts'
import { freezeDeep } from '../freeze.ts'
import { Column, GrowingCurve, GrowingStepColumn } from './columns.ts'
import { SortedNumbers } from './sorted-numbers.ts'
import { Workers } from './workers.ts'
import { addReport, noParams, snapshotOf, TrialEntry, writable } from './trial-entry.ts'

const emptyCurve: Curve = Object.freeze(new GrowingCurve())
const emptyStep: StepColumn = Object.freeze(new GrowingStepColumn())

/** What a change did that its body does not tell. */
export interface Effect {
  /** State of the trial before; undefined if it is new or the change is about no trial. */
  readonly before: TrialState | undefined
  readonly bestImproved: boolean
}

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
  readonly definition: StudyDefinition
  /** Number of trials in each state; void ones are not counted among those that ended. */
  readonly counts: { [state in TrialState]: number } = { waiting: 0, running: 0, paused: 0, complete: 0, pruned: 0, failed: 0 }
  /** Complete and pruned trials that the last run to be started wants in all; undefined if it did not say. */
  goal: number | undefined
  readonly workers: Workers = new Workers()
  readonly attributes: { [key: string]: Json } = Object.create(null) as { [key: string]: Json }
  readonly #signs: readonly number[]
  readonly #entries: TrialEntry[] = []
  readonly #units: Column[] = []
  readonly #losses: readonly Column[]
  readonly #violations = new Column(0)
  readonly #curves = new Map<number, GrowingCurve>()
  readonly #steps = new Map<number, GrowingStepColumn>()
  readonly #references = new Map<string, number>()
  readonly #running = new SortedNumbers()
  readonly #paused = new SortedNumbers()
  readonly #waiting = new Set<number>()
  readonly #withArtifacts = new Set<number>()
  /** Numbers of the trials that ended, in the order of their ends. */
  readonly #ended: number[] = []
  /** How many trials had ended when the best one had. */
  #endedWithBest = 0
  /** Rows whose coordinates were not computed yet: nobody may ever ask for them. */
  #unencoded: number[] = []
  #scratch = new Float64Array(0)
  readonly #nest = (flatParams: FlatParams): unknown => this.space.nest(flatParams)

  constructor(definition: StudyDefinition, space: Space<unknown>) {
    this.definition = freezeDeep(definition)
    this.space = space
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
    return snapshotOf(this.#entry(number))
  }

  /** Parameters of a trial by path, without a snapshot. */
  params(number: number): FlatParams {
    return this.#entry(number).flatParams
  }

  /** Numbers of the trials that ended, in the order of their ends. */
  ended(): readonly number[] {
    return this.#ended
  }

  /** How many trials ended since the best one did. */
  get endedSinceBest(): number {
    return this.#ended.length - this.#endedWithBest
  }

  /** Numbers of the trials that have artefacts. */
  withArtifacts(): ReadonlySet<number> {
    return this.#withArtifacts
  }

  /** Reports of a trial so far, as the fold keeps them: not to be held on to. */
  reports(number: number): readonly StepReport[] {
    return this.#entry(number).reports
  }

  /** Hashes of the last checkpoint of a trial and of the one before it. */
  checkpoints(number: number): readonly string[] {
    const { checkpoint, earlierCheckpoint } = this.#entry(number)
    return [checkpoint, earlierCheckpoint].flatMap((kept) => (kept === undefined ? [] : [kept.artifact.hash]))
  }

  /** How often artefacts, and checkpoints of trials that have not ended, refer to these bytes. */
  references(hash: string): number {
    return this.#references.get(hash) ?? 0
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
    if (body.type === 'warn') return noEffect
    if (body.type === 'attribute' && body.number === undefined) {
      this.attributes[body.key] = body.value
      return noEffect
    }
    if (body.number === undefined) return noEffect
    const entry = writable(this.#entry(body.number), this.#nest)
    this.#entries[body.number] = entry
    const before = entry.state
    const improved = this.#update(entry, body, change.time)
    return { before, bestImproved: improved }
  }

  #update(entry: TrialEntry, body: Exclude<ChangeBody, { type: 'create' | 'extend' | 'session' | 'warn' }>, time: number): boolean {
    switch (body.type) {
      case 'assign':
        entry.flatParams = body.params
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
        const loss = this.loss(body.metrics)
        if (this.definition.objectives[0]!.metric in body.metrics) {
          let curve = this.#curves.get(entry.number)
          if (curve === undefined) this.#curves.set(entry.number, (curve = new GrowingCurve()))
          curve.push(body.step, loss)
          let column = this.#steps.get(body.step)
          if (column === undefined) this.#steps.set(body.step, (column = new GrowingStepColumn()))
          column.push(entry.number, loss)
        }
        return false
      }
      case 'checkpoint':
        this.#setCheckpoint(entry, body.artifact === null ? undefined : Object.freeze({ step: body.step, artifact: body.artifact }))
        return false
      case 'pause':
        this.workers.freed(entry.number, entry.owner, time, 'owner', false)
        this.#move(entry, 'paused')
        return false
      case 'finish':
        if (body.params !== undefined) {
          entry.flatParams = body.params
          this.#unencoded.push(entry.number)
        }
        if (body.requeue === true && body.outcome.state === 'failed') {
          this.workers.freed(entry.number, entry.owner, time, 'owner', false)
          this.#requeue(entry, body.outcome.failure)
          return false
        }
        this.workers.freed(entry.number, entry.owner, time, 'owner', true)
        return this.#end(entry, body.outcome, time)
      case 'requeue':
        this.workers.freed(entry.number, entry.owner, time, 'others', false)
        this.#requeue(entry, body.failure)
        return false
      case 'attribute':
        entry.attributes = Object.freeze({ ...entry.attributes, [body.key]: body.value })
        return false
      case 'artifact': {
        const { [body.name]: before, ...others } = entry.artifacts
        this.#refer(before, body.artifact ?? undefined)
        entry.artifacts = Object.freeze(body.artifact === null ? others : { ...others, [body.name]: body.artifact })
        if (Object.keys(entry.artifacts).length > 0) this.#withArtifacts.add(entry.number)
        else this.#withArtifacts.delete(entry.number)
        return false
      }
      case 'amend': {
        const best = this.best
        if ('void' in body.amendment) {
          if (entry.voided === undefined) this.#void(entry)
          entry.voided = body.amendment.void
        } else {
          this.#score(entry, { ...entry.metrics, ...body.amendment.metrics })
        }
        this.#findBest()
        return this.best !== best && this.best >= 0
      }
    }
  }

  /** Takes a trial out of everything that is learned from. */
  #void(entry: TrialEntry): void {
    const { number, state } = entry
    if (state === 'complete') this.completeCount--
    if (state === 'complete' || state === 'pruned' || state === 'failed') this.counts[state]--
    this.#waiting.delete(number)
    this.#running.delete(number)
    this.#paused.delete(number)
    for (const column of this.#losses) column.set(number, NaN)
    this.#violations.set(number, 0)
    for (const { step } of entry.reports) this.#steps.get(step)?.remove(number)
    this.#curves.delete(number)
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

  /** Counts references to artefacts. */
  #refer(before: ArtifactReference | undefined, after: ArtifactReference | undefined): void {
    if (before !== undefined) this.#references.set(before.hash, this.references(before.hash) - 1)
    if (after !== undefined) this.#references.set(after.hash, this.references(after.hash) + 1)
  }

  #entry(number: number): TrialEntry {
    const entry = this.#entries[number]
    if (entry === undefined) throw new AttuneError('TRIAL_NOT_FOUND', `There is no trial ${number} in study "${this.definition.name}": it has ${this.length} trials, numbered from 0.`, { details: { number } })
    return entry
  }

  #create(body: Extract<ChangeBody, { type: 'create' }>, time: number): Effect {
    const entry = new TrialEntry(body.number, body.origin, body.parent, body.params ?? noParams, time, this.#nest)
    entry.suggestion = body.suggestion
    if (body.attributes !== undefined) entry.attributes = body.attributes
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
    else if (state === 'paused' && entry.voided === undefined) this.#paused.add(entry.number)
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
    this.#refer(entry.earlierCheckpoint?.artifact, undefined)
    this.#refer(dropped?.artifact, checkpoint?.artifact)
    entry.earlierCheckpoint = back ? undefined : last
    entry.checkpoint = checkpoint
    if (back) this.#forgetReports(entry)
  }

  /** A new attempt repeats what came after the checkpoint: those reports do not count. */
  #forgetReports(entry: TrialEntry): void {
    const kept = entry.checkpoint?.step ?? -Infinity
    for (const { step } of entry.reports) if (step > kept) this.#steps.get(step)?.remove(entry.number)
    entry.reports = entry.reports.filter(({ step }) => step <= kept)
    const curve = new GrowingCurve()
    for (const { step, metrics } of entry.reports) if (this.definition.objectives[0]!.metric in metrics) curve.push(step, this.loss(metrics))
    this.#curves.set(entry.number, curve)
  }

  #end(entry: TrialEntry, outcome: Outcome, time: number): boolean {
    this.#move(entry, outcome.state)
    this.#refer(entry.checkpoint?.artifact, undefined)
    this.#refer(entry.earlierCheckpoint?.artifact, undefined)
    entry.endedAt = time
    this.#ended.push(entry.number)
    // One that was void while it waited or was paused counts nowhere.
    if (entry.voided !== undefined) this.counts[outcome.state]--
    if (outcome.state === 'failed') entry.failure = outcome.failure
    if (outcome.metrics !== undefined) this.#score(entry, outcome.metrics)
    if (outcome.state !== 'complete' || entry.voided !== undefined) return false
    this.completeCount++
    return this.#challenge(entry)
  }

  #score(entry: TrialEntry, metrics: Metrics): void {
    entry.metrics = metrics
    const values = this.definition.objectives.map(({ metric }) => metrics[metric] ?? NaN)
    entry.values = values.some(Number.isNaN) ? undefined : Object.freeze(values)
    entry.violation = this.definition.constraints.length === 0 ? 0 : violationOf(metrics, this.definition.constraints, entry.state)
    if (entry.voided !== undefined) return
    for (let i = 0; i < values.length; i++) this.#losses[i]!.set(entry.number, values[i]! * this.#signs[i]!)
    if (this.definition.constraints.length > 0) this.#violations.set(entry.number, entry.violation)
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
