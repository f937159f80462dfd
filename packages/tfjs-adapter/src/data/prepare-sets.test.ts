import * as tf from '@tensorflow/tfjs'
import { afterEach, describe, expect, it } from 'vitest'
import type { Backend } from '../backends/backend.ts'
import { cpu } from '../backends/cpu.ts'
import { wasm } from '../backends/wasm.ts'
import { positionsFor } from './parts.ts'
import { prepareSets } from './prepare-sets.ts'
import { epochOf, firstInputs, withSets } from './sources.test-support.ts'
import type { TrainingData } from './training-data.ts'

const x = { data: [1, 2, 3, 4, 5, 6], shape: [3, 2] }
const own: tf.Tensor[] = []

afterEach(() => tf.dispose(own.splice(0)))

/** A tensor of the user's. */
function mine(tensor: tf.Tensor): tf.Tensor {
  own.push(tensor)
  return tensor
}

/** As one with memory of its own, where arrays stay whole and batches are gathered there. */
const device: Backend = {
  name: 'device',
  async activate() {
    if (tf.findBackendFactory('device') === null) {
      tf.registerBackend('device', tf.findBackendFactory('cpu'))
      tf.copyRegisteredKernels('cpu', 'device')
    }
    await tf.setBackend('device')
  },
  describe: async () => ({ backend: 'device' }),
}

describe.each([cpu(), wasm(), device])('arrays on $name', (backend) => {
  it('come as batches, whole and in order, from lists, typed arrays and tensors alike', async () => {
    await backend.activate(tf)
    const inputs = [x, { data: Float32Array.of(1, 2, 3, 4, 5, 6), shape: [3, 2] }, { data: Float64Array.of(1, 2, 3, 4, 5, 6), shape: [3, 2] }, { data: Uint8Array.of(1, 2, 3, 4, 5, 6), shape: [3, 2] }, mine(tf.tensor2d([[1, 2], [3, 4], [5, 6]]))]
    const targets = [[0, 2, 1], Int32Array.of(0, 2, 1), { data: [0, 2, 1], shape: [3, 1] }, mine(tf.tensor1d([0, 2, 1])), mine(tf.tensor2d([[0], [2], [1]]))]
    for (const [position, input] of inputs.entries()) {
      await withSets({ train: { x: input, y: targets[position]! } }, async ({ train, validation }) => {
        expect(validation).toBeUndefined()
        expect(train).toMatchObject({ name: 'data.train', samples: 3, inputNames: undefined, targetNames: undefined, inputShapes: [[2]], targets: [{ shape: [1], singleNumber: true, largest: 2, wholeNumbers: true }] })
        expect(await epochOf(train)).toEqual([
          { inputs: [[1, 2, 3, 4]], targets: [[0, 2]], size: 2, indices: [0, 1] },
          { inputs: [[5, 6]], targets: [[1]], size: 1, indices: [2] },
        ])
      })
    }
    expect(own.some((tensor) => tensor.isDisposed)).toBe(false)
  })

  it('keep wide samples, integers of inputs as integers, and make targets floats', async () => {
    await backend.activate(tf)
    const wide = Float32Array.from({ length: 5 * 30 }, (_, index) => index)
    const words = Int32Array.from({ length: 5 * 9 }, (_, index) => 2 ** 24 + index)
    await withSets({ train: { x: [{ data: wide, shape: [5, 5, 6] }, { data: words, shape: [5, 9] }, mine(tf.tensor1d([1, 0, 1, 1, 0], 'bool'))], y: mine(tf.tensor1d([4, 3, 2, 1, 0], 'int32')) } }, async ({ train }) => {
      for await (const batch of train.batches({ batchSize: 2, epoch: 1, shuffleSeed: undefined, skip: 1 })) {
        expect(batch.inputs.map(({ shape }) => shape)).toEqual([[batch.size, 5, 6], [batch.size, 9], [batch.size, 1]])
        expect([...batch.inputs, ...batch.targets].map(({ dtype }) => dtype)).toEqual(['float32', 'int32', 'bool', 'float32'])
        const [sample] = batch.indices!
        expect(batch.inputs[0]!.dataSync()[0]).toBe(sample! * 30)
        expect(batch.inputs[1]!.dataSync()[0]).toBe(2 ** 24 + sample! * 9)
        expect(batch.targets[0]!.dataSync()[0]).toBe(4 - sample!)
        tf.dispose([...batch.inputs, ...batch.targets])
      }
    })
  })
})

