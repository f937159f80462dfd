import { randomUUID } from 'node:crypto'
import { fields, list, optionalText } from './decode.ts'
import { MlflowError } from './errors.ts'
import { encodeKey } from './names.ts'
import type { Transport } from './transport-types.ts'
import { checkInteger, checkText } from './values.ts'

/** The tag that a key of ours is kept in. Every `create` leaves one. */
export const keyTag = 'attune.key'
/** When a call that others may make too was sent, in milliseconds by its own clock: runs have no other order of creation. */
export const createdTag = 'attune.created'

export function hasCode(error: unknown, code: string): error is MlflowError {
  return error instanceof MlflowError && error.code === code
}

/** All entries of a search, page by page. A server that answers the same page again would keep us for ever, so that is refused. */
export async function* pages<T>(transport: Transport, fetch: (token: string | undefined) => Promise<unknown>, listName: string, decode: (value: unknown, where: string) => T): AsyncGenerator<T, void, void> {
  let token: string | undefined
  do {
    const answer = fields(await fetch(token), 'the answer to a search')
    for (const entry of list(answer[listName], listName)) yield decode(entry, `an entry of ${listName}`)
    const next = optionalText(answer['next_page_token'], 'next_page_token')
    if (next !== undefined && next === token) throw new MlflowError('MLFLOW_ANSWER', `${transport.trackingUri} answers a search with the same page for ever (${listName}). Look for a proxy that answers in the server's place`)
    token = next
  } while (token !== undefined)
}

export function checkPageSize(size: unknown, otherwise: number, max: number): number {
  return size === undefined ? otherwise : checkInteger('pageSize', size, { min: 1, max })
}

/** A filter for what has a key. Stored keys hold no quotes, for which MLflow has no escape. */
export function hasKey(storedKey: string): string {
  return `tags.\`${keyTag}\` = '${storedKey}'`
}

/** No JSON can hold it. */
const foundBefore: unique symbol = Symbol('found before')

/** Something that is created once for a key. */
export interface Keyed<T> {
  /** Those that have the key, the one to keep first: an order that never changes, so that all who look agree. */
  find(storedKey: string): Promise<readonly T[]>
  /** `applied` goes to the transport, which calls it before it repeats the call; `sent` is what it was answered. */
  create(storedKey: string, applied: () => Promise<unknown>): Promise<T>
  /** Must not mind that it is gone already. */
  remove(extra: T): Promise<void>
}

/**
 * Creates one thing, whatever happens to answers: under a random key a repetition looks for what was created before; a key that is given is also
 * looked for first, and afterwards, where others made it at the same moment: then all but the first are removed.
 */
export async function createOnce<T>(key: string | undefined, keyed: Keyed<T>): Promise<T> {
  const storedKey = key === undefined ? randomUUID() : encodeKey(checkText('The key', key))
  const settle = async (): Promise<T | undefined> => {
    const [first, ...extra] = await keyed.find(storedKey)
    for (const each of extra) await keyed.remove(each)
    return first
  }
  if (key !== undefined) {
    const existing = await settle()
    if (existing !== undefined) return existing
  }
  const state: { repeated: boolean; found: T | undefined } = { repeated: false, found: undefined }
  const created = await keyed.create(storedKey, async () => {
    state.repeated = true
    state.found = await settle()
    return state.found === undefined ? undefined : { [foundBefore]: state.found }
  })
  // A repetition may have overtaken the attempt before it.
  if (key === undefined && !state.repeated) return created
  return (await settle()) ?? created
}

/** What `create` of a `Keyed` makes of an answer: that of the server, or what a repetition found. */
export function createdOrFound<T>(answer: unknown, decode: (answer: { readonly [key: string]: unknown }) => T): T {
  const answered = fields(answer, 'the answer to a creation')
  return foundBefore in answered ? (answered[foundBefore] as T) : decode(answered)
}

/** For calls that answer 404 when they are repeated: an answer that says they have happened, if `happened` says so. */
export function appliedIf(happened: () => Promise<boolean>): () => Promise<unknown> {
  return async () => ((await happened()) ? {} : undefined)
}

/** Runs a call for each name that a key may have, until one is found. */
export async function firstFound(names: readonly string[], call: (name: string) => Promise<void>): Promise<void> {
  for (const [index, name] of names.entries()) {
    try {
      return await call(name)
    } catch (error) {
      if (index === names.length - 1 || !hasCode(error, 'MLFLOW_NOT_FOUND')) throw error
    }
  }
}
