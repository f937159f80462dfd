import type { Execution, Executor } from '../contracts/executor.ts'
import type { Trainer, TrainerTrial } from '../contracts/trainer.ts'

/** Runs trainers right here: one at a time if the trainer is exclusive, else as many as asked for. */
export class InProcessExecutor implements Executor {
  readonly specVersion = 'v1' as const
  readonly id = 'in-process'

  slots(trainer: Trainer): number {
    return trainer.concurrency === 'exclusive' ? 1 : Infinity
  }

  run(trainer: Trainer, trial: TrainerTrial): Execution {
    return { reports: trainer.train(trial), end() {} }
  }

  close(): void {}
}
