import type { Amendment, ChangeBody, CreateOperation, LeaseRequest, Operation } from '../contracts/change.ts'
import type { Refusal, StudyDefinition } from '../contracts/storage.ts'
import type { TrialState } from '../contracts/trial-record.ts'
import { encodeJson } from '../json.ts'

/** What a storage must know of a trial to decide an operation; everything else is history. */
export interface TrialHead {
  readonly number: number
  readonly state: TrialState
  readonly attempt: number
  /** Token of the current attempt while it runs. */
  readonly token: string | undefined
  readonly owner: string | undefined
  /** When the lease ends, in milliseconds since the epoch. */
  readonly leaseEnd: number
}

/** The heads of one study, as the storage holds them now. */
export interface Heads {
  /** The study as it is now. */
  readonly definition: StudyDefinition
  /** True if a study of the storage, this one included, has the name. */
  isNameTaken(name: string): boolean
  /** Number that the next trial gets. */
  readonly nextNumber: number
  get(number: number): TrialHead | undefined
  firstWaiting(): TrialHead | undefined
  running(): Iterable<TrialHead>
  /** The definition of a leaf that was added at this path, as `encodeJson` writes it. */
  leaf(path: string): string | undefined
}

/** What an operation does: changes to append and heads to replace, or a refusal. */
export type Transition =
  | { readonly ok: true; readonly bodies: readonly ChangeBody[]; readonly heads: readonly TrialHead[] }
  | { readonly ok: false; readonly refusal: Refusal }

const noBodies: readonly ChangeBody[] = []

function refuse(reason: Refusal['reason'], message: string, actual?: TrialState): Transition {
  return { ok: false, refusal: actual === undefined ? { reason, message } : { reason, message, actual } }
}

function done(body: ChangeBody, head: TrialHead): Transition {
  return { ok: true, bodies: [body], heads: [head] }
}

function started(head: Pick<TrialHead, 'number' | 'attempt'>, lease: LeaseRequest, now: number): TrialHead {
  return { number: head.number, state: 'running', attempt: head.attempt + 1, token: lease.token, owner: lease.owner, leaseEnd: now + lease.milliseconds }
}