describe('the order of an epoch', () => {
  const hundred = { train: { x: { data: Float32Array.from({ length: 100 }, (_, sample) => sample), shape: [100, 1] }, y: Float32Array.from({ length: 100 }, (_, sample) => -sample) } }

  it('is a permutation by seed and epoch, and what was trained on can be left out', async () => {
    await cpu().activate(tf)
    await withSets(hundred, async ({ train }) => {
      const request = { batchSize: 32, epoch: 3, shuffleSeed: 7 }
      const batches = await epochOf(train, request)
      expect(batches.map(({ size }) => size)).toEqual([32, 32, 32, 4])
      for (const { inputs, targets, indices } of batches) {
        expect(inputs[0]).toEqual(indices)
        expect(targets[0]!.map((value) => -value)).toEqual(indices)
      }
      expect(firstInputs(batches)).not.toEqual(firstInputs(await epochOf(train, { batchSize: 32 })))
      expect([...firstInputs(batches)].sort((a, b) => a - b)).toEqual([...hundred.train.x.data])
      expect(await epochOf(train, request)).toEqual(batches)
      expect(await epochOf(train, { ...request, epoch: 4 })).not.toEqual(batches)
      expect(await epochOf(train, { ...request, shuffleSeed: 8 })).not.toEqual(batches)
      expect(await epochOf(train, { ...request, skip: 2 })).toEqual(batches.slice(2))
      expect(await epochOf(train, { ...request, skip: 9 })).toEqual([])
      expect(firstInputs(await epochOf(train, { ...request, batchSize: 7 }))).toEqual(firstInputs(batches))
    })
  })

  it('leaves nothing behind when it is broken off', async () => {
    await withSets(hundred, async ({ train }) => {
      for await (const { inputs, targets } of train.batches({ batchSize: 8, epoch: 1, shuffleSeed: 1, skip: 0 })) {
        tf.dispose([...inputs, ...targets])
        break
      }
    })
  })
})

describe('several inputs and outputs', () => {
  const named: TrainingData = { train: { x: { image: x, age: [7, 8, 9] }, y: { kind: [0, 1, 0], price: { data: [1, 1, 2, 2, 3, 3], shape: [3, 2] } } } }

  it('come by name, and positions are found by name', async () => {
    await withSets(named, async ({ train }) => {
      expect(train).toMatchObject({ inputNames: ['image', 'age'], targetNames: ['kind', 'price'], inputShapes: [[2], [1]] })
      expect(train.targets.map(({ shape, largest }) => [shape, largest])).toEqual([[[1], 1], [[2], 3]])
      expect((await epochOf(train))[1]).toMatchObject({ inputs: [[5, 6], [9]], targets: [[0], [3, 3]] })
    })
    expect(positionsFor(['age', 'image'], ['image', 'age'], 2, 'data.train.x')).toEqual([1, 0])
    expect(positionsFor(['age'], ['image', 'age'], 2, 'data.train.x')).toEqual([1])
    expect(positionsFor(['a', 'b'], undefined, 2, 'data.train.x')).toEqual([0, 1])
    expect(() => positionsFor(['aeg'], ['image', 'age'], 2, 'data.train.x')).toThrow(/data\.train\.x has no "aeg", which the model wants; there are image, age/)
    expect(() => positionsFor(['kind'], ['kind', 'price'], 2, 'data.train.y')).toThrow(/data\.train\.y has "price", for which the model has no output/)
    expect(() => positionsFor(['a', 'b'], undefined, 1, 'data.train.x')).toThrow(/data\.train\.x has 1 array, the model 2: give one for each/)
  })

  it('come as lists', async () => {
    await withSets({ train: { x: [x, Float32Array.of(7, 8, 9)], y: [[0, 1, 0], [1, 2, 3]] } }, async ({ train }) => {
      expect(train).toMatchObject({ inputNames: undefined, inputShapes: [[2], [1]] })
      expect((await epochOf(train))[0]).toMatchObject({ inputs: [[1, 2, 3, 4], [7, 8]], targets: [[0, 1], [1, 2]] })
    })
  })

  it('may have their names in another order in the validation data', async () => {
    await withSets({ ...named, validation: { x: { age: [1], image: { data: [1, 2], shape: [1, 2] } }, y: { price: { data: [1, 2], shape: [1, 2] }, kind: [1] } } }, async ({ validation }) => {
      expect(validation?.inputNames).toEqual(['age', 'image'])
    })
  })
})

