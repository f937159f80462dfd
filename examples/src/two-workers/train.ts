import { setTimeout as wait } from 'node:timers/promises'
import type { Trial } from 'attune'

/** A training that takes its time, and reports each epoch. */
export async function* trainer({ params }: Trial<{ readonly learningRate: number; readonly units: number }>) {
  const best = 1 - 0.1 * Math.abs(Math.log10(params.learningRate) + 2) - Math.abs(params.units - 128) / 1000
  for (let epoch = 1; epoch <= 9; epoch++) {
    await wait(5)
    yield { step: epoch, accuracy: best * (1 - Math.exp(-epoch / 3)) }
  }
}
