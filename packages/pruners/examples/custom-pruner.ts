import { createStudy, float, minimize, type PrunerFactory } from '@attune/core'

/** Stops a trial that has made `reports` reports in a row without a new best loss. */
export function patience(reports: number): PrunerFactory {
  return {
    specVersion: 'v1',
    id: 'patience',
    create: ({ history }) => ({
      judge({ number }) {
        const { length, losses } = history.curve(number)
        let best = 0
        for (let i = 1; i < length; i++) if (losses[i]! < losses[best]!) best = i
        return length - 1 - best >= reports ? 'prune' : 'continue'
      },
    }),
  }
}

const study = await createStudy({
  space: { learningRate: float(0.001, 10, { scale: 'log' }) },
  objective: minimize('loss'),
  pruner: patience(3),
  seed: 1,
})

// Gradient descent on x²: rates above 1 diverge, and are stopped early.
await study.optimize(async function* ({ params }) {
  for (let x = 1, step = 1; step <= 50; step++) {
    x -= params.learningRate * 2 * x
    yield { step, loss: x * x }
  }
}, { trials: 20 })

const { complete, pruned } = study.summary.counts
console.log(`${complete} trials ran to the end and ${pruned} were stopped. Best rate: ${study.best.params.learningRate}`)
