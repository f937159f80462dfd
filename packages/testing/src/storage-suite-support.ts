import type { Awaitable, Change, ChangeBody, LeaseRequest, Operation, Refusal, Storage, StudyDefinition, StudySummary, TrialState } from '@attune/core'
import { ensure, ensureEqual, settles, show } from './check.ts'
import type { Subject } from './subject.ts'

/** An empty storage of the kind under test. */
export interface StorageSubject extends Subject {
  readonly storage: Storage
  /** One more storage over the same place, as another process would open it. Needed if the storage is persistent. */
  readonly another?: () => Awaitable<Storage>
  /** Makes the record of one revision unreadable behind the storage's back. Needed if the storage is persistent. */
  readonly damage?: (studyId: string, revision: number) => Awaitable<void>
}

export const hour = 3_600_000

/** The definition of a study, as a study stores it. */
export function definitionOf(name: string): StudyDefinition {
  return {
    name,
    space: { kind: 'group', children: { x: { kind: 'float', low: 0, high: 1 } } },
    fingerprint: 'f00d',
    objectives: [{ metric: 'loss', direction: 'minimize', from: 'last' }],
    constraints: [{ metric: 'latencyMs', bound: 'atMost', limit: 5 }],
    metrics: null,
    seed: 7,
  }
}

/** Names that differ from call to call of one case. */
export function namer(prefix: string): () => string {
  let count = 0
  return () => `${prefix}-${++count}`
}

const nextRequest = namer('request')

export async function newStudy(storage: Storage, name = 'study', requestId: string = nextRequest()): Promise<StudySummary> {
  const summary = await settles(storage.createStudy(definitionOf(name), requestId), 'createStudy()')
  ensure(summary !== undefined, () => `createStudy() must make the study ${show(name)}, as no study has that name.`)
  return summary
}

/** Applies operations in one request and answers their changes. Fails if they are refused. */
export async function apply(storage: Storage, studyId: string, ...operations: readonly Operation[]): Promise<readonly Change[]> {
  const result = await settles(storage.write(studyId, { id: nextRequest(), operations }), 'write()')
  ensure(result.ok, () => `write() must accept ${show(operations)}, but refused it: ${show(result)}.`)
  return result.changes
}

/** Writes operations that must be refused for the given reason. */
export async function refused(storage: Storage, studyId: string, operations: readonly Operation[], reason: Refusal['reason'], what: string, actual?: TrialState): Promise<void> {
  const result = await settles(storage.write(studyId, { id: nextRequest(), operations }), 'write()')
  ensure(!result.ok, () => `${what} must be refused as ${reason}, but was accepted: ${show(result)}.`)
  ensureEqual(result.refusal.reason, reason, `${what}: reason of the refusal`)
  ensure(result.refusal.message.trim().length > 0, `${what}: a refusal must have a message.`)
  if (actual !== undefined) ensureEqual(result.refusal.actual, actual, `${what}: state that the refusal names`)
}

/** The whole history, read in pages. */
export async function historyOf(storage: Storage, studyId: string, pageLength = 1000): Promise<readonly Change[]> {
  const changes: Change[] = []
  for (;;) {
    const page = await settles(storage.changesSince(studyId, changes.length, pageLength), 'changesSince()')
    ensure(page.length <= pageLength, () => `changesSince() answered ${page.length} changes, more than the limit of ${pageLength}.`)
    changes.push(...page)
    if (page.length < pageLength) break
  }
  changes.forEach(({ revision, time }, i) => {
    ensureEqual(revision, i + 1, `Revision of change ${i} of the history`)
    ensure(Number.isFinite(time), () => `The time of revision ${revision} must be a number, not ${show(time)}.`)
  })
  return changes
}

export async function bodiesOf(storage: Storage, studyId: string): Promise<readonly ChangeBody[]> {
  return (await historyOf(storage, studyId)).map(({ body }) => body)
}

export function leaseOf(token: string, milliseconds: number = hour, owner = 'host/1'): LeaseRequest {
  return { owner, token, milliseconds }
}

export function waitingTrial(params = { x: 0.5 }): Operation {
  return { type: 'create', origin: 'sampler', params }
}

export function runningTrial(token: string, milliseconds: number = hour, owner = 'host/1'): Operation {
  return { type: 'create', origin: 'sampler', params: { x: 0.5 }, lease: leaseOf(token, milliseconds, owner) }
}

export function completion(number: number, token: string, loss = 1): Operation {
  return { type: 'finish', number, token, outcome: { state: 'complete', metrics: { loss } } }
}

/** A study with one trial in the given state, which ran (if it did) under the token `holder`. */
export async function studyWithTrialIn(storage: Storage, state: TrialState, name: string): Promise<string> {
  const { id } = await newStudy(storage, name)
  if (state === 'waiting') await apply(storage, id, waitingTrial())
  else await apply(storage, id, runningTrial('holder'))
  if (state === 'paused') await apply(storage, id, { type: 'pause', number: 0, token: 'holder' })
  if (state === 'complete') await apply(storage, id, completion(0, 'holder'))
  if (state === 'pruned') await apply(storage, id, { type: 'finish', number: 0, token: 'holder', outcome: { state: 'pruned', metrics: { loss: 1 } } })
  if (state === 'failed') await apply(storage, id, { type: 'finish', number: 0, token: 'holder', outcome: { state: 'failed', failure: { reason: 'error', message: 'on purpose' } } })
  return id
}

/** The state that a trial is in, by the counts of its study, where it is the only trial. */
export async function onlyState(storage: Storage, name: string): Promise<string> {
  const summary = await storage.findStudy(name)
  ensure(summary !== undefined, () => `findStudy(${show(name)}) must find the study.`)
  const states = Object.entries(summary.counts).flatMap(([state, count]) => (count > 0 ? [state] : []))
  ensure(states.length === 1, () => `The study has one trial, but its counts are ${show(summary.counts)}.`)
  return states[0] as string
}
