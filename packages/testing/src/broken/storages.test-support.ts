import { type Change, type ChangeBody, type Heads, type Operation, redefined, transition, type Transition, type TrialHead } from '@attune/core'
import { modelCaseName } from '../storage-suite-model.ts'
import type { StorageSubject } from '../storage-suite-support.ts'
import { type Hooks, Place, PlainStorage, soundHooks } from './plain-storage.test-support.ts'

export interface BrokenStorage {
  readonly what: string
  readonly setup: () => StorageSubject
  /** Cases that must notice; others may as well. */
  readonly fails: readonly string[]
}

/** A plain storage on a place of its own; the hooks are made anew for each. */
export function plainSubject(hooks: Partial<Hooks> = {}): StorageSubject {
  const place = new Place()
  return {
    storage: new PlainStorage(place, hooks),
    another: () => new PlainStorage(place, hooks),
    damage: (studyId, revision) => {
      for (const { id, rows } of place.studies.values()) if (id === studyId) Object.assign(rows[revision - 1] as object, { body: '{' })
    },
  }
}

function broken(what: string, hooks: () => Partial<Hooks>, ...fails: readonly string[]): BrokenStorage {
  return { what, setup: () => plainSubject(hooks()), fails }
}

/** Decides as the contract says, but with some heads shown otherwise than they are. */
function seeing(change: (head: TrialHead, operation: Operation) => TrialHead): Hooks['decide'] {
  return (operation, heads, now) => {
    const show = (head: TrialHead | undefined): TrialHead | undefined => (head === undefined ? undefined : change(head, operation))
    return transition(operation, { ...heads, get: (number) => show(heads.get(number)), firstWaiting: () => show(heads.firstWaiting()) }, now)
  }
}

/** Decides as the contract says, then alters what comes of it. */
function after(alter: (decided: Transition & { ok: true }, operation: Operation, heads: Heads) => Transition): Hooks['decide'] {
  return (operation, heads, now) => {
    const decided = transition(operation, heads, now)
    return decided.ok ? alter(decided, operation, heads) : decided
  }
}

