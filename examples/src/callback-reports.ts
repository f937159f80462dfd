import { createStudy, float, median, minimize } from 'attune'

// Code that calls back, as most training loops do, reports by a call. `stop` means: return, the study knows why.
const study = await createStudy({ space: { learningRate: float(1e-3, 1, { scale: 'log' }) }, objective: minimize('loss'), pruner: median(), seed: 2, progress: false })

await study.optimize(async (trial) => {
  let weight = 5
  for (let epoch = 1; epoch <= 20; epoch++) {
    weight -= trial.params.learningRate * 2 * weight
    if ((await trial.report({ step: epoch, loss: weight ** 2 })) === 'stop') return
  }
}, { trials: 40 })

const { pruned, complete } = study.history.counts
console.log(`${complete} complete, ${pruned} pruned; best ${study.best.value} at learning rate ${study.best.params.learningRate}`)
