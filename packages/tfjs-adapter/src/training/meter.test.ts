import * as tf from '@tensorflow/tfjs'
import { beforeAll, describe, expect, it } from 'vitest'
import { cpu } from '../backends/cpu.ts'
import { countTensors } from '../training.test-support.ts'
import { Meter } from './meter.ts'

beforeAll(() => cpu().activate(tf))
countTensors()

const scores = (loss: number, accuracy: number): { readonly loss: tf.Scalar; readonly accuracy: tf.Scalar } => ({ loss: tf.scalar(loss), accuracy: tf.scalar(accuracy) })

/** As on a device whose memory is not this process's. */
const elsewhere: typeof tf = { ...tf, getBackend: () => 'webgpu' }

describe('Meter', () => {
  it('means over samples, the same whether it reads at once or later', async () => {
    const meters = [new Meter<number>(tf), new Meter<number>(elsewhere)] as const
    for (let batch = 0; batch < 40; batch++) {
      for (const meter of meters) if (meter.add(scores(Math.sin(batch), batch % 2), batch + 1, batch)) expect(await meter.settle()).toBeUndefined()
    }
    for (const meter of meters) expect(await meter.settle()).toBeUndefined()
    const samples = (40 * 41) / 2
    expect(meters[0].state.samples).toBe(samples)
    expect(meters[0].means()['accuracy']).toBeCloseTo(Array.from({ length: 40 }, (_, batch) => (batch % 2) * (batch + 1)).reduce((sum, value) => sum + value) / samples, 10)
    expect(meters[1].state).toEqual(meters[0].state)
    expect(Object.keys(meters[1].means())).toEqual(['loss', 'accuracy'])
  })

  it('waits for a device every 32 batches only, and finds the first batch whose loss is no number', async () => {
    const meter = new Meter<string>(elsewhere)
    const full = Array.from({ length: 32 }, (_, batch) => meter.add(scores(batch === 20 || batch === 25 ? NaN : 1, NaN), 1, `batch ${batch}`))
    expect(full.indexOf(true)).toBe(31)
    expect(await meter.settle()).toEqual({ value: NaN, at: 'batch 20' })
    expect(await meter.settle()).toBeUndefined()
  })

  it('goes on from its state, and frees what it was given when it is reset', () => {
    const [first, second] = [new Meter<number>(tf), new Meter<number>(elsewhere)]
    first.add(scores(0.1, 1), 3, 0)
    void first.settle()
    second.restore(first.state)
    expect(second.means()).toEqual(first.means())
    second.add(scores(1, 1), 1, 0)
    second.reset()
    expect(second.state).toEqual({ samples: 0, sums: {} })
  })
})
