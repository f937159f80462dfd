import { encodeJson, type Change, type Json, type Operation, type TrialState, type WriteRequest, type WriteResult } from '@attune/core'
import { finalLoss, lastStep, lossAt, type SimParams } from './objectives.ts'
import type { SimProcess } from './sim-process.ts'
import type { World } from './world.ts'

/** What the oracle knows of one trial: less than a fold, and worked out in another way. */
interface Known {
  state: TrialState
  params: SimParams
  token: string | undefined
  owner: string | undefined
  leaseEnd: number
  /** Steps that count, in order. */
  steps: number[]
  checkpoint: number | undefined
}

const final: readonly TrialState[] = ['complete', 'pruned', 'failed']

/** Sees every request that took effect, at the instant when it did, and holds it against what is promised. */
export class Oracle {
  readonly log: Change[] = []
  readonly #world: World
  readonly #trials: Known[] = []
  readonly #requests = new Set<string>()
  /** Renewals of which nobody knows whether they were applied: they leave no change. */
  readonly #unknown = new Set<string>()
  /** Changes that somebody was told are stored. */
  readonly #acknowledged = new Map<number, Change>()
  readonly #processes: () => readonly SimProcess[]
  /** Trials that are wanted, failed ones aside; Infinity where trials are asked for by hand. */
  readonly #goal: number
  /** True if nothing but death and blocked event loops happens: then no living owner may lose a trial, because a thread renews its leases. */
  readonly #calm: boolean

  constructor(world: World, processes: () => readonly SimProcess[], goal: number, calm: boolean) {
    this.#world = world
    this.#processes = processes
    this.#goal = goal
    this.#calm = calm
  }

  count(...states: readonly TrialState[]): number {
    return this.#trials.filter(({ state }) => states.includes(state)).length
  }

  tokenOf(number: number): string | undefined {
    return this.#trials[number]?.token
  }

  trial(number: number): Known | undefined {
    return this.#trials[number]
  }

  get length(): number {
    return this.#trials.length
  }

  acknowledged(result: WriteResult): void {
    if (result.ok) for (const change of result.changes) this.#acknowledged.set(change.revision, change)
  }

  /** The request failed before its commit or after it, without a change to tell by. */
  failed({ id, operations }: WriteRequest): void {
    if (operations.every(({ type }) => type === 'renew')) this.#unknown.add(id)
  }

