import { createStudy, float, int, oneOf, ordinal, repeat } from '@attune/core'
import { expect, test } from 'vitest'
import { tpe } from './tpe.ts'

// A change here means that the same history is answered differently: then `revision` of the sampler has to grow.
test('answers a recorded history as it always has', async () => {
  const study = await createStudy({
    space: {
      rate: float(1e-5, 1, { scale: 'log' }),
      layers: repeat({ units: int(8, 64, { step: 8 }) }, { min: 1, max: 2 }),
      batch: ordinal([16, 32, 64]),
      optimizer: oneOf({ sgd: { momentum: float(0, 1) }, adam: {} }),
    },
    sampler: tpe(),
    seed: 11,
  })
  for (let i = 0; i < 24; i++) {
    const trial = await study.ask()
    const { rate, layers, optimizer } = trial.params
    if (i % 7 === 6) await study.fail(trial, 'recorded')
    else await study.tell(trial, Math.abs(Math.log10(rate) + 3) + Math.abs(layers[0]!.units - 32) / 32 + (optimizer.type === 'sgd' ? Math.abs(optimizer.momentum - 0.9) : 0.5))
  }
  expect(study.trial(0).suggestion!.sampler).toBe('tpe@2')
  expect([8, 15, 23].map((number) => study.trial(number).flatParams)).toMatchInlineSnapshot(`
    [
      {
        "batch": 64,
        "layers.0.units": 32,
        "layers.1.units": 24,
        "layers.length": 2,
        "optimizer.sgd.momentum": 0.576651960814881,
        "optimizer.type": "sgd",
        "rate": 0.0010587159679694683,
      },
      {
        "batch": 16,
        "layers.0.units": 48,
        "layers.1.units": 8,
        "layers.length": 2,
        "optimizer.sgd.momentum": 0.6091733315366253,
        "optimizer.type": "sgd",
        "rate": 0.00017269421706360357,
      },
      {
        "batch": 64,
        "layers.0.units": 32,
        "layers.length": 1,
        "optimizer.sgd.momentum": 0.7242107861719649,
        "optimizer.type": "sgd",
        "rate": 0.0042715710548934015,
      },
    ]
  `)
})
