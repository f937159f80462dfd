import type { Trainer } from '@attune/core'
import * as tf from '@tensorflow/tfjs'
import { describe, expect, it } from 'vitest'
import { cpu } from '../backends/cpu.ts'
import { tfjsTrainer } from '../trainer.ts'
import { rateRangeTest, type RateSweep } from './rate-range-test.ts'

/** One weight that is to become 3: its loss is (w − 3)², so gradient descent is stable up to a rate of 1. */
const build = (): tf.LayersModel => tf.sequential({ layers: [tf.layers.dense({ units: 1, useBias: false, kernelInitializer: 'zeros', inputShape: [1] })] })
const x = Float32Array.from({ length: 16 }, (_, i) => (i % 2 === 0 ? 1 : -1))
const set = { x: { data: x, shape: [16, 1] }, y: { data: x.map((value) => 3 * value), shape: [16, 1] } }

function make(sweep: RateSweep): Trainer<object> {
  return tfjsTrainer<object>({ tf, backend: cpu(), build, data: { train: set, validation: set }, batchSize: 8, loss: 'meanSquaredError', optimizer: { type: 'sgd', learningRate: 5 }, ...sweep })
}

describe('rateRangeTest', () => {
  it('goes through the rates until the loss runs away, and says where it falls', async () => {
    const { points, diverged, suggestion, warnings } = await rateRangeTest(make, { from: 1e-4, to: 100, steps: 60, smoothing: 0.5 })
    expect(diverged).toBe(true)
    expect(points.length).toBeLessThan(60)
    expect(points.map(({ rate }) => Math.log10(rate))).toEqual(points.map((_, index) => expect.closeTo(-4 + (6 * index) / 59, 9) as unknown))
    expect(points[0]!.loss).toBeCloseTo(9, 5)
    // What the loss says of the first steps is what these rates do: (1 − 2·rate)² of it is left after each.
    for (const [index, { rate, loss }] of points.slice(0, 20).entries()) expect(points[index + 1]!.loss / loss).toBeCloseTo((1 - 2 * rate) ** 2, 4)
    expect(suggestion!.low).toBeGreaterThan(1e-3)
    expect(suggestion!.low).toBeLessThan(0.1)
    expect(suggestion!.high).toBeGreaterThan(0.05)
    expect(suggestion!.high).toBeLessThan(1)
    expect(warnings).toEqual([])
  })

  it('goes to the end where nothing runs away, and leaves nothing in memory', async () => {
    await cpu().activate(tf)
    const before = tf.memory().numTensors
    const { points, diverged, suggestion } = await rateRangeTest(make, { from: 1e-4, to: 0.1, steps: 20 })
    expect(diverged).toBe(false)
    expect(points).toHaveLength(20)
    expect(suggestion!.low).toBeLessThan(suggestion!.high)
    expect(suggestion!.high).toBeLessThan(0.1 + 1e-9)
    expect(tf.memory().numTensors).toBe(before)
  })

  it('takes a loss below 0 for what it is', async () => {
    const falling = (sweep: RateSweep): Trainer<object> => tfjsTrainer<object>({ tf, backend: cpu(), build, data: { train: { x: { data: x.map(() => 1), shape: [16, 1] }, y: set.y } }, batchSize: 8, loss: () => (_truth, prediction) => tf.mean(prediction), optimizer: { type: 'sgd', learningRate: 1 }, ...sweep })
    const { points, diverged } = await rateRangeTest(falling, { from: 1e-3, to: 1, steps: 20 })
    expect(diverged).toBe(false)
    expect(points.at(-1)!.loss).toBeLessThan(-1)
  })

  it('suggests nothing where the loss never falls', async () => {
    const { diverged, suggestion, points } = await rateRangeTest(make, { from: 10, to: 1e30, steps: 10 })
    expect(diverged).toBe(true)
    expect(suggestion).toBeUndefined()
    expect(points.length).toBeGreaterThan(0)
  })

  it('ends well when the loss is no number any more', async () => {
    const { diverged } = await rateRangeTest(make, { from: 1, to: 1e38, steps: 4, divergence: Number.MAX_VALUE })
    expect(diverged).toBe(true)
  })

  it('is aborted by its signal', async () => {
    await expect(rateRangeTest(make, { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough')
  })

  it.each([
    [{ from: 0 }, /from a rate above 0 to a higher one, got 0 and 1/],
    [{ from: 1, to: 0.1 }, /got 1 and 0\.1/],
    [{ smoothing: 1 }, /smoothing must be .* below 1, got 1/],
    [{ divergence: 1 }, /divergence must be a number above 1, got 1/],
    [{ steps: 1 }, /steps must be a whole number of at least 2, got 1/],
  ])('refuses %j', async (options, message) => {
    await expect(rateRangeTest(make, options)).rejects.toThrow(message)
  })
})
