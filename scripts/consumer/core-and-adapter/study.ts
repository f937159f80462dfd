// A stranger's program on core and one adapter: a custom sampler, several objectives, and curves for TensorBoard.
import { equal, ok } from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { createStudy, float, int, minimize, type Sampler, type SamplerFactory } from '@attune/core'
import { tensorboard } from '@attune/tensorboard-logger'

/** Halves the step around the best point so far, drawing from the trial's own stream. */
function shrinking(): SamplerFactory {
  return {
    specVersion: 'v1',
    id: 'shrinking',
    revision: 1,
    create: ({ space }): Sampler => {
      let best: { readonly units: Float64Array; readonly value: number } | undefined
      let step = 0.5
      return {
        observe(trial) {
          if (trial.value === undefined) return
          if (best === undefined || trial.value < best.value) best = { units: space.encode(trial.flatParams), value: trial.value }
          else step *= 0.9
        },
        suggest({ random }) {
          if (best === undefined) return { params: space.sample(random) }
          const around = best.units.map((unit) => Math.min(1, Math.max(0, unit + step * (random.uniform() - 0.5))))
          return { params: space.decode(around) }
        },
      }
    },
  }
}

const study = await createStudy({
  name: 'consumer',
  space: { x: float(-1, 1), n: int(1, 8) },
  objective: minimize('loss'),
  sampler: shrinking(),
  loggers: [tensorboard({ logDir: 'runs' })],
  seed: 1,
})
await study.optimize(
  async function* ({ params }) {
    for (let step = 1; step <= 3; step++) yield { step, loss: (params.x - 0.3) ** 2 + params.n / step }
  },
  { trials: 40 },
)
await study.close()

equal(study.best.params.n, 1)
ok(Math.abs(study.best.params.x - 0.3) < 0.2, `the best x is ${study.best.params.x}`)
const files = await readdir('runs', { recursive: true })
ok(files.filter((file) => file.includes('tfevents')).length >= 40, 'every trial has its event file')
console.log('A study with a custom sampler ran on @attune/core and @attune/tensorboard-logger.')
