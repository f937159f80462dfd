import * as tf from '@tensorflow/tfjs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cpu } from '../cpu.ts'
import { wasm } from '../wasm.ts'

/** Of the largest number: what single precision leaves of sums of a few hundred products. */
const TOLERANCE = 1e-6

const noise = (shape: number[], seed: number) => tf.randomNormal(shape, 0, 1, 'float32', seed)

/** The gradient of `f` at noise of a shape, on the active backend, where the output is weighted with noise. */
async function gradient(shape: number[], f: (x: tf.Tensor) => tf.Tensor): Promise<Float32Array> {
  const before = tf.memory().numTensors
  const result = tf.tidy(() => tf.grad((x: tf.Tensor) => {
    const output = f(x)
    return tf.sum(tf.mul(output, noise(output.shape, 7)))
  })(noise(shape, 3)))
  const values = Float32Array.from(await result.data())
  result.dispose()
  expect(tf.memory().numTensors).toBe(before)
  return values
}

async function expectSame(shape: number[], f: (x: tf.Tensor) => tf.Tensor): Promise<void> {
  await cpu().activate(tf)
  const expected = await gradient(shape, f)
  await wasm().activate(tf)
  const actual = await gradient(shape, f)
  expect(actual).toHaveLength(expected.length)
  const scale = Math.max(1e-3, ...expected.map(Math.abs))
  expect(Math.max(...expected.map((value, index) => Math.abs(value - (actual[index] as number)))) / scale).toBeLessThan(TOLERANCE)
}

const padding = fc.constantFrom('valid' as const, 'same' as const)
const image = fc.record({
  batch: fc.integer({ min: 1, max: 4 }),
  height: fc.integer({ min: 5, max: 10 }),
  width: fc.integer({ min: 5, max: 10 }),
  channels: fc.integer({ min: 1, max: 9 }),
  filters: fc.integer({ min: 1, max: 9 }),
  kernel: fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 })),
  strides: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
  pad: padding,
})
const volume = fc.record({
  batch: fc.integer({ min: 1, max: 3 }),
  size: fc.tuple(fc.integer({ min: 3, max: 5 }), fc.integer({ min: 3, max: 6 }), fc.integer({ min: 3, max: 6 })),
  channels: fc.integer({ min: 1, max: 3 }),
  filters: fc.integer({ min: 1, max: 3 }),
  kernel: fc.integer({ min: 1, max: 3 }),
  stride: fc.integer({ min: 1, max: 3 }),
  pad: padding,
})

const often = { numRuns: 60 }

