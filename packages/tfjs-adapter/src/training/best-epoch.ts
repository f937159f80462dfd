import { tfjsError } from '../error.ts'
import { assignWeights } from '../format/model-weights.ts'
import type { LayersModel, Tensor, TensorFlow } from '../tensorflow.ts'
import type { BestEpoch, TfjsTrainerOptions } from './options.ts'

const PREFERRED: readonly BestEpoch[] = [
  { metric: 'valAccuracy', direction: 'maximize' },
  { metric: 'valLoss', direction: 'minimize' },
  { metric: 'accuracy', direction: 'maximize' },
  { metric: 'loss', direction: 'minimize' },
]

/** What decides which epoch is the best, or undefined if the last one counts. @throws AttuneError `TFJS_OPTION` for a metric that is not reported, or no direction. */
export function bestEpochRule(option: TfjsTrainerOptions<never>['restoreBest'], reported: readonly string[]): BestEpoch | undefined {
  if (option === false) return undefined
  if (option === undefined || option === true) return PREFERRED.find(({ metric }) => reported.includes(metric))
  if (option.direction !== 'minimize' && option.direction !== 'maximize') throw tfjsError('TFJS_OPTION', `restoreBest.direction is 'minimize' or 'maximize', got ${JSON.stringify(option.direction)}.`)
  if (reported.includes(option.metric)) return option
  throw tfjsError('TFJS_OPTION', `restoreBest names the metric "${option.metric}", which is not reported; there are ${reported.join(', ')}.`)
}

/** The best epoch so far and a copy of its weights. */
export class BestWeights {
  step: number = 0
  value: number = NaN
  #weights: Tensor[] = []
  readonly #rule: BestEpoch

  constructor(rule: BestEpoch) {
    this.#rule = rule
  }

  get metric(): string {
    return this.#rule.metric
  }

  get weights(): readonly Tensor[] {
    return this.#weights
  }

  /** Keeps the current weights if `value` is better than what was seen; of equal epochs the first stays, and any number is better than NaN. */
  offer(model: LayersModel, step: number, value: number): void {
    const better = Number.isNaN(this.value) || (this.#rule.direction === 'maximize' ? value > this.value : value < this.value)
    // A clone shares memory with the weight until the next batch gives that a new value.
    if (better) this.keep(step, value, model.weights.map((weight) => weight.read().clone()))
  }

  /** Takes over the tensors. */
  keep(step: number, value: number, weights: Tensor[]): void {
    this.dispose()
    this.step = step
    this.value = value
    this.#weights = weights
  }

  restoreTo(model: LayersModel): void {
    assignWeights(model, this.#weights)
  }

  dispose(): void {
    for (const tensor of this.#weights.splice(0)) tensor.dispose()
  }
}

export function cloneAll(tf: TensorFlow, tensors: readonly Tensor[]): Tensor[] {
  return tensors.map((tensor) => tf.clone(tensor))
}
