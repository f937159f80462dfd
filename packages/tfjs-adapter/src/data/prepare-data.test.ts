import * as tf from '@tensorflow/tfjs'
import { beforeAll, describe, expect, it } from 'vitest'
import { cpu } from '../backends/cpu.ts'
import { prepareData } from './prepare-data.ts'
import type { TrainingData } from './training-data.ts'

beforeAll(() => cpu().activate(tf))

const x = { data: [1, 2, 3, 4, 5, 6], shape: [3, 2] }

describe('prepareData', () => {
  it('takes typed numbers, tensors and plain lists', async () => {
    const own = tf.tensor2d([[1], [2], [3]])
    const before = tf.memory().numTensors
    const prepared = await prepareData(tf, { train: { x, y: Uint8Array.of(0, 2, 1) }, validation: { x, y: own } })
    expect(prepared.train).toMatchObject({ singleNumber: true, largestTarget: 2, wholeTargets: true })
    expect(prepared.train.x.shape).toEqual([3, 2])
    expect(prepared.train.y.shape).toEqual([3, 1])
    expect(prepared.validation?.y).toBe(own)
    prepared.dispose()
    expect(own.isDisposed).toBe(false)
    expect(tf.memory().numTensors).toBe(before)
    own.dispose()
  })

  it('makes a column of a tensor with one number a sample', async () => {
    const y = tf.tensor1d([0.5, -1, 2])
    const prepared = await prepareData(tf, { train: { x, y } })
    expect(prepared.train).toMatchObject({ singleNumber: true, wholeTargets: false, largestTarget: 2 })
    expect(prepared.train.y.shape).toEqual([3, 1])
    prepared.dispose()
    y.dispose()
  })

  const broken: [string, unknown, RegExp][] = [
    ['no training data', {}, /data\.train is missing/],
    ['no inputs', { train: { y: [1] } }, /data\.train\.x is missing/],
    ['something else', { train: { x: 'pixels', y: [1] } }, /data\.train\.x is neither a tensor nor \{ data, shape \}/],
    ['nothing', { train: { x: { data: [], shape: [0, 2] }, y: [] } }, /data\.train is empty/],
    ['a shape that does not fit', { train: { x: { data: [1, 2, 3], shape: [2, 2] }, y: [1, 2] } }, /has 3 numbers, its shape \[2, 2\] needs 4/],
    ['a fraction as size', { train: { x: { data: [1, 2, 3], shape: [1.5, 2] }, y: [1, 2] } }, /sizes are whole numbers/],
    ['more inputs than targets', { train: { x, y: [1, 2] } }, /3 samples in x and 2 in y/],
    ['inputs without features', { train: { x: { data: [1, 2, 3], shape: [3] }, y: [1, 2, 3] } }, /samples first, then features/],
    ['NaN', { train: { x: { data: [1, 2, 3, NaN, 5, 6], shape: [3, 2] }, y: [1, 2, 3] } }, /data\.train\.x holds NaN in sample 1/],
    ['Infinity', { train: { x, y: [1, 2, -Infinity] } }, /data\.train\.y holds -Infinity in sample 2/],
    ['other features in validation', { train: { x, y: [1, 2, 3] }, validation: { x: { data: [1, 2, 3], shape: [1, 3] }, y: [1] } }, /data\.train\.x has shape \[2\], one of data\.validation\.x \[3\]/],
    ['other targets in validation', { train: { x, y: [1, 2, 3] }, validation: { x, y: { data: [1, 2, 3, 4, 5, 6], shape: [3, 2] } } }, /data\.train\.y has shape \[1\], one of data\.validation\.y \[2\]/],
    ['empty validation', { train: { x, y: [1, 2, 3] }, validation: { x: { data: [], shape: [0, 2] }, y: [] } }, /data\.validation is empty/],
    ['big integers', { train: { x, y: BigInt64Array.of(1n, 2n, 3n) } }, /data\.train\.y is neither/],
  ]
  it.each(broken)('refuses %s and leaves nothing behind', async (_name, data, message) => {
    const before = tf.memory().numTensors
    await expect(prepareData(tf, data as TrainingData)).rejects.toThrow(message)
    await expect(prepareData(tf, data as TrainingData)).rejects.toMatchObject({ code: 'TFJS_DATA' })
    expect(tf.memory().numTensors).toBe(before)
  })

  it('refuses a tensor that is gone, and one of strings', async () => {
    const gone = tf.zeros([3, 2])
    gone.dispose()
    await expect(prepareData(tf, { train: { x: gone, y: [1, 2, 3] } })).rejects.toThrow(/was disposed of/)
    const words = tf.tensor2d([['a'], ['b'], ['c']])
    await expect(prepareData(tf, { train: { x: words, y: [1, 2, 3] } })).rejects.toThrow(/tensor of string/)
    words.dispose()
  })
})