describe('gradients on wasm are those of cpu', () => {
  test('conv2d, of the kernel and of the input', () =>
    fc.assert(fc.asyncProperty(image, async ({ batch, height, width, channels, filters, kernel, strides, pad }) => {
      const filterShape = [...kernel, channels, filters]
      await expectSame(filterShape, (filter) => tf.conv2d(noise([batch, height, width, channels], 1) as tf.Tensor4D, filter as tf.Tensor4D, strides, pad))
      await expectSame([batch, height, width, channels], (x) => tf.conv2d(x as tf.Tensor4D, noise(filterShape, 1) as tf.Tensor4D, strides, pad))
    }), often))

  test('padding that is a number, which layers never give, where kernel and strides are square', () =>
    fc.assert(fc.asyncProperty(image, fc.integer({ min: 0, max: 3 }), async ({ batch, height, width, channels, filters, kernel: [size], strides: [stride] }, pad) => {
      const [shape, filterShape] = [[batch, height, width, channels], [size, size, channels, filters]]
      await expectSame(filterShape, (filter) => tf.conv2d(noise(shape, 1) as tf.Tensor4D, filter as tf.Tensor4D, stride, pad))
      await expectSame(shape, (x) => tf.conv2d(x as tf.Tensor4D, noise(filterShape, 1) as tf.Tensor4D, stride, pad))
      await expectSame(shape, (x) => tf.depthwiseConv2d(x as tf.Tensor4D, noise([size, size, channels, 2], 1) as tf.Tensor4D, stride, pad))
      await expectSame(shape, (x) => tf.maxPool(x as tf.Tensor4D, size, stride, Math.min(pad, size - 1)))
    }), { numRuns: 20 }))

  test('padding that is a number is refused where kernel or strides are not square: tfjs would write over other tensors', async () => {
    await wasm().activate(tf)
    const x = tf.ones<tf.Rank.R4>([3, 6, 8, 9])
    const tensors = tf.memory().numTensors
    const attempts: readonly (() => tf.Tensor)[] = [
      () => tf.conv2d(x, tf.ones<tf.Rank.R4>([3, 5, 9, 7]), 1, 2),
      () => tf.conv2d(x, tf.ones<tf.Rank.R4>([3, 3, 9, 7]), [3, 1], 2),
      () => tf.fused.conv2d({ x, filter: tf.ones<tf.Rank.R4>([1, 3, 9, 7]), strides: 1, pad: 0, activation: 'relu' }),
      () => tf.depthwiseConv2d(x, tf.ones<tf.Rank.R4>([2, 3, 9, 1]), 1, 0),
      () => tf.maxPool(x, [3, 1], 1, 0),
      () => tf.avgPool(x, 2, [1, 2], 0),
    ]
    for (const attempt of attempts) expect(() => tf.tidy(attempt)).toThrow(/wrong shape where padding is a number \([02]\) and kernel or strides are not square .*Pad by 'valid', 'same' or/)
    const padded = tf.tidy(() => tf.conv2d(x, tf.ones<tf.Rank.R4>([3, 5, 9, 7]), 1, [[0, 0], [1, 1], [2, 2], [0, 0]]))
    expect(padded.shape).toEqual([3, 6, 8, 7])
    tf.dispose([x, padded])
    expect(tf.memory().numTensors).toBe(tensors - 1)
  })

  test('depthwise conv2d, of the kernel and of the input', () =>
    fc.assert(fc.asyncProperty(image, fc.integer({ min: 1, max: 3 }), async ({ batch, height, width, channels, kernel, strides, pad }, multiplier) => {
      const filterShape = [...kernel, channels, multiplier]
      await expectSame(filterShape, (filter) => tf.depthwiseConv2d(noise([batch, height, width, channels], 1) as tf.Tensor4D, filter as tf.Tensor4D, strides, pad))
      await expectSame([batch, height, width, channels], (x) => tf.depthwiseConv2d(x as tf.Tensor4D, noise(filterShape, 1) as tf.Tensor4D, strides, pad))
    }), often))

  test('embeddings: rows that occur never, once and often', () =>
    fc.assert(fc.asyncProperty(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 5 }), fc.array(fc.nat(), { minLength: 1, maxLength: 40 }), async (words, width, ids) => {
      await expectSame([words, width], (table) => tf.gather(table, tf.tensor1d(ids.map((id) => id % words), 'int32')))
    }), often))

  test('a segment that is none is left out, as on cpu', async () => {
    const sums = () => tf.tidy(() => Array.from(tf.unsortedSegmentSum(tf.tensor2d([[1, 2], [3, 4], [5, 6]]), tf.tensor1d([2, -1, 2], 'int32'), 4).dataSync()))
    await cpu().activate(tf)
    const expected = sums()
    await wasm().activate(tf)
    expect(sums()).toEqual(expected)
  })

  test('max and average pooling of images', () =>
    fc.assert(fc.asyncProperty(image, async ({ batch, height, width, channels, kernel, strides, pad }) => {
      await expectSame([batch, height, width, channels], (x) => tf.maxPool(x as tf.Tensor4D, kernel, strides, pad))
      await expectSame([batch, height, width, channels], (x) => tf.avgPool(x as tf.Tensor4D, kernel, strides, pad))
    }), often))

  test('max pooling where all of a window is negative, and where several cells are the largest', async () => {
    await expectSame([2, 6, 6, 2], (x) => tf.maxPool(tf.sub<tf.Tensor4D>(x, 10), 2, 2, 'valid'))
    await expectSame([2, 6, 6, 2], (x) => tf.maxPool(tf.add<tf.Tensor4D>(tf.mul(x, 0), 1), 3, 1, 'same'))
  })

  test('max pooling where a window has no maximum, or is of infinity: what comes from above is lost, and goes to no other sample', async () => {
    for (const none of [NaN, -Infinity]) {
      const offset = [1, 2, 3, 4, none, none, none, none]
      await expectSame([2, 2, 2, 1], (x) => tf.maxPool(tf.add<tf.Tensor4D>(x, tf.tensor4d(offset, [2, 2, 2, 1])), 2, 2, 'valid'))
      await expectSame([2, 1, 2, 2, 1], (x) => tf.maxPool3d(tf.add<tf.Tensor5D>(x, tf.tensor5d(offset, [2, 1, 2, 2, 1])), [1, 2, 2], [1, 2, 2], 'valid'))
    }
  })

  test('max pooling of volumes where several cells are the largest', () =>
    expectSame([2, 4, 4, 4, 2], (x) => tf.maxPool3d(tf.add<tf.Tensor5D>(tf.mul(x, 0), 1), 2, 2, 'valid')))

  test('a convolution of no sample has a gradient of zeros', async () => {
    await expectSame([3, 3, 2, 2], (filter) => tf.conv2d(tf.zeros<tf.Rank.R4>([0, 5, 5, 2]), filter as tf.Tensor4D, 1, 'same'))
  })

  test('conv3d, of the kernel and of the input', () =>
    fc.assert(fc.asyncProperty(volume, async ({ batch, size, channels, filters, kernel, stride, pad }) => {
      const filterShape = [kernel, kernel, kernel, channels, filters]
      await expectSame(filterShape, (filter) => tf.conv3d(noise([batch, ...size, channels], 1) as tf.Tensor5D, filter as tf.Tensor5D, stride, pad))
      await expectSame([batch, ...size, channels], (x) => tf.conv3d(x as tf.Tensor5D, noise(filterShape, 1) as tf.Tensor5D, stride, pad))
    }), often))

  test('pooling of volumes, negative ones too, and its values', () =>
    fc.assert(fc.asyncProperty(volume, async ({ batch, size, channels, kernel, stride, pad }) => {
      await expectSame([batch, ...size, channels], (x) => tf.maxPool3d(tf.sub<tf.Tensor5D>(x, 2), kernel, stride, pad))
      await expectSame([batch, ...size, channels], (x) => tf.square(tf.maxPool3d(x as tf.Tensor5D, kernel, stride, pad)))
      await expectSame([batch, ...size, channels], (x) => tf.avgPool3d(x as tf.Tensor5D, kernel, stride, pad))
    }), often))

  test('up-sampling, bilinear and by repetition, which cpu has from us', () =>
    fc.assert(fc.asyncProperty(image, fc.boolean(), async ({ batch, height, width, channels, strides }, alignCorners) => {
      await expectSame([batch, height, width, channels], (x) => tf.image.resizeBilinear(x as tf.Tensor4D, [height * strides[0], width * strides[1]], alignCorners))
      await expectSame([batch, height, width, channels], (x) => tf.image.resizeNearestNeighbor(x as tf.Tensor4D, [height * strides[0], width * strides[1]], alignCorners))
    }), often))
})

