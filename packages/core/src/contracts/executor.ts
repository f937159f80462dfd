import type { Artifact } from './artifact.ts'
import type { Report, Trainer, TrainerTrial } from './trainer.ts'

/**
 * Runs trainers: in this process (core's own), in threads or in child processes. The study drives what
 * `run` answers exactly like a trainer's generator: it pulls reports, and ends it with `return`.
 */
export interface Executor {
  readonly specVersion: 'v1'
  readonly id: string
  /** How many trials may run at once; `optimize` refuses a higher concurrency for this trainer. */
  slots(trainer: Trainer): number
  run(trainer: Trainer, trial: TrainerTrial): AsyncGenerator<Report, Artifact | undefined | void, void>
  /** Ends whatever still runs. Called once when the study is closed. */
  close(): PromiseLike<void> | void
}
