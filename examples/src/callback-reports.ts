import { createStudy, float, median, minimize } from 'attune'

// A training loop of your own reports by a call. The answer `stop` means: return, the study knows why.
// The last report is the result, so there is nothing to return at the end either.
const study = await createStudy({ space: { learningRate: float(1e-3, 1, { scale: 'log' }) }, objective: minimize('loss'), pruner: median(), seed: 2, progress: false })

await study.optimize(async (trial) => {
  let weight = 5
  for (let epoch = 1; epoch <= 20; epoch++) {
    weight -= trial.params.learningRate * 2 * weight
    const verdict = await trial.report({ step: epoch, loss: weight ** 2 })
    if (verdict === 'stop') return
  }
}, { trials: 40 })

const { pruned, complete } = study.counts
console.log(`${complete} complete, ${pruned} pruned; best loss ${study.best.value.toExponential(1)} at learning rate ${study.best.params.learningRate.toFixed(3)}`)
