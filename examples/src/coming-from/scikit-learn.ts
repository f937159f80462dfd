import { choice, createStudy, grid, maximize } from 'attune'
import { kFold, loadDigits } from '../digits/digits.ts'
import { accuracyOf } from '../digits/neighbours.ts'

const folds = kFold(loadDigits(600), 5)

const study = await createStudy({
  space: {
    neighbours: choice([1, 3, 5, 9]),
    p: choice([1, 2]),
    weights: choice(['uniform', 'distance']),
  },
  objective: maximize('accuracy'),
  sampler: grid({ shuffle: false }),
  progress: false,
})

await study.optimize(({ params }) => {
  let sum = 0
  for (const { training, test } of folds) {
    sum += accuracyOf(test, training, params)
  }
  return sum / folds.length
}, { trials: 16 })

console.log(study.best.params, study.best.value.toFixed(6))
