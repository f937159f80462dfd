import { createStudy, float, maximize, type PrunerFactory } from 'attune'

/** Stops a trial that is further behind the best one so far than `slack`, both at the same step. */
function behindTheBest(slack: number): PrunerFactory {
  return {
    specVersion: 'v1',
    id: 'behind-the-best',
    create: ({ history }) => ({
      // Called after each report. A loss is the objective with the sign that makes lower better.
      judge({ step, loss }) {
        if (history.best < 0) return 'continue' // No trial is complete yet.
        const { length, steps, losses } = history.curve(history.best)
        const at = steps.subarray(0, length).indexOf(step)
        return at >= 0 && loss > losses[at]! + slack ? 'prune' : 'continue'
      },
    }),
  }
}

const study = await createStudy({ space: { learningRate: float(1e-4, 1, { scale: 'log' }) }, objective: maximize('accuracy'), pruner: behindTheBest(0.05), seed: 4, progress: false })
await study.optimize(async function* ({ params }) {
  const reached = 1 - 0.2 * Math.abs(Math.log10(params.learningRate) + 2)
  for (let epoch = 1; epoch <= 10; epoch++) yield { step: epoch, accuracy: reached * (1 - Math.exp(-epoch / 3)) }
}, { trials: 20 })

for (const { number, state, params, reports } of study.trials()) console.log(`trial ${number}: ${state} after ${reports.length} epochs, learning rate ${params.learningRate.toPrecision(2)}`)
const { pruned } = study.counts
console.log(`${pruned} of 20 trials were pruned. The best is trial ${study.best.number}, accuracy ${study.best.value.toFixed(3)}.`)
