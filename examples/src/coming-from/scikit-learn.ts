import { choice, createStudy, grid, maximize } from 'attune'
import { loadDigits } from './digits-8x8.ts'
import { accuracyOf } from './nearest-neighbours.ts'

const { x, y } = loadDigits(600)
const folds = 5

const study = await createStudy({
  space: { neighbours: choice([1, 3, 5, 9]), weights: choice(['uniform', 'distance']), p: choice([1, 2]) },
  objective: maximize('accuracy'),
  sampler: grid(),
  progress: false,
})

// Each fold is a step, so a pruner could stop a combination that is hopeless after two folds.
await study.optimize(async function* ({ params }) {
  let sum = 0
  for (let fold = 0; fold < folds; fold++) {
    const [begin, end] = [(fold * x.length) / folds, ((fold + 1) * x.length) / folds]
    const outside = <T>(rows: readonly T[]): T[] => [...rows.slice(0, begin), ...rows.slice(end)]
    sum += accuracyOf({ x: x.slice(begin, end), y: y.slice(begin, end) }, { x: outside(x), y: outside(y) }, params)
    yield { step: fold + 1, accuracy: sum / (fold + 1) }
  }
}, { trials: 16 })

console.log(study.best.params, study.best.value!.toFixed(6))
