import { createStudy, float, int } from '@attune/core'
import { quasiRandom } from '@attune/samplers'

const study = await createStudy({
  space: { learningRate: float(1e-5, 1, { scale: 'log' }), dropout: float(0, 0.5), layers: int(1, 8) },
  sampler: quasiRandom(),
  seed: 7,
})
await study.optimize(({ params: { learningRate, dropout } }) => (Math.log10(learningRate) + 3) ** 2 + dropout, { trials: 64 })
// Each eighth of the scale of `learningRate` has had exactly eight of the 64 trials, each of `layers` too.
console.log(study.trials().filter(({ params }) => params.layers === 3).length)
