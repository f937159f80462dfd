import { Judge } from './judge.ts'
import type { EarlyStopping } from './options.ts'

/** What a checkpoint keeps of it. */
export interface EarlyStopState {
  readonly best: number
  readonly waited: number
}

/** Counts how long nothing better has come. */
export class EarlyStop {
  readonly judge: Judge
  readonly #patience: number
  readonly #minDelta: number
  #state: EarlyStopState = { best: NaN, waited: 0 }

  constructor(options: EarlyStopping) {
    this.judge = new Judge('earlyStopping', options)
    this.#patience = options.patience
    this.#minDelta = options.minDelta ?? 0
  }

  get over(): boolean {
    return this.#state.waited >= this.#patience
  }

  observe(metrics: { readonly [metric: string]: number }): void {
    const value = metrics[this.judge.metricOf(Object.keys(metrics))] as number
    const { best, waited } = this.#state
    this.#state = this.judge.better(value, best, this.#minDelta) ? { best: value, waited: 0 } : { best, waited: waited + 1 }
  }

  get state(): EarlyStopState {
    return this.#state
  }

  restore(state: EarlyStopState): void {
    this.#state = state
  }
}
