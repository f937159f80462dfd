import type { Scalar, Tensor, TensorFlow } from '../tensorflow.ts'
import { checkOptimizerSpec, type OptimizerSpec } from './optimizer-spec.ts'
import { ruleOf } from './rules/rule-of.ts'
import type { UpdateRule } from './rules/update-rule.ts'
import { StepScalars } from './step-scalars.ts'
import type { OptimizerState, StepOptimizer, TrainableWeight } from './step-optimizer.ts'

/** What is kept for one weight. */
interface WeightState {
  readonly steps: number
  /** In the order of the rule's slots. */
  readonly slots: readonly Tensor[]
}

/**
 * An optimiser of our own: its rule for each weight, and both kinds of decay.
 * @throws AttuneError `TFJS_OPTION` for a spec that is wrong.
 */
export function createRuleOptimizer(tf: TensorFlow, spec: OptimizerSpec): StepOptimizer {
  checkOptimizerSpec(spec)
  const { l2 = 0, weightDecay = spec.type === 'adamw' ? 0.004 : 0, decayAll = false, decayExcept = [] } = spec
  return new RuleOptimizer(tf, ruleOf(spec), { l2, weightDecay, shrinks: ({ key, decay }) => (decay || decayAll) && !decayExcept.some((name) => isWithin(key, name)) })
}

/** Whether this is the weight's key, its name at the end of it, or a place at its beginning. */
function isWithin(key: string, name: string): boolean {
  return key === name || key.endsWith(`/${name}`) || key.startsWith(`${name}/`)
}

interface Decay {
  readonly l2: number
  readonly weightDecay: number
  readonly shrinks: (weight: TrainableWeight) => boolean
}

class RuleOptimizer implements StepOptimizer {
  readonly id: string
  readonly #tf: TensorFlow
  readonly #rule: UpdateRule
  readonly #decay: Decay
  readonly #states = new Map<string, WeightState>()
  readonly #scalars: StepScalars
  readonly #scalar: (value: number) => Scalar

  constructor(tf: TensorFlow, rule: UpdateRule, decay: Decay) {
    this.id = rule.id
    this.#tf = tf
    this.#rule = rule
    this.#decay = decay
    this.#scalars = new StepScalars(tf)
    this.#scalar = (value) => this.#scalars.of(value)
  }

  apply(weights: readonly TrainableWeight[], gradients: { readonly [key: string]: Tensor }, rate: number): void {
    try {
      for (const weight of weights) {
        const gradient = gradients[weight.key]
        if (gradient !== undefined) this.#applyTo(weight, gradient, rate * weight.rateScale)
      }
    } finally {
      this.#scalars.endStep()
    }
  }

  state(): OptimizerState {
    const states = [...this.#states]
    return {
      id: this.id,
      steps: Object.fromEntries(states.map(([key, { steps }]) => [key, steps])),
      slots: states.flatMap(([key, { slots }]) => slots.map((tensor, index) => ({ slot: this.#rule.slots[index]!.name, key, tensor }))),
    }
  }

  restore(state: OptimizerState): boolean {
    const slots = new Map(state.slots.map(({ slot, key, tensor }) => [`${slot} ${key}`, tensor]))
    const entries = Object.entries(state.steps).map(([key, steps]) => ({ key, steps, slots: this.#rule.slots.map(({ name }) => slots.get(`${name} ${key}`)) }))
    if (state.id !== this.id || entries.some((entry) => entry.slots.includes(undefined))) return false
    const copies = entries.map((entry): [string, WeightState] => [entry.key, { steps: entry.steps, slots: (entry.slots as Tensor[]).map((tensor) => this.#tf.keep(this.#tf.clone(tensor))) }])
    this.dispose()
    for (const [key, copy] of copies) this.#states.set(key, copy)
    return true
  }

  dispose(): void {
    this.#scalars.dispose()
    for (const { slots } of this.#states.values()) this.#tf.dispose([...slots])
    this.#states.clear()
  }

  /** Tidies up after each weight, so that what is in between is there for one weight at a time. */
  #applyTo(weight: TrainableWeight, gradient: Tensor, rate: number): void {
    const tf = this.#tf
    const scalar = this.#scalar
    const { key, variable } = weight
    const { l2, weightDecay, shrinks } = this.#decay
    const decays = shrinks(weight)
    tf.tidy(() => {
      const { steps, slots } = this.#states.get(key) ?? { steps: 0, slots: this.#rule.slots.map(({ initial }) => tf.fill(variable.shape, initial)) }
      const update = this.#rule.update({
        tf,
        weight: variable,
        gradient: decays && l2 !== 0 ? tf.add(gradient, tf.mul(variable, scalar(l2))) : gradient,
        slots,
        rate,
        count: steps + 1,
        decays,
        weightDecay: decays ? weightDecay : 0,
        scalar,
      })
      variable.assign(update.weight)
      tf.dispose([...slots])
      this.#states.set(key, { steps: steps + 1, slots: update.slots.map((slot) => tf.keep(slot)) })
    })
  }
}
