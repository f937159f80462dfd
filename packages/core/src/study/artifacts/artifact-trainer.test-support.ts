import type { Artifact } from '../../contracts/artifact.ts'
import type { Report, Trainer } from '../../contracts/trainer.ts'

export const encode = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value))
export const decode = (bytes: Uint8Array | undefined): unknown => (bytes === undefined ? undefined : JSON.parse(new TextDecoder().decode(bytes)))

/** A model whose bytes are this value. */
export function artifactOf(value: unknown): Artifact {
  return { kind: 'test', meta: { value: 1 }, bytes: () => encode(value), as: () => Promise.reject(new Error('no')) }
}

/** Reports the parameter x at so many further steps, with checkpoints of its own; its model is the number of the trial. */
export function training(steps = 1, modelOf: (number: number, x: number) => unknown = (number) => number): Trainer<{ readonly x: number }> {
  return {
    specVersion: 'v1',
    id: 'training',
    concurrency: 'shared',
    async *train({ number, params: { x }, resumeFrom }): AsyncGenerator<Report, Artifact, void> {
      const start = resumeFrom?.step ?? 0
      for (let step = start + 1; step <= start + steps; step++) yield { step, loss: x, checkpoint: () => encode([number, step]) }
      return artifactOf(modelOf(number, x))
    },
  }
}
