import { asha, choice, createStudy, float, minimize } from 'attune'

const study = await createStudy({
  name: 'ray-tune',
  space: { learningRate: float(1e-4, 1, { scale: 'log' }), momentum: float(0, 0.99), batchSize: choice([16, 32, 64]) },
  objective: minimize('loss'),
  pruner: asha({ minResource: 1, reductionFactor: 4 }),
  seed: 1,
  progress: false,
})

// Gradient descent with momentum on noisy gradients of a bowl: the trainable.
await study.optimize(async function* ({ params, seed }) {
  let [weight, velocity, noise] = [5, 0, seed]
  for (let iteration = 1; iteration <= 64; iteration++) {
    noise = (noise * 1664525 + 1013904223) % 2 ** 32
    const gradient = 2 * weight + (noise / 2 ** 31 - 1) * (8 / Math.sqrt(params.batchSize))
    velocity = params.momentum * velocity - params.learningRate * gradient
    weight += velocity
    yield { step: iteration, loss: weight ** 2 }
    if (!Number.isFinite(weight)) return
  }
}, { trials: 60, concurrency: 4 })

console.log(study.best.params, study.best.value!.toExponential(1), `${study.history.counts.pruned} trials pruned`)
