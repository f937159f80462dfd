import type { Report, Trainer, TrainerTrial, TrainingResult } from './trainer.ts'
import type { Awaitable } from './values.ts'

/** One trial that an executor runs. */
export interface Execution {
  /** Driven by the study like a trainer's generator: it pulls reports, and ends it with `return`. */
  readonly reports: AsyncGenerator<Report, TrainingResult, void>
  /**
   * The trial is over, and nobody reads its artefact any more: its slot is free. Called once, last, whatever happened;
   * what still runs then did not end in time, and is ended by force where that can be done.
   */
  end(): Awaitable<void>
  /** Milliseconds for which it was kept from computing so far, for work that measures time: they do not count towards the trial's time-out. */
  heldFor?(): number
}

/**
 * Runs trainers: in this process (core's own), in threads or in child processes. Trials overlap up to `slots`.
 * What ends a thread or process under a trial makes its reports reject with an error of code TRIAL_CRASHED or
 * OUT_OF_MEMORY, and no other trial notices.
 */
export interface Executor {
  readonly specVersion: 'v1'
  readonly id: string
  /** How many trials may run at once: `optimize` refuses more. Throws OPTION, with the remedy, if it cannot run this trainer. */
  slots(trainer: Trainer): number
  /** Trials at once where the user does not say. Default 1. */
  readonly concurrency?: number
  run(trainer: Trainer, trial: TrainerTrial): Execution
  /** Runs what measures time while no trial computes beside it. Without it, one such piece of work runs after the other. */
  exclusively?<T>(work: () => Promise<T>): Promise<T>
  /** Ends whatever still runs, and resolves once it is gone. Called once when the study is closed. */
  close(): Awaitable<void>
}
