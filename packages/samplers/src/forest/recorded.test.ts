import { createStudy, float, int, oneOf, ordinal, repeat } from '@attune/core'
import { expect, test } from 'vitest'
import { forest } from './forest.ts'

// A change here means that the same history is answered differently: then `revision` of the sampler has to grow.
test('answers a recorded history as it always has', async () => {
  const study = await createStudy({
    space: {
      rate: float(1e-5, 1, { scale: 'log' }),
      layers: repeat({ units: int(8, 64, { step: 8 }) }, { min: 1, max: 2 }),
      batch: ordinal([16, 32, 64]),
      optimizer: oneOf({ sgd: { momentum: float(0, 1) }, adam: {} }),
    },
    sampler: forest(),
    seed: 11,
  })
  for (let i = 0; i < 20; i++) {
    const trial = await study.ask()
    const { rate, layers, optimizer } = trial.params
    if (i % 7 === 6) await study.fail(trial, 'recorded')
    else await study.tell(trial, Math.abs(Math.log10(rate) + 3) + Math.abs(layers[0]!.units - 32) / 32 + (optimizer.type === 'sgd' ? Math.abs(optimizer.momentum - 0.9) : 0.5))
  }
  expect(study.trial(0).suggestion!.sampler).toBe('forest@1')
  expect([8, 13, 19].map((number) => study.trial(number).flatParams)).toMatchInlineSnapshot(`
    [
      {
        "batch": 16,
        "layers.0.units": 40,
        "layers.1.units": 16,
        "layers.length": 2,
        "optimizer.sgd.momentum": 0.7712367858398771,
        "optimizer.type": "sgd",
        "rate": 0.0033368163439846123,
      },
      {
        "batch": 16,
        "layers.0.units": 32,
        "layers.length": 1,
        "optimizer.type": "adam",
        "rate": 0.000015493538052140208,
      },
      {
        "batch": 16,
        "layers.0.units": 32,
        "layers.1.units": 40,
        "layers.length": 2,
        "optimizer.sgd.momentum": 0.7723815842685431,
        "optimizer.type": "sgd",
        "rate": 0.0032120881175072874,
      },
    ]
  `)
})
