import type { Report, Trainer } from './index.ts'

const encode = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value))

/** Sums x over steps. Its whole state is the sum, so that going on from anything but a whole checkpoint shows in the last loss. */
export function sumTrainer(steps: number, onStep: (step: number) => void = () => undefined): Trainer<{ readonly x: number }> {
  return {
    specVersion: 'v1',
    id: 'sum',
    concurrency: 'shared',
    async *train({ params: { x }, resumeFrom }): AsyncGenerator<Report, { readonly kind: string; bytes(): Uint8Array; as(): never }, void> {
      let { sum } = resumeFrom === undefined ? { sum: 0 } : (JSON.parse(new TextDecoder().decode(resumeFrom.bytes)) as { readonly sum: number })
      for (let step = (resumeFrom?.step ?? 0) + 1; step <= steps; step++) {
        onStep(step)
        sum += x
        yield { step, loss: sum, checkpoint: () => encode({ sum, step }) }
      }
      const as = (): never => {
        throw new Error('There is one format.')
      }
      return { kind: 'sum', bytes: () => encode({ model: sum }), as }
    },
  }
}
