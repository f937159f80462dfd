import type { Report, TrainerTrial } from '@attune/core'

/** What a child process loads and runs, once a trial. */
export async function* train(trial: TrainerTrial<{ readonly learningRate: number }>): AsyncGenerator<Report> {
  for (let step = 1; step <= 5; step++) yield { step, loss: Math.abs(Math.log10(trial.params.learningRate) + 2) + 1 / step }
}
