import type { TensorFlow } from '../tensorflow.ts'
import { dataError } from './data-error.ts'
import { isNumbers, isShapedNumbers } from './numbers.ts'
import { isTensor } from './training-data.ts'

/** What was given as inputs or as targets, one by one. */
export interface Parts {
  /** Undefined where it came as one value or as a list. */
  readonly names: readonly string[] | undefined
  /** As in messages. */
  readonly labels: readonly string[]
  readonly values: readonly unknown[]
}

/**
 * @param nested whether a list of lists of numbers is one value, as in a stream, or several, as among arrays
 * @throws AttuneError `TFJS_DATA` for a record without names.
 */
export function partsOf(tf: TensorFlow, given: unknown, label: string, nested: boolean): Parts {
  if (isList(given) && !isNumbers(given) && !(nested && isNested(given))) return { names: undefined, labels: given.map((_, position) => `${label}[${position}]`), values: given }
  if (typeof given !== 'object' || given === null || Array.isArray(given) || isTensor(tf, given) || ArrayBuffer.isView(given) || isShapedNumbers(given)) return { names: undefined, labels: [label], values: [given] }
  const names = Object.keys(given)
  if (names.length === 0) throw dataError(`${label} is an object without arrays: give them by the names of the model's inputs or outputs`)
  return { names, labels: names.map((name) => `${label}.${name}`), values: Object.values(given) }
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value)
}

function isNested(list: readonly unknown[]): boolean {
  const [first] = list
  return isList(first) && (typeof first[0] === 'number' || isNested(first))
}

/**
 * Where in a batch the model finds what it calls `wanted`: by name if the data have names, otherwise in the order given.
 * `label` is for messages: `data.train.x`. Inputs that the model does not have are left out; targets may not be.
 * @throws AttuneError `TFJS_DATA` for a name that is missing, or another count.
 */
export function positionsFor(wanted: readonly string[], names: readonly string[] | undefined, count: number, label: string): number[] {
  if (names === undefined) {
    if (count !== wanted.length) throw dataError(`${label} has ${count} array${count === 1 ? '' : 's'}, the model ${wanted.length}: give one for each, in the model's order or by its names`)
    return wanted.map((_, position) => position)
  }
  const missing = wanted.find((name) => !names.includes(name))
  if (missing !== undefined) throw dataError(`${label} has no "${missing}", which the model wants; there are ${names.join(', ')}`)
  const extra = label.endsWith('.y') ? names.find((name) => !wanted.includes(name)) : undefined
  if (extra !== undefined) throw dataError(`${label} has "${extra}", for which the model has no output; there are ${wanted.join(', ')}`)
  return wanted.map((name) => names.indexOf(name))
}