/** Storages that each break one promise: the suite must notice every one. */
export const brokenStorages: readonly BrokenStorage[] = [
  broken(
    'leaves gaps in the numbers after refusals',
    () => {
      let burnt = 0
      return {
        decide: (operation, heads, now) => {
          const decided = transition(operation, { ...heads, nextNumber: heads.nextNumber + burnt }, now)
          if (!decided.ok && operation.type === 'create') burnt++
          return decided
        },
      }
    },
    'P2: numbers trials from 0 without a gap, also after refusals',
  ),
  broken(
    'reads the next number before it waits for its turn',
    () => ({ pause: () => Promise.resolve() }),
    'P2: numbers trials without a gap when many are made at once',
    'P4: gives each waiting trial to one of many claimers',
    'P5: requeues a lost trial exactly once, and no other',
  ),
  broken('keeps the first operations of a refused request', () => ({ savepoint: () => () => undefined }), 'applies all operations of a request or none', modelCaseName),
  broken(
    'ignores request ids',
    () => {
      let count = 0
      return { requestKey: () => `unique ${++count}` }
    },
    'P7: applies a request once and answers its changes again',
    'P7: loses and doubles nothing when an answer is lost, whichever it is',
    'P7: answers the same study when createStudy is repeated',
    'P7: deletes once when deleteStudy is repeated, and leaves a new study of that name alone',
    'keeps everything over a restart',
    modelCaseName,
  ),
  broken('forgets requests too soon', () => ({ remembered: 100 }), 'P7: remembers a request for a thousand changes'),
  broken(
    'renews leases only when the event loop turns',
    () => {
      let turned = Date.now()
      const timer = setInterval(() => {
        turned = Date.now()
      }, 10)
      return { keeps: (token, kept) => soundHooks.keeps(token, kept) && Date.now() - turned < kept.milliseconds, closing: () => clearInterval(timer) }
    },
    'P6: keeps the leases of one session alive while the event loop is blocked, and no other',
  ),
  broken('renews the leases of all sessions', () => ({ keeps: (_token, { stopped }) => !stopped }), 'P6: keeps the leases of one session alive while the event loop is blocked, and no other'),
  broken(
    'renews leases of sessions that have a similar name',
    () => ({ keeps: (token, kept) => !kept.stopped && new RegExp(`^${kept.session.replaceAll('_', '.')}/`).test(token) }),
    'P6: keeps the leases of one session alive while the event loop is blocked, and no other',
  ),
  broken('renews leases that were given up', () => ({ keeps: (token, kept) => soundHooks.keeps(token, { ...kept, forgotten: new Set() }) }), 'P6: renews no lease that was given up, and none after stop'),
  broken(
    'goes on renewing leases after it was told to stop',
    () => ({ keeps: (token, kept) => soundHooks.keeps(token, { ...kept, stopped: false }) }),
    'P6: renews no lease that was given up, and none after stop',
    'P6: stops renewing when the storage is closed',
  ),
  broken(
    'writes renewals into the history',
    () => ({ decide: after((decided, operation) => (operation.type === 'renew' ? { ...decided, bodies: [{ type: 'warn', source: 'renewed', message: '' }] } : decided)) }),
    'keeps a renewed lease alive',
  ),
  broken(
    'takes writes of former owners',
    () => ({ decide: seeing((head, operation) => ('token' in operation ? { ...head, token: operation.token } : head)) }),
    'P4: takes writes of the current owner only',
    modelCaseName,
  ),
  broken(
    'lets a complete trial be ended again',
    () => ({ decide: seeing((head, operation) => (operation.type === 'finish' && head.state === 'complete' ? { ...head, state: 'running', token: operation.token } : head)) }),
    'P3: never changes a state that is final',
    'P3: allows each move of a trial in its states only',
    modelCaseName,
  ),
  broken(
    'starts a trial that runs already',
    () => ({ decide: seeing((head, operation) => (operation.type === 'claim' && head.state === 'running' ? { ...head, state: 'waiting' } : head)) }),
    'P3: allows each move of a trial in its states only',
    modelCaseName,
  ),
  broken(
    'counts every start as the first',
    () => ({ decide: after((decided) => ({ ...decided, bodies: decided.bodies.map((body): ChangeBody => (body.type === 'claim' ? { ...body, attempt: 1 } : body)) })) }),
    'P4: takes writes of the current owner only',
    'P5: requeues a lost trial exactly once, and no other',
  ),
  broken(
    'takes the trials of owners that are alive',
    () => ({ decide: (operation, heads, now) => transition(operation, heads, operation.type === 'sweep' ? Infinity : now) }),
    'P5: requeues a lost trial exactly once, and no other',
    'keeps a renewed lease alive',
  ),
  broken('never takes a trial from an owner that is gone', () => ({ decide: (operation, heads, now) => transition(operation.type === 'sweep' ? { ...operation, gone: [] } : operation, heads, now) }), 'P5: requeues a lost trial exactly once, and no other', modelCaseName),
  broken('forgets to requeue a failure', () => ({ decide: (operation, heads, now) => transition(operation.type === 'finish' ? { ...operation, requeue: false } : operation, heads, now) }), 'P5: fails and requeues in one step', modelCaseName),
  broken(
    'lets a leaf be defined twice',
    () => ({ decide: (operation, heads, now) => (operation.type === 'extend' ? { ok: true, bodies: [operation], heads: [] } : transition(operation, heads, now)) }),
    'lets a leaf have one definition',
  ),
  broken(
    'tells tokens',
    () => ({ decide: after((decided, operation) => ({ ...decided, bodies: decided.bodies.map((body) => (operation.type === 'claim' ? { ...body, token: operation.lease.token } : body)) })) }),
    'never tells a token',
  ),
  broken('writes plain JSON', () => ({ encode: (value) => JSON.stringify(value), decode: (text) => JSON.parse(text) }), 'P11: keeps every number exactly', 'keeps a definition exactly'),
  broken('keeps numbers in single precision', () => ({ encode: (value) => soundHooks.encode(roundAll(value)) }), 'P11: keeps every number exactly'),
  broken(
    'hands out its own objects',
    () => {
      const own = new Map<string, unknown>()
      return {
        decode: (text) => {
          if (!own.has(text)) own.set(text, soundHooks.decode(text))
          return own.get(text) as ReturnType<Hooks['decode']>
        },
      }
    },
    'P12: answers snapshots that nobody can change',
    'P12: keeps what was written when the writer changes its objects later',
  ),
  broken('keeps the objects of the writer', () => keepingObjects(), 'P12: keeps what was written when the writer changes its objects later'),
  broken('answers revisions out of order', () => ({ page: (changes, revision, limit) => changes.slice(revision, revision + limit).reverse() }), 'answers the changes after a revision, in order and in pages'),
  broken('answers the last change read once more', () => ({ page: (changes, revision, limit) => changes.slice(Math.max(0, revision - 1), revision + limit) }), 'answers the changes after a revision, in order and in pages'),
  broken('has no pages', () => ({ page: (changes, revision) => changes.slice(revision) }), 'answers the changes after a revision, in order and in pages'),
  broken('answers a history that goes on growing', () => growingPage(), 'P12: answers a history that later writes leave alone'),
  broken('takes names for the same that are not', () => ({ nameKey: (name) => name.normalize('NFC').toLowerCase().trim() }), 'keeps studies apart whatever their names are'),
  broken(
    'lets what runs in the source run in the copy as well',
    () => ({ requeueCopy: () => ({ bodies: [], heads: [] }) }),
    'P4: leaves leases and tokens behind when a study is copied: what runs in the source waits in the copy',
  ),
  broken('takes a name away from another study', () => ({ decide: (operation, heads, now) => transition(operation, { ...heads, isNameTaken: () => false }, now) }), 'refuses a name that is taken, and takes its own for no change'),
  broken('keeps the old name of a study', () => ({ redefine: (definition, body) => (body.type === 'rename' ? definition : redefined(definition, body)) }), 'gives a study another name, under which it is found'),
  broken('keeps the old space of a study', () => ({ redefine: (definition, body) => (body.type === 'revise' ? definition : redefined(definition, body)) }), 'gives a study a larger space, from the one that it has'),
  broken('extends a space that the study has no longer', () => ({ decide: (operation, heads, now) => transition(operation.type === 'revise' ? { ...operation, from: heads.definition.fingerprint! } : operation, heads, now) }), 'gives a study a larger space, from the one that it has'),
  broken('lets a void trial wait', () => ({ decide: after((decided, operation) => (operation.type === 'amend' ? { ...decided, heads: [] } : decided)) }), 'keeps who amended a trial, and ends one that waits or is paused by a void'),
  broken('forgets who corrected', () => ({ encode: (value) => soundHooks.encode(typeof value === 'object' && value !== null && 'by' in value ? { ...value, by: '' } : value) }), 'keeps who amended a trial, and ends one that waits or is paused by a void', 'keeps where trials and copies came from'),
  broken('lets a copy share its history with the source', () => ({ copyRows: (study) => study.rows }), 'copies a study, and the two go on apart'),
  broken('forgets in a copy how its leaves are defined', () => ({ copyLeaves: () => new Map() }), 'copies a study, and the two go on apart'),
  broken('acknowledges what it keeps in memory until it is too late', () => ({ closing: (place) => place.studies.forEach((study) => study.rows.pop()) }), 'keeps everything over a restart'),
  broken(
    'gives up a study for one damaged record',
    () => ({
      damaged: (_row, revision) => {
        throw new Error(`Revision ${revision} cannot be read.`)
      },
    }),
    'P17: loses a trial, never the study, to a damaged record',
  ),
]

