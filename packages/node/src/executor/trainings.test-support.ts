// Trainings for the tests of executors, loaded in this process, in threads and in child processes.
import type { Report, TrainerTrial } from '@attune/core'
import type { ModuleTrial } from './training.ts'

export interface Point {
  readonly x: number
}

export function square({ params }: TrainerTrial<Point>): number {
  return (params.x - 2) ** 2
}

export async function* descent({ params, toStep }: TrainerTrial<Point>): AsyncGenerator<Report, void, void> {
  for (let step = 1; step <= (toStep ?? 5); step++) {
    await Promise.resolve()
    yield { step, value: (params.x - 2) ** 2 + 1 / step, checkpoint: () => Uint8Array.of(step) }
  }
}

export async function callback(trial: ModuleTrial<Point>): Promise<number> {
  for (let step = 1; step <= 5; step++) if ((await trial.report({ step, value: trial.params.x ** 2 + 1 / step })) === 'stop') return NaN
  return trial.params.x ** 2
}
