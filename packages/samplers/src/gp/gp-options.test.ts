import { choice, createStudy, float, int, minimize, oneOf, random, space, ThreefryRandom } from '@attune/core'
import { describe, expect, it } from 'vitest'
import { gp } from './gp.ts'
import type { GpOptions } from './settings.ts'

const mixed = space({ x: float(0, 1), y: float(1e-3, 1, { scale: 'log' }), layers: int(1, 6), kind: choice(['a', 'b', 'c']) })

/** Lowest, 0, at x = .3, y = .03, 4 layers of kind b. */
function valley({ x, y, layers, kind }: { readonly x: number; readonly y: number; readonly layers: number; readonly kind: string }): number {
  return 4 * (x - 0.3) ** 2 + (Math.log10(y) + 1.5) ** 2 + 0.1 * (layers - 4) ** 2 + (kind === 'b' ? 0 : 0.5)
}

async function bestOf(options: GpOptions | undefined, trials: number, seed: number): Promise<number> {
  const study = await createStudy({ name: 'valley', space: mixed, sampler: options === undefined ? random() : gp(options), seed })
  await study.optimize((trial) => valley(trial.params), { trials })
  return study.best.value
}

const variants: readonly GpOptions[] = [
  {}, { kernel: 'matern32' }, { kernel: 'rbf' }, { acquisition: 'ucb' }, { acquisition: 'pi' }, { acquisition: 'thompson' }, { warping: false }, { noise: 'none' }, { startupTrials: 3 },
]

describe('options of gp', () => {
  it.each(variants)('%o finds what random search does not', async (options) => {
    expect(await bestOf(options, 35, 3)).toBeLessThan(0.25 * (await bestOf(undefined, 35, 3)))
  })

  it('lead to different suggestions', async () => {
    const found = await Promise.all(variants.map(async (options) => bestOf(options, 14, 2)))
    const plain = found[0] as number
    expect(found.slice(1).filter((one) => one === plain).length).toBeLessThan(4)
    const points = await Promise.all(variants.map(async (options) => {
      const study = await createStudy({ name: 'valley', space: mixed, sampler: gp({ startupTrials: 10, ...options }), seed: 2 })
      await study.optimize((trial) => valley(trial.params), { trials: 14 })
      return JSON.stringify(study.trials().map(({ flatParams }) => flatParams))
    }))
    expect(new Set(points).size).toBe(variants.length)
  })

  it('are refused by name when unknown or out of range', () => {
    expect(() => gp({ kernels: 'rbf' } as never)).toThrow(expect.objectContaining({ code: 'OPTION', message: expect.stringContaining('no option "kernels"') }))
    for (const bad of [{ startupTrials: 1 }, { startupTrials: 2.5 }, { kernel: 'linear' }, { acquisition: 'kg' }, { warping: 1 }, { noise: 0.1 }]) {
      expect(() => gp(bad as never)).toThrow(expect.objectContaining({ code: 'OPTION', message: expect.stringContaining(Object.keys(bad)[0] as string) }))
    }
  })
})

describe('a noisy objective', () => {
  it('is searched where its mean is low, not around a lucky trial', async () => {
    let ours = 0
    let lucky = 0
    for (let seed = 0; seed < 3; seed++) {
      const noise = new ThreefryRandom(seed).stream(0, 'noise')
      const study = await createStudy({ name: 'noisy', space: { x: float(0, 1), y: float(0, 1) }, sampler: gp(), seed })
      const truth = ({ x, y }: { readonly x: number; readonly y: number }): number => 3 * ((x - 0.7) ** 2 + (y - 0.2) ** 2)
      await study.optimize(({ params }) => truth(params) + 0.5 * noise.normal(), { trials: 50 })
      const last = study.trials().slice(-15)
      ours += last.reduce((sum, { params }) => sum + truth(params) / last.length, 0) / 3
      lucky += truth(study.best.params) / 3
    }
    // Drawn at random it is .8 on average.
    expect(ours).toBeLessThan(0.25)
    expect(lucky).toBeLessThan(0.5)
  })
})

describe('the explanation', () => {
  it('predicts in the unit and direction of the objective, and comes near', async () => {
    const study = await createStudy({ name: 'explained', space: { x: float(0, 1), y: oneOf({ a: { z: float(0, 1) }, b: {} }) }, objective: minimize('loss'), sampler: gp(), seed: 4 })
    await study.optimize(({ params: { x, y } }) => 1000 + 50 * (x - 0.4) ** 2 + (y.type === 'a' ? 20 * (y.z - 0.5) ** 2 : 7), { trials: 40 })
    const errors: number[] = []
    for (const { suggestion, value, number } of study.trials()) {
      expect(suggestion?.explanation?.model).toBe(number < 6 ? 'prior' : 'Gaussian process')
      const predicted = suggestion?.explanation?.predicted?.[0]
      if (number < 30 || predicted === undefined) continue
      expect(predicted.metric).toBe('loss')
      expect(predicted.deviation).toBeGreaterThan(0)
      errors.push(Math.abs(predicted.mean - (value as number)))
    }
    expect(errors).toHaveLength(10)
    expect(errors.sort((a, b) => a - b)[5]).toBeLessThan(2) // of about 25
  })
})
