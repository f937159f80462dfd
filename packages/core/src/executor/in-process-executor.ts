import type { Artifact } from '../contracts/artifact.ts'
import type { Executor } from '../contracts/executor.ts'
import type { Report, Trainer, TrainerTrial } from '../contracts/trainer.ts'

/** Runs trainers right here: one at a time if the trainer is exclusive, else as many as asked for. */
export class InProcessExecutor implements Executor {
  readonly specVersion = 'v1' as const
  readonly id = 'in-process'

  slots(trainer: Trainer): number {
    return trainer.concurrency === 'exclusive' ? 1 : Infinity
  }

  run(trainer: Trainer, trial: TrainerTrial): AsyncGenerator<Report, Artifact | undefined | void, void> {
    return trainer.train(trial)
  }

  close(): void {}
}
