import {
  asha, choice, createStudy, float, minimize, ThreefryRandom,
} from 'attune'

const study = await createStudy({
  name: 'train',
  space: {
    learningRate: float(1e-4, 1, { scale: 'log' }),
    momentum: float(0, 0.99),
    batchSize: choice([16, 32, 64]),
  },
  objective: minimize('loss'),
  pruner: asha({
    minResource: 4, reductionFactor: 4, maxResource: 64,
  }),
  seed: 1,
  progress: false,
})

await study.optimize(async function* ({ params, seed }) {
  const { learningRate, momentum, batchSize } = params
  const random = new ThreefryRandom(seed).stream(0, 'noise')
  let [weight, velocity, loss] = [5, 0, 25]
  for (let iteration = 1; iteration <= 64; iteration++) {
    const noise = 4 * random.normal() / Math.sqrt(batchSize)
    const gradient = 2 * weight + noise
    velocity = momentum * velocity - learningRate * gradient
    weight += velocity
    loss = 0.8 * loss + 0.2 * weight ** 2
    yield { step: iteration, loss }
  }
}, { trials: 60, concurrency: 4 })

console.log(study.best.params, study.best.value)
