import { createStudy, float, int, minimize, oneOf } from '@attune/core'
import { describe, expect, it } from 'vitest'
import { gp } from './gp.ts'

/** The best of 60 trials is worse than this where the search polishes the edge of a basin, momentum 1, and never looks inside, at 0.9. */
const edge = 5e-3

const learning = { lr: float(1e-5, 1, { scale: 'log' }), layers: int(1, 8) } as const
const lossOf = (lr: number, layers: number): number => (Math.log10(lr) + 3) ** 2 + 0.1 * (layers - 5) ** 2
const seeds = [1, 2, 3, 4, 5, 6]

describe('a shallow basin near the edge of the space', () => {
  it('is entered where the parameter is always there', async () => {
    const best = await Promise.all(seeds.map(async (seed) => {
      const study = await createStudy({ space: { ...learning, momentum: float(0, 1) }, objective: minimize('loss'), sampler: gp(), seed })
      await study.optimize(({ params: { lr, layers, momentum } }) => lossOf(lr, layers) + (momentum - 0.9) ** 2, { trials: 60 })
      return study.best.value
    }))
    expect(best.filter((one) => one > edge).length).toBeLessThanOrEqual(1)
  })

  it('is entered where the parameter is conditional', async () => {
    const best = await Promise.all(seeds.map(async (seed) => {
      const study = await createStudy({ space: { ...learning, optimizer: oneOf({ sgd: { momentum: float(0, 1) }, adam: {} }) }, objective: minimize('loss'), sampler: gp(), seed })
      await study.optimize(({ params: { lr, layers, optimizer } }) => lossOf(lr, layers) + (optimizer.type === 'sgd' ? (optimizer.momentum - 0.9) ** 2 : 0.02), { trials: 60 })
      return study.best.value
    }))
    expect(best.filter((one) => one > edge).length).toBeLessThanOrEqual(2)
  })
})

describe('a branch of small sure gains', () => {
  it('does not keep the search from the basin in another branch', async () => {
    const best = await Promise.all(seeds.map(async (seed) => {
      const study = await createStudy({
        space: { cost: float(1e-4, 1e4, { scale: 'log' }), tolerance: float(1e-4, 1, { scale: 'log' }), kernel: oneOf({ linear: {}, radial: { gamma: float(1e-4, 1e4, { scale: 'log' }) } }) },
        objective: minimize('loss'),
        sampler: gp(),
        seed,
      })
      await study.optimize(({ params: { cost, tolerance, kernel } }) => {
        const c = Math.log10(cost)
        const t = 0.01 * (Math.log10(tolerance) + 3) ** 2
        if (kernel.type === 'linear') return 0.4 + 0.02 * (c - 0.3) ** 2 + 0.005 * Math.sin(3 * c) + t // .4017 at best
        const distance = (Math.log10(kernel.gamma) + 1) ** 2 + ((c - 1.5) / 1.5) ** 2
        return 1.2 - 1.2 * Math.exp(-0.5 * distance) + t
      }, { trials: 60 })
      return study.best.value
    }))
    // If every gain counts five of six stay with the linear branch.
    expect(best.filter((one) => one < 0.2).length).toBeGreaterThanOrEqual(4)
  })
})
