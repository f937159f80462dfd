// A training in a module of its own, for the tests of executors.
import process from 'node:process'
import type { Report, TrainerTrial } from '@attune/core'

export async function* train({ params }: TrainerTrial<{ readonly x: number }>): AsyncGenerator<Report, void, void> {
  for (let step = 1; step <= 3; step++) {
    await Promise.resolve()
    yield { step, value: params.x + 1 / step, pid: process.pid }
  }
}
