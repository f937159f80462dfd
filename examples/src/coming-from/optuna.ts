import { createStudy, maximize, median, tpe } from 'attune'
import { kFold, loadDigits } from '../digits/digits.ts'
import { accuracyOf } from '../digits/neighbours.ts'

const folds = kFold(loadDigits(600), 5)

const study = await createStudy({
  objective: maximize('accuracy'),
  sampler: tpe(),
  pruner: median(),
  seed: 1,
  progress: false,
})

await study.optimize(async (trial) => {
  const params = {
    neighbours: trial.int('neighbours', 1, 20),
    p: trial.choice('p', [1, 2]),
    weights: trial.choice('weights', ['uniform', 'distance']),
  }
  let sum = 0
  for (const [fold, { training, test }] of folds.entries()) {
    sum += accuracyOf(test, training, params)
    const report = { step: fold + 1, accuracy: sum / (fold + 1) }
    if ((await trial.report(report)) === 'stop') return
  }
}, { trials: 25 })

console.log(study.best.params, study.best.value.toFixed(4))
