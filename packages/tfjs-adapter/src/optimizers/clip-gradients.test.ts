import { isAttuneError } from '@attune/core'
import * as tf from '@tensorflow/tfjs'
import { beforeAll, expect, it } from 'vitest'
import { cpu } from '../backends/cpu.ts'
import { checkGradientClip, clipGradients, type GradientClip } from './clip-gradients.ts'

beforeAll(() => cpu().activate(tf))

/** The numbers of what clipping gives, and how many tensors it leaves. */
function clipped(numbers: { readonly [key: string]: readonly number[] }, clip: GradientClip): { readonly gradients: { readonly [key: string]: readonly number[] }; readonly norm: number | undefined; readonly left: number } {
  const given = Object.fromEntries(Object.entries(numbers).map(([key, values]) => [key, tf.tensor1d([...values])]))
  const before = tf.memory().numTensors
  const { gradients, norm } = clipGradients(tf, given, clip)
  const left = tf.memory().numTensors - before
  const result = { gradients: Object.fromEntries(Object.entries(gradients).map(([key, tensor]) => [key, [...tensor.dataSync()]])), norm: norm?.dataSync()[0], left }
  tf.dispose([given, gradients, norm ?? []])
  return result
}

it('by norm, all gradients together become as long as the bound, in the same direction', () => {
  const { gradients, norm, left } = clipped({ a: [3, 0], b: [0, 4], c: [12] }, { norm: 6.5 })
  expect(norm).toBe(13)
  expect(gradients).toEqual({ a: [1.5, 0], b: [0, 2], c: [6] })
  expect(left).toBe(4)
})

it('by norm, shorter ones stay bit for bit', () => {
  const numbers = { a: [Math.fround(0.1), Math.fround(-0.7)], b: [Math.fround(1e-20)] }
  expect(clipped(numbers, { norm: 1 }).gradients).toEqual(numbers)
})

it('by norm, zeros stay zeros, and no gradients are none', () => {
  expect(clipped({ a: [0, 0] }, { norm: 1 })).toMatchObject({ gradients: { a: [0, 0] }, norm: 0 })
  expect(clipped({}, { norm: 1 })).toEqual({ gradients: {}, norm: 0, left: 1 })
})

it('by norm, what is not a number is not hidden', () => {
  expect(clipped({ a: [Number.NaN], b: [1] }, { norm: 1 }).gradients['a']).toEqual([Number.NaN])
})

it('by value, each number stays within the bound', () => {
  expect(clipped({ a: [-3, -0.5, 0.5, 3], b: [2] }, { value: 2 })).toEqual({ gradients: { a: [-2, -0.5, 0.5, 2], b: [2] }, norm: undefined, left: 2 })
})

it.each<[unknown]>([[undefined], [null], [{}], [{ norm: 0 }], [{ value: -1 }], [{ norm: Number.NaN }], [{ norm: 1, value: 1 }], [{ max: 1 }], [1]])('%j is no clip', (clip) => {
  try {
    checkGradientClip(clip as GradientClip)
    expect.unreachable()
  } catch (error) {
    if (!isAttuneError(error, 'TFJS_OPTION')) throw error
    expect(error.message).toMatch(/clipped by \{ norm \} or by \{ value \}/)
  }
})
