import { createStudy, float, int, maximize, minimize, oneOf, ordinal, repeat, type SamplerFactory } from '@attune/core'
import { expect, test } from 'vitest'
import { nsgaII, nsgaIII } from './nsga.ts'

async function recorded(sampler: SamplerFactory): Promise<readonly unknown[]> {
  const study = await createStudy({
    space: {
      rate: float(1e-5, 1, { scale: 'log' }),
      layers: repeat({ units: int(8, 64, { step: 8 }) }, { min: 1, max: 2 }),
      batch: ordinal([16, 32, 64]),
      optimizer: oneOf({ sgd: { momentum: float(0, 1) }, adam: {} }),
    },
    objective: [minimize('loss'), minimize('size'), maximize('speed')],
    sampler,
    seed: 11,
  })
  for (let i = 0; i < 30; i++) {
    const trial = await study.ask()
    const { rate, layers, optimizer, batch } = trial.params
    const size = layers.reduce((sum, { units }) => sum + units, 0)
    if (i % 7 === 6) await study.fail(trial, 'recorded')
    else await study.tell(trial, { loss: Math.abs(Math.log10(rate) + 3) + 8 / size + (optimizer.type === 'sgd' ? Math.abs(optimizer.momentum - 0.9) : 0.5), size, speed: batch / size })
  }
  return [study.trial(0).suggestion!.sampler, ...[13, 29].map((number) => study.trial(number).flatParams)]
}

// A change here means that the same history is answered differently: then `revision` of the sampler has to grow.
test('nsgaII answers a recorded history as it always has', async () => {
  expect(await recorded(nsgaII())).toMatchInlineSnapshot(`
    [
      "nsga-ii@1",
      {
        "batch": 16,
        "layers.0.units": 24,
        "layers.length": 1,
        "optimizer.sgd.momentum": 0.37269689840526077,
        "optimizer.type": "sgd",
        "rate": 0.00008823081132957054,
      },
      {
        "batch": 64,
        "layers.0.units": 24,
        "layers.length": 1,
        "optimizer.sgd.momentum": 0.9630546524422243,
        "optimizer.type": "sgd",
        "rate": 0.004573948804135224,
      },
    ]
  `)
})

test('nsgaIII answers a recorded history as it always has', async () => {
  expect(await recorded(nsgaIII())).toMatchInlineSnapshot(`
    [
      "nsga-iii@1",
      {
        "batch": 64,
        "layers.0.units": 56,
        "layers.length": 1,
        "optimizer.type": "adam",
        "rate": 0.0004606599798301319,
      },
      {
        "batch": 64,
        "layers.0.units": 24,
        "layers.1.units": 64,
        "layers.length": 2,
        "optimizer.sgd.momentum": 0.3337065242874857,
        "optimizer.type": "sgd",
        "rate": 0.0011179605029930323,
      },
    ]
  `)
})
