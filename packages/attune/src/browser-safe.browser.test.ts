// What the front door adds for Node stays out: core, samplers, pruners and report run in a page as they are.
import { createStudy, float, int, maximize, MemoryArtifacts, oneOf } from '@attune/core'
import { asha, median } from '@attune/pruners'
import { csv, htmlReport } from '@attune/report'
import { grid, tpe } from '@attune/samplers'
import { expect, test } from 'vitest'

const space = { learningRate: float(1e-4, 1, { scale: 'log' }), optimizer: oneOf({ sgd: { momentum: float(0, 0.99) }, adam: {} }), units: int(8, 64, { step: 8 }) }

test('a study runs in a page: TPE, ASHA, checkpoints, report', async () => {
  expect('process' in globalThis).toBe(false)
  const study = await createStudy({ space, objective: maximize('accuracy'), sampler: tpe(), pruner: asha(), artifacts: new MemoryArtifacts(), seed: 1 })
  await study.optimize(async function* ({ params }) {
    const best = 1 - 0.2 * Math.abs(Math.log10(params.learningRate) + 2)
    for (let step = 1; step <= 9; step++) yield { step, accuracy: best * (1 - Math.exp(-step / 3)), checkpoint: () => Uint8Array.of(step) }
  }, { trials: 40, concurrency: 2 })
  expect(study.best.value).toBeGreaterThan(0.85)
  expect(study.counts.pruned).toBeGreaterThan(5)

  const page = new DOMParser().parseFromString(htmlReport({ definition: study.definition, space: study.space, trials: study.trials(), warnings: [] }), 'text/html')
  expect(page.querySelectorAll('table tbody tr').length).toBeGreaterThanOrEqual(40)
  expect(page.querySelectorAll('svg').length).toBeGreaterThan(1)
  expect(csv({ definition: study.definition, space: study.space, trials: study.trials(), warnings: [] }).split('\n').length).toBeGreaterThan(40)
})

test('suggestions are those of Node', async () => {
  const study = await createStudy({ space, seed: 5 })
  expect((await study.ask()).flatParams).toMatchInlineSnapshot(`
    {
      "learningRate": 0.0006097057532775759,
      "optimizer.sgd.momentum": 0.755572198749495,
      "optimizer.type": "sgd",
      "units": 24,
    }
  `)
})

test('a grid ends, and the median prunes', async () => {
  const study = await createStudy({ space: { n: int(1, 6) }, sampler: grid(), pruner: median(), seed: 1 })
  const { reason } = await study.optimize(({ params }) => params.n, { trials: 100 })
  expect(study.columns.length).toBe(6)
  expect(reason).toMatch(/grid/i)
})
