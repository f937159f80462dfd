import type { Tensor, TensorFlow } from '../tensorflow.ts'
import { Judge } from './judge.ts'
import type { Judgement } from './options.ts'
import type { ProgramWeight } from './training-program.ts'

/** A report that was better than all before it. */
export interface BestReport {
  readonly step: number
  readonly metric: string
  readonly value: number
}

/** The best report so far and a copy of its weights. */
export class BestWeights {
  readonly judge: Judge
  readonly #tf: TensorFlow
  #report: BestReport | undefined
  #tensors: Tensor[] = []

  constructor(tf: TensorFlow, judgement: Judgement) {
    this.#tf = tf
    this.judge = new Judge('restoreBest', judgement)
  }

  get report(): BestReport | undefined {
    return this.#report
  }

  /** In the order of the program's weights. */
  get tensors(): readonly Tensor[] {
    return this.#tensors
  }

  /** Keeps the current weights if they are better than what was seen; of equal reports the first stays, and any number is better than none. */
  offer(weights: readonly ProgramWeight[], step: number, metrics: { readonly [metric: string]: number }): void {
    const metric = this.judge.metricOf(Object.keys(metrics))
    const value = metrics[metric] as number
    if (this.#report !== undefined && !this.judge.better(value, this.#report.value)) return
    this.keep({ step, metric, value }, weights.map(({ variable }) => variable))
  }

  /** Keeps copies, which share memory with a weight until the next step gives that a new value. */
  keep(report: BestReport, tensors: readonly Tensor[]): void {
    const copies = tensors.map((tensor) => this.#tf.keep(this.#tf.clone(tensor)))
    this.dispose()
    this.#report = report
    this.#tensors = copies
  }

  restoreTo(weights: readonly ProgramWeight[]): void {
    for (const [index, { variable }] of weights.entries()) variable.assign(this.#tensors[index] as Tensor)
  }

  dispose(): void {
    for (const tensor of this.#tensors.splice(0)) tensor.dispose()
  }
}