test('a slice is that of cpu, whatever it takes of a tensor', () =>
  fc.assert(fc.asyncProperty(fc.array(fc.tuple(fc.integer({ min: 1, max: 5 }), fc.nat(), fc.nat()), { minLength: 1, maxLength: 6 }), fc.constantFrom('float32' as const, 'int32' as const, 'bool' as const), async (axes, dtype) => {
    const shape = axes.map(([length]) => length)
    const begin = axes.map(([length, start]) => start % length)
    const size = axes.map(([length, , part], axis) => 1 + (part % (length - begin[axis]!)))
    const taken: unknown[] = []
    for (const backend of [cpu(), wasm()]) {
      await backend.activate(tf)
      const before = tf.memory().numTensors
      const part = tf.tidy(() => {
        const cells = tf.reshape(tf.range(0, shape.reduce((product, length) => product * length, 1)), shape)
        return tf.slice(dtype === 'bool' ? tf.greater(tf.mod(cells, 3), 0) : tf.cast(cells, dtype), begin, size)
      })
      taken.push([part.shape, part.dtype, Array.from(await part.data())])
      part.dispose()
      expect(tf.memory().numTensors).toBe(before)
    }
    expect(taken[1]).toEqual(taken[0])
  }), { numRuns: 200 }))

test('tiles are those of cpu', () =>
  fc.assert(fc.asyncProperty(fc.array(fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 0, max: 3 })), { minLength: 1, maxLength: 5 }), fc.constantFrom('float32' as const, 'int32' as const), async (axes, dtype) => {
    const shape = axes.map(([length]) => length)
    const taken: unknown[] = []
    for (const backend of [cpu(), wasm()]) {
      await backend.activate(tf)
      const before = tf.memory().numTensors
      const tiled = tf.tidy(() => tf.tile(tf.cast(tf.reshape(tf.range(0, shape.reduce((product, length) => product * length, 1)), shape), dtype), axes.map(([, times]) => times)))
      taken.push([tiled.shape, tiled.dtype, Array.from(await tiled.data())])
      tiled.dispose()
      expect(tf.memory().numTensors).toBe(before)
    }
    expect(taken[1]).toEqual(taken[0])
  }), { numRuns: 100 }))

