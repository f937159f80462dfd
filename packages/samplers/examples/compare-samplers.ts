import { createStudy, float, int, random, type SamplerFactory } from '@attune/core'
import { grid, tpe } from '@attune/samplers'

const samplers: readonly SamplerFactory[] = [random(), grid({ points: { learningRate: 6, dropout: [0, 0.25, 0.5] } }), tpe()]
for (const sampler of samplers) {
  const study = await createStudy({
    space: { learningRate: float(1e-5, 1, { scale: 'log' }), dropout: float(0, 0.5), layers: int(1, 4) },
    sampler,
    seed: 7,
  })
  const { reason } = await study.optimize(({ params: { learningRate, dropout, layers } }) => (Math.log10(learningRate) + 2.4) ** 2 + (dropout - 0.2) ** 2 + 0.1 * (layers - 3) ** 2, { trials: 100 })
  console.log(`${sampler.id}: ${study.best.value.toFixed(4)} after ${study.summary.counts.complete} trials (${reason})`)
}
