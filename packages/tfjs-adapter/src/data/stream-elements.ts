import { messageOf } from '../error.ts'
import { dataError } from './data-error.ts'
import type { StreamOrigin, TensorFlowDataset } from './training-data.ts'

/**
 * The elements of one iteration, from the start. Breaking off calls `return()` of the user's iterator.
 * @throws AttuneError `TFJS_DATA` with the cause if opening it or pulling from it fails, or it cannot be iterated.
 */
export async function* elementsOf(origin: StreamOrigin, name: string): AsyncGenerator<unknown, void, void> {
  let pulled = 0
  try {
    const opened: unknown = await open(origin)
    const iterable = asIterable(opened)
    if (iterable === undefined) throw dataError(`${name} gave ${opened === null ? 'null' : typeof opened} where a set of tf.data, a collection or an iterator was expected`)
    for await (const element of iterable) {
      yield element
      pulled++
    }
  } catch (cause) {
    if (isDataError(cause)) throw cause
    throw dataError(`${name} failed after ${pulled} element${pulled === 1 ? '' : 's'}: ${messageOf(cause)}`, cause)
  }
}

/** @throws AttuneError `TFJS_DATA` for an iterator: it would be empty in the second epoch. */
export function requireRepeatable(origin: unknown, name: string): asserts origin is StreamOrigin {
  if (typeof origin === 'function' || isDataset(origin)) return
  if (asIterable(origin) === undefined) throw dataError(`${name} is ${origin === null ? 'null' : typeof origin}: give a set of tf.data, a collection, or a function that returns an iterator`)
  if ('next' in (origin as object)) throw dataError(`${name} can be read once, and every epoch reads it: give a function that begins anew, as () => readSamples()`)
}

async function open(origin: StreamOrigin): Promise<unknown> {
  const opened: unknown = typeof origin === 'function' ? await origin() : origin
  return isDataset(opened) ? opened.iterator() : opened
}

function isDataset(value: unknown): value is TensorFlowDataset {
  return typeof value === 'object' && value !== null && 'iterator' in value && typeof value.iterator === 'function'
}

function asIterable(value: unknown): AsyncIterable<unknown> | Iterable<unknown> | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  if (Symbol.asyncIterator in value || Symbol.iterator in value) return value as AsyncIterable<unknown>
  if ('next' in value && typeof value.next === 'function') return { [Symbol.asyncIterator]: () => value as AsyncIterator<unknown> }
  return undefined
}

function isDataError(error: unknown): boolean {
  return error instanceof Error && (error as { readonly code?: unknown }).code === 'TFJS_DATA'
}
