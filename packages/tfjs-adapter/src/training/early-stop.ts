import type { Judge } from './judge.ts'

/** What a checkpoint keeps of it. */
export interface EarlyStopState {
  readonly best: number
  readonly waited: number
}

/** Counts how long nothing better has come. */
export class EarlyStop {
  readonly #judge: Judge
  readonly #patience: number
  readonly #minDelta: number
  #best = NaN
  #waited = 0

  constructor(judge: Judge, { patience, minDelta = 0 }: { readonly patience: number; readonly minDelta?: number }) {
    this.#judge = judge
    this.#patience = patience
    this.#minDelta = minDelta
  }

  get over(): boolean {
    return this.#waited >= this.#patience
  }

  observe(metrics: { readonly [metric: string]: number }): void {
    const value = metrics[this.#judge.metric]
    if (value === undefined) return
    if (this.#judge.better(value, this.#best, this.#minDelta)) {
      this.#best = value
      this.#waited = 0
    } else {
      this.#waited++
    }
  }

  get state(): EarlyStopState {
    return { best: this.#best, waited: this.#waited }
  }

  restore({ best, waited }: EarlyStopState): void {
    this.#best = best
    this.#waited = waited
  }
}