/** Storages that are not a plain one with another hook: one stays open for ever, two say that they are persistent and do not show it. */
export const otherBrokenStorages: readonly BrokenStorage[] = [
  {
    what: 'works on after close',
    setup: () => {
      const { storage } = plainSubject()
      const methods = Object.getOwnPropertyNames(PlainStorage.prototype).map((name) => [name, (storage as unknown as Record<string, unknown>)[name]] as const)
      const bound = Object.fromEntries(methods.map(([name, method]) => [name, (method as (...parts: unknown[]) => unknown).bind(storage)]))
      return { storage: { ...bound, specVersion: 'v1', persistent: false, close: () => undefined } as unknown as StorageSubject['storage'] }
    },
    fails: ['rejects every call after close, which may be called twice'],
  },
  {
    what: 'says that it is persistent and gives nothing to show it',
    setup: () => ({ storage: plainSubject().storage }),
    fails: ['shows every write to others on the same place at once', 'keeps everything over a restart', 'P17: loses a trial, never the study, to a damaged record'],
  },
  { what: 'shows its writes to nobody else', setup: () => ({ ...plainSubject(), another: () => new PlainStorage(new Place()) }), fails: ['shows every write to others on the same place at once', 'keeps everything over a restart'] },
]

function roundAll(value: unknown): unknown {
  if (typeof value === 'number') return Math.fround(value)
  if (typeof value !== 'object' || value === null) return value
  return Array.isArray(value) ? value.map(roundAll) : Object.fromEntries(Object.entries(value).map(([key, item]) => [key, roundAll(item)]))
}

function keepingObjects(): Partial<Hooks> {
  const kept = new Map<string, unknown>()
  return {
    encode: (value) => {
      const key = `"${kept.size}"`
      kept.set(key, value)
      return key
    },
    decode: (text) => kept.get(text) as ReturnType<Hooks['decode']>,
  }
}

function growingPage(): Partial<Hooks> {
  const pages: { readonly page: Change[]; readonly from: number }[] = []
  return {
    page: (changes, revision, limit) => {
      const page = changes.slice(revision, revision + limit)
      pages.push({ page, from: revision })
      return page
    },
    answer: (change) => {
      for (const { page, from } of pages) if (from + page.length === change.revision - 1) page.push(change)
      return change
    },
  }
}
