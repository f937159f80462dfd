import { tfjsError } from '../error.ts'
import type { Optimizer, Tensor, TensorFlow, Variable } from '../tensorflow.ts'

/** An optimiser as data, so that parameters of a study can name it. Unnamed settings have the defaults of TensorFlow.js. */
export type OptimizerSpec =
  /** With `momentum`, the momentum optimiser. */
  | { readonly type: 'sgd'; readonly learningRate: number; readonly momentum?: number; readonly nesterov?: boolean }
  | { readonly type: 'momentum'; readonly learningRate: number; readonly momentum: number; readonly nesterov?: boolean }
  | { readonly type: 'adam'; readonly learningRate: number; readonly beta1?: number; readonly beta2?: number; readonly epsilon?: number }
  | { readonly type: 'rmsprop'; readonly learningRate: number; readonly decay?: number; readonly momentum?: number; readonly epsilon?: number; readonly centered?: boolean }

/** @throws AttuneError `TFJS_OPTION` for an unknown type or a setting out of range. */
export function createOptimizer(tf: TensorFlow, spec: OptimizerSpec): Optimizer {
  if (!(Number.isFinite(spec.learningRate) && spec.learningRate > 0)) throw optionError(`learningRate must be a number above 0, got ${String(spec.learningRate)}`)
  switch (spec.type) {
    case 'sgd':
      return spec.momentum === undefined || spec.momentum === 0 ? tf.train.sgd(spec.learningRate) : tf.train.momentum(spec.learningRate, fraction('momentum', spec.momentum), spec.nesterov)
    case 'momentum':
      return tf.train.momentum(spec.learningRate, fraction('momentum', spec.momentum), spec.nesterov)
    case 'adam':
      return tf.train.adam(spec.learningRate, optionalFraction('beta1', spec.beta1), optionalFraction('beta2', spec.beta2), spec.epsilon)
    case 'rmsprop':
      return tf.train.rmsprop(spec.learningRate, optionalFraction('decay', spec.decay), optionalFraction('momentum', spec.momentum), spec.epsilon, spec.centered)
    default:
      throw optionError(`type ${JSON.stringify((spec as { type?: unknown }).type)} is not one of sgd, momentum, adam, rmsprop; for others, return a tf.Optimizer from a function`)
  }
}

function optionalFraction(name: string, value: number | undefined): number | undefined {
  return value === undefined ? undefined : fraction(name, value)
}

function fraction(name: string, value: number): number {
  if (value >= 0 && value < 1) return value
  throw optionError(`${name} must be at least 0 and below 1, got ${String(value)}`)
}

function optionError(problem: string): Error {
  return tfjsError('TFJS_OPTION', `Optimizer: ${problem}.`)
}

/** What an optimiser accumulates for one weight. The class keeps lists of these in fields of its own. */
interface Slot {
  readonly originalName: string
  readonly variable: Variable
}

export interface OptimizerStateEntry {
  readonly field: string
  /** Position in a list of slots; undefined for a variable that stands alone, as Adam's running powers of beta. */
  readonly index: number | undefined
  readonly name: string
  readonly tensor: Tensor
}

/**
 * Every variable that an optimiser keeps. Its own `getWeights` is not enough: Adam's leaves out the running powers
 * of beta, which `setWeights` then recomputes with other rounding, and Adamax has none.
 */
export function optimizerState(tf: TensorFlow, optimizer: Optimizer): OptimizerStateEntry[] {
  return Object.entries(optimizer).flatMap(([field, value]: [string, unknown]): OptimizerStateEntry[] => {
    if (value instanceof tf.Variable) return [{ field, index: undefined, name: field, tensor: value }]
    if (!isSlotList(tf, value)) return []
    return value.map((slot, index) => ({ field, index, name: slot.originalName, tensor: slot.variable }))
  })
}

/**
 * Puts saved variables into a fresh optimiser of the same class. Returns false, and changes nothing, if the entries
 * are not those of this class.
 */
export function restoreOptimizerState(tf: TensorFlow, optimizer: Optimizer, entries: readonly OptimizerStateEntry[], iterations: number): boolean {
  const fields = optimizer as unknown as { [field: string]: unknown }
  const known = entries.every(({ field, index }) => Object.hasOwn(optimizer, field) && (index === undefined ? fields[field] instanceof tf.Variable : Array.isArray(fields[field])))
  const complete = Object.entries(optimizer).every(([field, value]: [string, unknown]) => !(value instanceof tf.Variable) || entries.some((entry) => entry.field === field))
  if (!known || !complete) return false
  for (const { field, index, name, tensor } of entries) {
    if (index === undefined) (fields[field] as Variable).assign(tensor)
    else (fields[field] as Slot[])[index] = { originalName: name, variable: tf.variable(tensor, false) }
  }
  fields['iterations_'] = iterations
  return true
}

/** Disposes of all that an optimiser holds; `dispose()` of the momentum optimiser forgets one tensor (tensorflow/tfjs#4647). */
export function disposeOptimizer(tf: TensorFlow, optimizer: Optimizer): void {
  optimizer.dispose()
  for (const value of Object.values(optimizer) as unknown[]) if (value instanceof tf.Tensor && !value.isDisposed) value.dispose()
}

function isSlotList(tf: TensorFlow, value: unknown): value is readonly Slot[] {
  return Array.isArray(value) && value.length > 0 && value.every((slot: Partial<Slot> | undefined) => slot?.variable instanceof tf.Variable)
}