function freed(head: TrialHead, state: TrialState): TrialHead {
  return { number: head.number, state, attempt: head.attempt, token: undefined, owner: head.owner, leaseEnd: 0 }
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** Field by field: copying all but some fields of an object is many times slower. */
function created(operation: CreateOperation, number: number): ChangeBody {
  const { origin, params, suggestion, parent, checkpoint, toStep, attributes, lease, outcome } = operation
  // Of nearly all trials: in one piece it is smaller than what grows.
  if (params !== undefined && suggestion !== undefined && lease !== undefined && parent === undefined && checkpoint === undefined && toStep === undefined && attributes === undefined && outcome === undefined) {
    return { type: 'create', number, origin, params, suggestion, owner: lease.owner }
  }
  const body: Mutable<Extract<ChangeBody, { type: 'create' }>> = { type: 'create', number, origin }
  if (params !== undefined) body.params = params
  if (suggestion !== undefined) body.suggestion = suggestion
  if (parent !== undefined) body.parent = parent
  if (checkpoint !== undefined) body.checkpoint = checkpoint
  if (toStep !== undefined) body.toStep = toStep
  if (attributes !== undefined) body.attributes = attributes
  if (outcome !== undefined) body.outcome = outcome
  else if (lease !== undefined) body.owner = lease.owner
  return body
}

function finished(operation: Extract<Operation, { type: 'finish' }>): ChangeBody {
  const { number, outcome, params, requeue } = operation
  const body: Mutable<Extract<ChangeBody, { type: 'finish' }>> = { type: 'finish', number, outcome }
  if (params !== undefined) body.params = params
  if (requeue !== undefined) body.requeue = requeue
  return body
}

function missing(number: number): Transition {
  return refuse('missing', `There is no trial ${number}.`)
}

/** Why a trial in this state cannot be corrected like this, if so. */
export function amendable({ number, state }: Pick<TrialHead, 'number' | 'state'>, amendment: Amendment): string | undefined {
  if (state === 'running') return `Trial ${number} runs: wait for its end, or end it (tell it, fail it, or stop its run) and correct it then.`
  if ('void' in amendment || state === 'complete' || state === 'pruned') return undefined
  if (state !== 'failed') return `Trial ${number} is ${state}: it has no result yet that could be corrected.`
  return 'restore' in amendment ? undefined : `Trial ${number} failed: it has no result to correct. If there is one after all, add it with study.add.`
}

/** The head if it runs under this token, else why not. */
function held(heads: Heads, number: number, token: string): TrialHead | Transition {
  const head = heads.get(number)
  if (head === undefined) return missing(number)
  if (head.state !== 'running') return refuse('state', `Trial ${number} is ${head.state}, not running.`, head.state)
  if (head.token !== token) return refuse('stale', `Trial ${number} has another owner by now: this attempt's lease ended.`, head.state)
  return head
}

function paused(heads: Heads, number: number): TrialHead | Transition {
  const head = heads.get(number)
  if (head === undefined) return missing(number)
  return head.state === 'paused' ? head : refuse('state', `Trial ${number} is ${head.state}, not paused.`, head.state)
}

/** The definition after a change: another one if the study was renamed or its space extended. */
export function redefined(definition: StudyDefinition, body: ChangeBody): StudyDefinition {
  if (body.type === 'rename') return { ...definition, name: body.name }
  if (body.type === 'revise') return { ...definition, space: body.space, fingerprint: body.fingerprint }
  return definition
}

/**
 * Decides one operation: the single place where the life of a trial is written down. Pure. A storage
 * calls it inside its transaction, one operation after the other, and stores what it answers.
 */
export function transition(operation: Operation, heads: Heads, now: number): Transition {
  switch (operation.type) {
    case 'create': {
      const number = heads.nextNumber
      if (operation.expect !== undefined && operation.expect !== number) return refuse('number-taken', `Trial ${operation.expect} was expected to be next, but ${number} is.`)
      const { outcome, lease } = operation
      const body = created(operation, number)
      if (outcome === undefined && lease !== undefined) return done(body, started({ number, attempt: 0 }, lease, now))
      return done(body, { number, state: outcome === undefined ? 'waiting' : outcome.state, attempt: 0, token: undefined, owner: undefined, leaseEnd: 0 })
    }
    case 'claim': {
      const head = operation.number === undefined ? heads.firstWaiting() : heads.get(operation.number)
      if (head === undefined) return operation.number === undefined ? refuse('none-waiting', 'No trial waits to be started.') : missing(operation.number)
      if (head.state !== 'waiting' && head.state !== 'paused') return refuse('state', `Trial ${head.number} is ${head.state}: only a waiting or paused one can be started.`, head.state)
      const body = { type: 'claim', number: head.number, owner: operation.lease.owner, attempt: head.attempt + 1 } as const
      return done(operation.toStep === undefined ? body : { ...body, toStep: operation.toStep }, started(head, operation.lease, now))
    }
    case 'renew': {
      const head = held(heads, operation.number, operation.token)
      return 'ok' in head ? head : { ok: true, bodies: noBodies, heads: [{ ...head, leaseEnd: now + operation.milliseconds }] }
    }
    case 'assign':
    case 'report':
    case 'checkpoint': {
      const head = held(heads, operation.number, operation.token)
      if ('ok' in head) return head
      const { token: _, ...body } = operation
      return { ok: true, bodies: [body], heads: [] }
    }
    case 'pause': {
      const head = held(heads, operation.number, operation.token)
      return 'ok' in head ? head : done({ type: 'pause', number: head.number }, freed(head, 'paused'))
    }
    case 'finish': {
      const head = operation.token === undefined ? paused(heads, operation.number) : held(heads, operation.number, operation.token)
      if ('ok' in head) return head
      return done(finished(operation), freed(head, operation.requeue === true && operation.outcome.state === 'failed' ? 'waiting' : operation.outcome.state))
    }
    case 'sweep': {
      const bodies: ChangeBody[] = []
      const changed: TrialHead[] = []
      for (const head of heads.running()) {
        const gone = head.owner !== undefined && operation.gone.includes(head.owner)
        if (!gone && head.leaseEnd > now) continue
        const message = gone ? `Its owner ${head.owner} has ended.` : `Its owner ${head.owner} did not renew the lease.`
        bodies.push({ type: 'requeue', number: head.number, failure: { reason: 'lost', message } })
        changed.push(freed(head, 'waiting'))
      }
      return { ok: true, bodies, heads: changed }
    }
    case 'amend': {
      const head = heads.get(operation.number)
      if (head === undefined) return missing(operation.number)
      const refused = amendable(head, operation.amendment)
      if (refused !== undefined) return refuse('state', refused, head.state)
      const ends = head.state === 'waiting' || head.state === 'paused'
      return { ok: true, bodies: [operation], heads: ends ? [freed(head, 'failed')] : [] }
    }
    case 'rename': {
      const before = heads.definition.name
      if (before === operation.name) return { ok: true, bodies: noBodies, heads: [] }
      if (heads.isNameTaken(operation.name)) return refuse('name-taken', `There is a study named "${operation.name}" already: choose another name, or rename or delete that one first.`)
      return { ok: true, bodies: [{ ...operation, before }], heads: [] }
    }
    case 'revise': {
      const { fingerprint } = heads.definition
      if (fingerprint !== operation.from) return refuse('state', `The space is to be extended from ${operation.from}, but the study has ${String(fingerprint)} by now: look at it again.`)
      return { ok: true, bodies: [operation], heads: [] }
    }
    case 'attribute':
    case 'artifact':
    case 'warn':
      if (operation.number !== undefined && heads.get(operation.number) === undefined) return missing(operation.number)
      return { ok: true, bodies: [operation], heads: [] }
    case 'remark':
      return { ok: true, bodies: [operation], heads: [] }
    case 'extend': {
      const known = heads.leaf(operation.path)
      if (known === undefined) return { ok: true, bodies: [operation], heads: [] }
      // Another worker met the same leaf first: nothing to add.
      if (known === encodeJson(operation.leaf)) return { ok: true, bodies: noBodies, heads: [] }
      return refuse('state', `The parameter "${operation.path}" is known as ${known}, not as ${encodeJson(operation.leaf)}: give it the same definition in every trial, or another name.`)
    }
    case 'session':
    case 'merge':
    case 'copied':
    case 'copying':
      return { ok: true, bodies: [operation], heads: [] }
  }
}

/**
 * What a storage adds to a copy of a study: the trials that run in the source wait in the copy, where nobody holds them.
 * Without this each would be run in vain, by the source's worker, under a token that both studies know.
 */
export function requeueCopied(heads: Pick<Heads, 'running'>, source: string): { readonly bodies: readonly ChangeBody[]; readonly heads: readonly TrialHead[] } {
  const running = Array.from(heads.running())
  const failure = { reason: 'lost', message: `It ran in the study "${source}" when that was copied.` } as const
  return { bodies: running.map(({ number }) => ({ type: 'requeue', number, failure })), heads: running.map((head) => freed(head, 'waiting')) }
}
