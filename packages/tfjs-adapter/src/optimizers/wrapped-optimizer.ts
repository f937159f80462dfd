import { tfjsError } from '../error.ts'
import type { Optimizer, Tensor, TensorFlow, Variable } from '../tensorflow.ts'
import type { OptimizerState, StepOptimizer, TrainableWeight } from './step-optimizer.ts'

/** What an optimiser of tfjs accumulates for one weight. The class keeps lists of these in fields of its own, in the order of the gradients it is given. */
interface Slot {
  readonly originalName: string
  readonly variable: Variable
}

/** The key of variables that stand for no weight, as Adam's running powers of beta. */
const NO_WEIGHT = ''

/**
 * An optimiser of the user's own; this disposes of it. It has one rate for all weights and no decay: `rateScale` is kept by going that share
 * of its way, which is the same for every optimiser whose step is proportional to its rate (all of those in tfjs); `decay` is passed over.
 * What it accumulates is saved if it is kept as tfjs's own classes do: in `tf.Variable`s, alone or in lists of `{ originalName, variable }`.
 * @throws AttuneError `TFJS_OPTION` if its rate cannot be set.
 */
export function wrapOptimizer(tf: TensorFlow, optimizer: Optimizer): StepOptimizer {
  rateOf(optimizer)
  return new WrappedOptimizer(tf, optimizer)
}

/**
 * The rate that an optimiser of tfjs was made with.
 * @throws AttuneError `TFJS_OPTION` if it has none.
 */
export function rateOf(optimizer: Optimizer): number {
  const { learningRate } = optimizer as unknown as { readonly learningRate?: unknown }
  if (typeof learningRate === 'number') return learningRate
  throw tfjsError('TFJS_OPTION', `Optimizer: ${optimizer.getClassName()} has no number as its learningRate, so no schedule can set it; give the class a property learningRate, or a method setLearningRate besides.`)
}

class WrappedOptimizer implements StepOptimizer {
  readonly id: string
  readonly #tf: TensorFlow
  readonly #optimizer: Optimizer
  /** Names of the variables of all weights that were ever changed, by key. Slots are by position, so an order once taken stays. */
  readonly #order = new Map<string, string>()

  constructor(tf: TensorFlow, optimizer: Optimizer) {
    this.id = `tf:${optimizer.getClassName()}`
    this.#tf = tf
    this.#optimizer = optimizer
  }

  apply(weights: readonly TrainableWeight[], gradients: { readonly [key: string]: Tensor }, rate: number): void {
    const tf = this.#tf
    setRate(this.#optimizer, rate)
    const changed = weights.filter(({ key }) => gradients[key] !== undefined)
    for (const { key, variable } of changed) this.#order.set(key, variable.name)
    const scaled = changed.filter(({ rateScale }) => rateScale !== 1).map(({ variable, rateScale }) => ({ variable, rateScale, before: tf.clone<Tensor>(variable) }))
    try {
      // A null is what tfjs's optimisers pass over; their types do not say so.
      this.#optimizer.applyGradients([...this.#order].map(([key, name]) => ({ name, tensor: (gradients[key] ?? null) as Tensor })))
      for (const { variable, rateScale, before } of scaled) tf.tidy(() => variable.assign(tf.add(before, tf.mul(tf.sub(variable, before), rateScale))))
    } finally {
      tf.dispose(scaled.map(({ before }) => before))
    }
  }

  /**
   * Every variable that the optimiser keeps. Its own `getWeights` is not enough: Adam's leaves out the running powers of beta, which
   * `setWeights` then recomputes with other rounding, and Adamax has none.
   */
  state(): OptimizerState {
    const keys = [...this.#order.keys()]
    const slots = this.#fields().flatMap(([field, value]) => {
      if (value instanceof this.#tf.Variable) return [{ slot: field, key: NO_WEIGHT, tensor: value as Tensor }]
      return this.#isSlotList(value) ? value.map(({ variable }, index) => ({ slot: field, key: keys[index] as string, tensor: variable as Tensor })) : []
    })
    return { id: this.id, steps: Object.fromEntries(keys.map((key) => [key, this.#optimizer.iterations])), slots }
  }

  restore(state: OptimizerState): boolean {
    const fields = this.#optimizer as unknown as { [field: string]: unknown }
    const known = state.slots.every(({ slot, key }) => Object.hasOwn(fields, slot) && (key === NO_WEIGHT ? fields[slot] instanceof this.#tf.Variable : Array.isArray(fields[slot])))
    const complete = this.#fields().every(([field, value]) => !(value instanceof this.#tf.Variable) || state.slots.some(({ slot }) => slot === field))
    if (state.id !== this.id || !known || !complete) return false
    const lists = Map.groupBy(state.slots.filter(({ key }) => key !== NO_WEIGHT), ({ slot }) => slot)
    const [first = []] = lists.values()
    this.#order.clear()
    // The variables' names are not known before the next step; until then no gradient is for them.
    for (const key of first.length > 0 ? first.map((entry) => entry.key) : Object.keys(state.steps)) this.#order.set(key, '')
    // By a clone, since a variable that is assigned to itself lets go of its numbers first.
    this.#tf.tidy(() => {
      for (const { slot, key, tensor } of state.slots) if (key === NO_WEIGHT) (fields[slot] as Variable).assign(this.#tf.clone(tensor))
    })
    for (const [field, entries] of lists) {
      const before = fields[field] as Slot[]
      fields[field] = entries.map(({ key, tensor }): Slot => ({ originalName: `${key}/${field}`, variable: this.#tf.variable(tensor, false) }))
      for (const { variable } of before) variable.dispose()
    }
    fields['iterations_'] = Math.max(0, ...Object.values(state.steps))
    return true
  }

  /** `dispose()` of the momentum optimiser forgets one tensor (tensorflow/tfjs#4647). */
  dispose(): void {
    this.#optimizer.dispose()
    for (const [, value] of this.#fields()) if (value instanceof this.#tf.Tensor && !value.isDisposed) value.dispose()
  }

  #fields(): [string, unknown][] {
    return Object.entries(this.#optimizer)
  }

  #isSlotList(value: unknown): value is readonly Slot[] {
    return Array.isArray(value) && value.length > 0 && value.every((slot: Partial<Slot> | undefined) => slot?.variable instanceof this.#tf.Variable)
  }
}

/** SGD and Momentum take their rate by a method and pass the property over; the others have only the property. */
function setRate(optimizer: Optimizer, rate: number): void {
  const settable = optimizer as unknown as { learningRate: number; setLearningRate?: (rate: number) => void }
  if (settable.learningRate === rate) return
  if (typeof settable.setLearningRate === 'function') settable.setLearningRate(rate)
  else settable.learningRate = rate
}
