import { createStudy, maximize, median } from 'attune'
import { loadDigits } from './digits-8x8.ts'
import { accuracyOf } from './nearest-neighbours.ts'

const { x, y } = loadDigits(500)

const study = await createStudy({ objective: maximize('accuracy'), pruner: median(), seed: 1, progress: false })

await study.optimize(async (trial) => {
  const p = trial.choice('p', [1, 2])
  const weights = trial.choice('weights', ['uniform', 'distance'])
  const neighbours = trial.int('neighbours', 1, 20)
  let sum = 0
  for (let fold = 0; fold < 5; fold++) {
    const inside = (i: number): boolean => i % 5 === fold
    const test = { x: x.filter((_, i) => inside(i)), y: y.filter((_, i) => inside(i)) }
    const training = { x: x.filter((_, i) => !inside(i)), y: y.filter((_, i) => !inside(i)) }
    sum += accuracyOf(test, training, { neighbours, weights, p })
    if ((await trial.report({ step: fold + 1, accuracy: sum / (fold + 1) })) === 'stop') return
  }
}, { trials: 25 })

console.log(study.best.params, study.best.value!.toFixed(4), `${study.history.counts.pruned} trials pruned`)
