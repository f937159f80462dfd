import { createStudy, float, int } from '@attune/core'
import { cmaEs } from '@attune/samplers'

const study = await createStudy({
  space: { a: float(-2, 2), b: float(-2, 2), c: float(-2, 2), layers: int(1, 20) },
  sampler: cmaEs(),
  seed: 1,
})
// A bent valley: a, b and c act together.
await study.optimize(({ params: { a, b, c, layers } }) => 10 * (b - a * a) ** 2 + (1 - a) ** 2 + 10 * (c - b * b) ** 2 + (1 - b) ** 2 + (layers - 17) ** 2 / 10, { trials: 800 })
console.log(study.best.value, study.best.params)