test('slices of text, and slices of nothing, are still possible', async () => {
  await wasm().activate(tf)
  expect(tf.tidy(() => tf.slice(tf.tensor1d(['a', 'b', 'c']), 1, 2).dataSync())).toEqual(['b', 'c'])
  expect(tf.tidy(() => tf.slice(tf.zeros([2, 3]), [0, 1], [2, 0]).shape)).toEqual([2, 0])
  expect(() => tf.slice(tf.zeros([2, 3]), [0, 2], [2, 2])).toThrow(/slice/i)
})

test('a long sum loses little: the gradient of a kernel over 36,864 cells is that of double precision within 2e-6', async () => {
  await wasm().activate(tf)
  const [batch, size, filters] = [64, 26, 4]
  const x = noise([batch, size, size, 1], 1) as tf.Tensor4D
  const dy = noise([batch, size - 2, size - 2, filters], 7)
  const filter = noise([3, 3, 1, filters], 2)
  const result = tf.grad((f: tf.Tensor) => tf.sum(tf.mul(tf.conv2d(x, f as tf.Tensor4D, 1, 'valid'), dy)))(filter)
  const [input, upstream, actual] = [await x.data(), await dy.data(), await result.data()]
  const expected = new Float64Array(actual.length)
  let cell = 0
  for (let sample = 0; sample < batch; sample++) {
    for (let row = 0; row < size - 2; row++) {
      for (let column = 0; column < size - 2; column++, cell++) {
        for (let position = 0; position < 9; position++) {
          const value = input[(sample * size + row + Math.floor(position / 3)) * size + column + (position % 3)]!
          for (let channel = 0; channel < filters; channel++) expected[position * filters + channel]! += value * upstream[cell * filters + channel]!
        }
      }
    }
  }
  tf.dispose([x, dy, filter, result])
  const scale = Math.max(...expected.map(Math.abs))
  expect(Math.max(...expected.map((value, index) => Math.abs(value - actual[index]!))) / scale).toBeLessThan(2e-6)
})

test('a kernel that is there is left alone, and ours are registered once', async () => {
  await wasm().activate(tf)
  const names = ['Conv2DBackpropFilter', 'UnsortedSegmentSum', 'MaxPoolGrad', 'Conv3DBackpropInputV2']
  const kernels = names.map((name) => tf.getKernel(name, 'wasm'))
  await wasm().activate(tf)
  expect(names.map((name) => tf.getKernel(name, 'wasm'))).toEqual(kernels)
  expect(tf.getKernel('Conv2DBackpropFilter', 'cpu')).not.toBe(kernels[0])
  await cpu().activate(tf)
  const repaired = tf.getKernel('ResizeNearestNeighborGrad', 'cpu')
  await cpu().activate(tf)
  expect(tf.getKernel('ResizeNearestNeighborGrad', 'cpu')).toBe(repaired)
})