describe('a split', () => {
  const samples = 103
  const classes = Uint8Array.from({ length: samples }, (_, sample) => (sample % 10 === 0 ? 2 : sample % 3 === 0 ? 1 : 0))
  const train = { x: { data: Float32Array.from({ length: samples }, (_, sample) => sample), shape: [samples, 1] }, y: classes }

  async function split(validation: TrainingData['validation'], set: TrainingData['train'] = train): Promise<{ readonly kept: number[]; readonly held: number[] }> {
    let result = { kept: [] as number[], held: [] as number[] }
    await withSets({ train: set, validation: validation! }, async (sets) => {
      expect([sets.train.samples, sets.validation?.name]).toEqual([samples - sets.validation!.samples!, 'data.validation'])
      result = { kept: firstInputs(await epochOf(sets.train, { shuffleSeed: 5 })), held: firstInputs(await epochOf(sets.validation!)) }
      expect((await epochOf(sets.validation!)).flatMap(({ indices }) => indices)).toEqual(result.held.map((_, position) => position))
    })
    return { kept: result.kept.sort((a, b) => a - b), held: result.held }
  }

  it('is the same for the same seed, disjoint and whole', async () => {
    const first = await split({ split: 0.2 })
    expect(first.held).toHaveLength(21)
    expect([...first.kept, ...first.held].sort((a, b) => a - b)).toEqual([...train.x.data])
    expect(await split({ split: 0.2, seed: 0 })).toEqual(first)
    expect((await split({ split: 0.2, seed: 1 })).held).not.toEqual(first.held)
    expect(await split({ split: 0.2 }, { x: mine(tf.tensor(train.x.data, [samples, 1])), y: mine(tf.tensor1d(classes)) })).toEqual(first)
  })

  it.each([
    ['class indices', train, true as const],
    ['one-hot rows', { x: train.x, y: { data: [...classes].flatMap((label) => [0, 1, 2].map((each) => Number(each === label))), shape: [samples, 3] } }, true as const],
    ['a named target', { x: train.x, y: { other: new Float32Array(samples), kind: classes } }, 'kind'],
    ['a numbered target', { x: train.x, y: [new Float32Array(samples), classes] }, 1],
  ])('keeps the share of each class by %s', async (_name, set, stratify) => {
    const { held, kept } = await split({ split: 0.3, seed: 4, stratify }, set)
    expect(held).toHaveLength(31)
    expect([...kept, ...held].sort((a, b) => a - b)).toEqual([...train.x.data])
    for (const label of [0, 1, 2]) {
      const all = classes.filter((each) => each === label).length
      expect(Math.abs(held.filter((sample) => classes[sample] === label).length - 0.3 * all)).toBeLessThan(1)
    }
  })

  it.each([
    ['all', { split: 1 }, /share between 0 and 1, got 1/],
    ['a count', { split: 20 }, /share between 0 and 1, got 20/],
    ['too few', { split: 0.001 }, /of 103 samples would hold back 0/],
    ['a broken seed', { split: 0.2, seed: -1 }, /seed of data\.validation\.split must be a whole number/],
    ['an unknown target', { split: 0.2, stratify: 'kind' }, /stratify is "kind": name one of the 1 targets/],
  ])('refuses %s', async (_name, validation, message) => {
    await expect(prepareSets(tf, { train, validation })).rejects.toMatchObject({ code: 'TFJS_DATA', message: expect.stringMatching(message) })
  })

  it('refuses to stratify by what is no class, by one of several targets unnamed, and to split a stream', async () => {
    const y = Float32Array.from({ length: samples }, (_, sample) => sample / 7)
    await expect(prepareSets(tf, { train: { x: train.x, y }, validation: { split: 0.2, stratify: true } })).rejects.toThrow(/103 classes among 103 samples: leave stratify out/)
    await expect(prepareSets(tf, { train: { x: train.x, y: { a: y, b: y } }, validation: { split: 0.2, stratify: true } })).rejects.toThrow(/name one of the 2 targets, a, b/)
    await expect(prepareSets(tf, { train: { samples: [] }, validation: { split: 0.2 } })).rejects.toThrow(/a stream cannot be split/)
  })
})