  applied(process: SimProcess, request: WriteRequest, result: WriteResult): void {
    if (!result.ok) return
    const fresh = result.changes.filter(({ revision }) => revision > this.log.length)
    if (this.#requests.has(request.id)) {
      if (fresh.length > 0) this.#world.violated('P7', `${process.name} repeated a request, and ${fresh.map(({ body }) => body.type).join(', ')} happened again`)
      return
    }
    if (this.#unknown.has(request.id)) return
    // One that changed nothing may be forgotten: repeated, a sweep finds what has been lost since.
    if (result.changes.length > 0) this.#requests.add(request.id)
    else this.failed(request)
    let next = 0
    for (const operation of request.operations) {
      this.#allowed(process, operation)
      const changes = operation.type === 'sweep' ? fresh : operation.type === 'renew' ? [] : fresh.slice(next, ++next)
      for (const change of changes) this.#take(change, operation)
    }
    const there = this.count('complete', 'pruned', 'paused', 'running', 'waiting')
    if (there > this.#goal) this.#world.violated('budget', `${there} trials have ended, are paused, run or wait, ${this.#goal} were wanted`)
  }

  #allowed(process: SimProcess, operation: Operation): void {
    if (!('token' in operation)) return
    const known = this.#trials[operation.number]
    if (known?.token !== operation.token) this.#world.violated('P4', `${operation.type} of trial ${operation.number} by ${process.name} was accepted: its attempt was over`)
    if (operation.type === 'renew' && known !== undefined) known.leaseEnd = this.#world.now + operation.milliseconds
  }

  #take(change: Change, operation: Operation): void {
    const world = this.#world
    if (change.revision !== this.log.length + 1) world.violated('P2', `revision ${change.revision} came after ${this.log.length}`)
    this.log.push(change)
    const { body } = change
    if (!('number' in body) || body.number === undefined || body.type === 'attribute' || body.type === 'artifact' || body.type === 'warn' || body.type === 'amend') return
    if (body.type === 'create') {
      if (body.number !== this.#trials.length) world.violated('P2', `trial ${body.number} was made where ${this.#trials.length} is next`)
      const lease = operation.type === 'create' ? operation.lease : undefined
      this.#trials[body.number] = { state: lease === undefined ? 'waiting' : 'running', params: body.params as unknown as SimParams, token: lease?.token, owner: lease?.owner, leaseEnd: world.now + (lease?.milliseconds ?? 0), steps: [], checkpoint: body.checkpoint?.step }
      return
    }
    const known = this.#trials[body.number]
    if (known === undefined) return world.violated('P2', `${body.type} of trial ${body.number}, which there is not`)
    if (final.includes(known.state)) world.violated('P3', `${body.type} of trial ${body.number}, which is ${known.state}`)
    switch (body.type) {
      case 'assign':
        known.params = body.params as unknown as SimParams
        return
      case 'claim':
        if (known.state !== 'waiting' && known.state !== 'paused') world.violated('P3', `trial ${body.number} was claimed while it was ${known.state}`)
        if (operation.type === 'claim') Object.assign(known, { state: 'running', token: operation.lease.token, owner: operation.lease.owner, leaseEnd: world.now + operation.lease.milliseconds })
        known.steps = known.steps.filter((step) => step <= (known.checkpoint ?? -Infinity))
        return
      case 'report':
        if (body.step <= (known.steps.at(-1) ?? -Infinity)) world.violated('steps', `trial ${body.number} reported step ${body.step} after ${known.steps.at(-1)}`)
        if (body.metrics['loss'] !== lossAt(known.params, body.step)) world.violated('P1', `trial ${body.number} has ${body.metrics['loss']} at step ${body.step}, which nobody reported`)
        known.steps.push(body.step)
        return
      case 'checkpoint': {
        const back = body.artifact === null || (known.checkpoint !== undefined && body.step <= known.checkpoint)
        known.checkpoint = body.artifact === null ? undefined : body.step
        if (back) known.steps = known.steps.filter((step) => step <= (known.checkpoint ?? -Infinity))
        return
      }
      case 'requeue':
        this.#lost(body.number, known)
        Object.assign(known, { state: 'waiting', token: undefined })
        return
      case 'pause':
        Object.assign(known, { state: 'paused', token: undefined })
        return
      case 'finish': {
        const { outcome } = body
        if (outcome.state === 'complete' && outcome.metrics['loss'] !== finalLoss(known.params) && outcome.metrics['loss'] !== lossAt(known.params, lastStep)) world.violated('P1', `trial ${body.number} ended with ${outcome.metrics['loss']}, which nobody told`)
        Object.assign(known, { state: body.requeue === true && outcome.state === 'failed' ? 'waiting' : outcome.state, token: undefined })
        return
      }
    }
  }

  /** A trial went back to the queue: only if nobody runs it any more, and once for each loss. */
  #lost(number: number, known: Known): void {
    const world = this.#world
    if (known.state !== 'running') return world.violated('P5', `trial ${number} was requeued while it was ${known.state}`)
    const owner = this.#processes().find(({ identity }) => identity === known.owner)
    const lives = owner !== undefined && owner.alive && !owner.ended
    if (lives && known.leaseEnd > world.now) world.violated('P5', `trial ${number} was taken from ${owner.name}, which lives and holds a lease`)
    if (lives && this.#calm) world.violated('P6', `trial ${number} was taken from ${owner.name}, whose event loop was only blocked`)
  }

  /** Holds the history that is stored in the end against what was seen and acknowledged. */
  compare(stored: readonly Change[]): void {
    const text = (change: Change | undefined): string => (change === undefined ? 'nothing' : encodeJson(change as unknown as Json))
    for (let i = 0; i < Math.max(stored.length, this.log.length); i++) if (text(stored[i]) !== text(this.log[i])) return this.#world.violated('P1', `revision ${i + 1} is ${text(stored[i])}, and was ${text(this.log[i])}`)
    for (const [revision, change] of this.#acknowledged) if (text(stored[revision - 1]) !== text(change)) return this.#world.violated('P1', `revision ${revision} was acknowledged as ${text(change)}, and is ${text(stored[revision - 1])}`)
  }
}
