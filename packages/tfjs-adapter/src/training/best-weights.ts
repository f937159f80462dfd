import type { Tensor, TensorFlow } from '../tensorflow.ts'
import type { Judge } from './judge.ts'
import type { ProgramWeight } from './training-program.ts'

/** The best report so far and a copy of its weights. */
export class BestWeights {
  /** 0 until there is one. */
  step: number = 0
  value: number = NaN
  readonly judge: Judge
  readonly #tf: TensorFlow
  #tensors: Tensor[] = []

  constructor(tf: TensorFlow, judge: Judge) {
    this.#tf = tf
    this.judge = judge
  }

  /** In the order of the program's weights. */
  get tensors(): readonly Tensor[] {
    return this.#tensors
  }

  /** Keeps the current weights if they are better than what was seen; of equal reports the first stays, and any number is better than none. */
  offer(weights: readonly ProgramWeight[], step: number, metrics: { readonly [metric: string]: number }): void {
    const value = metrics[this.judge.metric]
    if (value === undefined) return
    if (this.step !== 0 && !this.judge.better(value, this.value)) return
    // A clone shares memory with the weight until the next step gives that a new value.
    this.keep(step, value, weights.map(({ variable }) => variable))
  }

  /** Keeps copies. */
  keep(step: number, value: number, tensors: readonly Tensor[]): void {
    const copies = tensors.map((tensor) => this.#tf.keep(this.#tf.clone(tensor)))
    this.dispose()
    this.step = step
    this.value = value
    this.#tensors = copies
  }

  restoreTo(weights: readonly ProgramWeight[]): void {
    for (const [index, { variable }] of weights.entries()) variable.assign(this.#tensors[index] as Tensor)
  }

  dispose(): void {
    for (const tensor of this.#tensors.splice(0)) tensor.dispose()
  }
}
