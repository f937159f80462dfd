import type { LoopSettings } from './loop-settings.ts'

/** Where a training is, once a step of the optimiser is done. */
export interface Progress {
  readonly steps: number
  /** From 1: the epoch that the step belongs to. */
  readonly epoch: number
  readonly lastOfEpoch: boolean
}

/** What is to be done after a step. */
export interface Due {
  /** The step as reports count it. */
  readonly step: number
  /** Undefined: no report. `forced`: only because the trial ends here, so the course of training must not depend on it. */
  readonly report: 'regular' | 'forced' | undefined
  readonly validate: boolean
}

/** Decides what is due, in the unit of reports: epochs, or steps of the optimiser. */
export class Milestones {
  readonly #settings: Pick<LoopSettings, 'report' | 'validate' | 'epochs'>
  /** In the unit of reports. */
  readonly #toStep: number

  constructor(settings: Pick<LoopSettings, 'report' | 'validate' | 'epochs'>, toStep: number | undefined) {
    this.#settings = settings
    this.#toStep = toStep ?? Infinity
  }

  after({ steps, epoch, lastOfEpoch }: Progress): Due {
    const { report, validate, epochs } = this.#settings
    if (report === 'epoch') return { step: epoch, report: lastOfEpoch ? 'regular' : undefined, validate: lastOfEpoch }
    const end = lastOfEpoch && epoch === epochs
    const validates = end || (validate === 'epoch' ? lastOfEpoch : steps % validate.steps === 0)
    if (validates || steps % report.steps === 0) return { step: steps, report: 'regular', validate: validates }
    return { step: steps, report: steps === this.#toStep ? 'forced' : undefined, validate: steps === this.#toStep }
  }

  /** True if no further step is wanted. `step` is that of the last report, or where training stands. */
  reached(progress: { readonly steps: number; readonly epochsDone: number }): boolean {
    const { report, epochs } = this.#settings
    return progress.epochsDone >= epochs || (report === 'epoch' ? progress.epochsDone : progress.steps) >= this.#toStep
  }
}