describe('prepareSets', () => {
  const y = [1, 2, 3]
  const broken: [string, unknown, RegExp][] = [
    ['no training data', {}, /data\.train is missing/],
    ['no inputs', { train: { y: [1] } }, /data\.train\.x is missing/],
    ['no targets', { train: { x } }, /data\.train\.y is missing/],
    ['something else', { train: { x: 'pixels', y: [1] } }, /data\.train\.x is neither a tensor nor \{ data, shape \}/],
    ['an object without arrays', { train: { x: {}, y: [1] } }, /data\.train\.x is an object without arrays/],
    ['an array that is none, by its name', { train: { x: { age: null }, y: [1] } }, /data\.train\.x\.age is neither a tensor/],
    ['strings', { train: { x: { data: ['a', 'b'], shape: [2, 1] }, y: [1, 2] } }, /data\.train\.x holds "a" at position 0: give numbers/],
    ['nothing', { train: { x: { data: [], shape: [0, 2] }, y: [] } }, /data\.train\.x is empty: it has no samples/],
    ['no targets in the list', { train: { x, y: [] } }, /data\.train\.y is empty/],
    ['samples without numbers', { train: { x: { data: [], shape: [3, 0] }, y } }, /data\.train\.x has shape \[3, 0\]: a sample has no numbers/],
    ['a shape that does not fit', { train: { x: { data: [1, 2, 3], shape: [2, 2] }, y: [1, 2] } }, /has 3 numbers, its shape \[2, 2\] needs 4/],
    ['no shape', { train: { x: { data: [1], shape: [] }, y: [1] } }, /no sizes in its shape/],
    ['a fraction as size', { train: { x: { data: [1, 2, 3], shape: [1.5, 2] }, y: [1, 2] } }, /sizes are whole numbers/],
    ['more inputs than targets', { train: { x, y: [1, 2] } }, /data\.train has 3 samples in x and 2 in y/],
    ['rows as inputs', { train: { x: [[1, 2], [3, 4], [5, 6]], y: [1] } }, /has 2 samples in x\[0\] and 1 in y\. A list as x is an array for each input; .* \{ data: rows\.flat\(\), shape: \[rows, columns\] \}/],
    ['inputs of different length', { train: { x: { image: x, age: [1, 2] }, y } }, /data\.train has 3 samples in x\.image and 2 in x\.age/],
    ['NaN', { train: { x: { data: [1, 2, 3, NaN, 5, 6], shape: [3, 2] }, y } }, /data\.train\.x holds NaN in sample 1/],
    ['Infinity in the second target', { train: { x, y: [y, [1, 2, -Infinity]] } }, /data\.train\.y\[1\] holds -Infinity in sample 2/],
    ['what is too large for a float', { train: { x, y: Float64Array.of(1, 1e300, 1) } }, /data\.train\.y holds Infinity in sample 1/],
    ['other features in validation', { train: { x, y }, validation: { x: { data: [1, 2, 3], shape: [1, 3] }, y: [1] } }, /data\.train\.x has shape \[2\], one of data\.validation\.x \[3\]/],
    ['other targets in validation', { train: { x, y }, validation: { x, y: { data: [1, 2, 3, 4, 5, 6], shape: [3, 2] } } }, /data\.train\.y has shape \[1\], one of data\.validation\.y \[2\]/],
    ['other names in validation', { train: { x: { a: x }, y }, validation: { x: { b: x }, y } }, /data\.train\.x has "a", data\.validation\.x has not/],
    ['fewer arrays in validation', { train: { x: [x, x], y }, validation: { x, y } }, /data\.train\.x has 2 arrays, data\.validation\.x 1 array/],
    ['empty validation', { train: { x, y }, validation: { x: { data: [], shape: [0, 2] }, y: [] } }, /data\.validation\.x is empty/],
    ['big integers', { train: { x, y: BigInt64Array.of(1n, 2n, 3n) } }, /data\.train\.y is neither/],
    ['a stream of it does not say what', { train: tf.data.array([{ xs: 1, ys: 2 }]) }, /data\.train is a stream, and does not say of what/],
  ]

  it.each(broken)('refuses %s and leaves nothing behind', async (_name, data, message) => {
    const before = tf.memory().numTensors
    await expect(prepareSets(tf, data as TrainingData)).rejects.toMatchObject({ code: 'TFJS_DATA', message: expect.stringMatching(message) })
    expect(tf.memory().numTensors).toBe(before)
  })

  it('refuses tensors that are gone, of strings, or of one number', async () => {
    const gone = tf.zeros([3, 2])
    gone.dispose()
    await expect(prepareSets(tf, { train: { x: gone, y } })).rejects.toThrow(/data\.train\.x is a tensor that was disposed of/)
    await expect(prepareSets(tf, { train: { x: mine(tf.tensor2d([['a'], ['b'], ['c']])), y } })).rejects.toThrow(/tensor of string/)
    await expect(prepareSets(tf, { train: { x: mine(tf.scalar(1)), y: [1] } })).rejects.toThrow(/is a single number/)
  })
})
