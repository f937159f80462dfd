import * as tf from '@tensorflow/tfjs'
import { beforeAll, describe, expect, it } from 'vitest'
import { cpu } from '../backends/cpu.ts'
import type { PreparedSets } from './batch-source.ts'
import { prepareSets } from './prepare-sets.ts'
import { epochOf, firstInputs, withSets } from './sources.test-support.ts'
import type { DataSet, StreamElement } from './training-data.ts'

beforeAll(() => cpu().activate(tf))

const five: StreamElement[] = [1, 2, 3, 4, 5].map((value) => ({ xs: [value, value * 10], ys: value % 2 }))

/** Counts what becomes of the user's iterators. */
function counted(elements: readonly (() => unknown)[]): { readonly open: () => AsyncIterator<StreamElement>; begun: number; closed: number; pulled: number } {
  const seen = {
    begun: 0,
    closed: 0,
    pulled: 0,
    open(): AsyncIterator<StreamElement> {
      seen.begun++
      let next = 0
      return {
        next: async () => (next < elements.length ? (seen.pulled++, { done: false, value: elements[next++]!() as StreamElement }) : { done: true, value: undefined }),
        return: async () => (seen.closed++, { done: true, value: undefined }),
      }
    },
  }
  return seen
}

describe('a stream of samples', () => {
  function* tensors(): Generator<StreamElement> {
    for (const value of [1, 2, 3, 4, 5]) yield { xs: tf.tensor1d([value, value * 10]), ys: tf.scalar(value % 2) }
  }
  const origins: [string, DataSet][] = [
    ['a list', { samples: five }],
    ['a list of { x, y }', { samples: five.map(({ xs, ys }) => ({ x: xs, y: ys })) }],
    ['a function that returns a list', { samples: () => five }],
    ['a generator function', { samples: function* () { yield* five } }],
    ['an asynchronous generator function', { samples: async function* () { yield* five } }],
    ['a promise of an iterator', { samples: async () => five.values() }],
    ['a set of tf.data', { samples: tf.data.array(five as never[]) }],
    ['a function that makes a set of tf.data', { samples: () => tf.data.array(five as never[]) }],
    ['a zip of tf.data', { samples: tf.data.zip({ xs: tf.data.array(five.map(({ xs }) => xs as never)), ys: tf.data.array(five.map(({ ys }) => ys as never)) }) as never }],
    ['tensors, taken over', { samples: tensors }],
    ['a map of tf.data to tensors', { samples: tf.data.array(five as never[]).map((element) => { const { xs, ys } = element as unknown as { xs: number[]; ys: number }; return { xs: tf.tensor1d(xs), ys: tf.scalar(ys) } }) as never }],
    ['{ data, shape }', { samples: five.map(({ xs, ys }) => ({ xs: { data: xs, shape: [2] }, ys: Float32Array.of(ys as number) })) }],
  ]

  it.each(origins)('from %s comes in batches, every epoch anew', async (_name, train) => {
    await withSets({ train }, async (sets) => {
      expect(sets.train).toMatchObject({ samples: undefined, inputNames: undefined, inputShapes: [[2]], targets: [{ shape: [1], singleNumber: true, largest: 1, wholeNumbers: true }] })
      for (const epoch of [1, 2, 3]) {
        expect(await epochOf(sets.train, { epoch, shuffleSeed: 7 })).toEqual([
          { inputs: [[1, 10, 2, 20]], targets: [[1, 0]], size: 2, indices: undefined },
          { inputs: [[3, 30, 4, 40]], targets: [[1, 0]], size: 2, indices: undefined },
          { inputs: [[5, 50]], targets: [[1]], size: 1, indices: undefined },
        ])
        expect(sets.train.samples).toBe(5)
      }
      expect((await epochOf(sets.train, { skip: 2 })).map(({ size }) => size)).toEqual([1])
    })
  })

  it('may have names, deep lists and integers, and tells facts of each batch', async () => {
    function* named(): Generator<StreamElement> {
      for (const value of [1, 2, 3]) yield { xs: { image: [[value, 0], [0, value]], words: Int32Array.of(2 ** 24 + value, 1) }, ys: { kind: Int32Array.of(value), price: value === 2 ? 1 : tf.scalar(value / 2) } }
    }
    await withSets({ train: { samples: named } }, async ({ train }) => {
      expect(train).toMatchObject({ inputNames: ['image', 'words'], targetNames: ['kind', 'price'], inputShapes: [[2, 2], [2]] })
      const facts: unknown[] = []
      for await (const { inputs, targets, targetFacts } of train.batches({ batchSize: 2, epoch: 1, shuffleSeed: undefined, skip: 0 })) {
        expect([...inputs, ...targets].map(({ dtype }) => dtype)).toEqual(['float32', 'int32', 'float32', 'float32'])
        facts.push(targetFacts)
        tf.dispose([...inputs, ...targets])
      }
      expect(facts).toEqual([
        [{ shape: [1], singleNumber: true, largest: 2, wholeNumbers: true }, { shape: [1], singleNumber: true, largest: 1, wholeNumbers: false }],
        [{ shape: [1], singleNumber: true, largest: 3, wholeNumbers: true }, { shape: [1], singleNumber: true, largest: 1.5, wholeNumbers: false }],
      ])
    })
  })

  it('is shuffled through a buffer, by seed and epoch', async () => {
    const elements = Array.from({ length: 60 }, (_, value) => ({ xs: value, ys: -value }))
    await withSets({ train: { samples: function* () { for (const { xs, ys } of elements) yield { xs: tf.scalar(xs), ys } }, shuffleBuffer: 10 } }, async ({ train }) => {
      const request = { batchSize: 7, epoch: 2, shuffleSeed: 3 }
      const batches = await epochOf(train, request)
      const order = firstInputs(batches)
      expect(batches.flatMap(({ targets }) => targets[0])).toEqual(order.map((value) => -value))
      expect(order).not.toEqual(elements.map(({ xs }) => xs))
      expect([...order].sort((a, b) => a - b)).toEqual(elements.map(({ xs }) => xs))
      for (const [position, value] of order.entries()) expect(value - position).toBeLessThan(10)
      expect(await epochOf(train, request)).toEqual(batches)
      expect(firstInputs(await epochOf(train, { ...request, epoch: 3 }))).not.toEqual(order)
      expect(firstInputs(await epochOf(train, { ...request, shuffleSeed: 4 }))).not.toEqual(order)
      expect(await epochOf(train, { ...request, skip: 3 })).toEqual(batches.slice(3))
      expect(firstInputs(await epochOf(train, { batchSize: 7 }))).toEqual(elements.map(({ xs }) => xs))
    })
  })

  it('is begun once for its shape and once an epoch, and closed whenever it is broken off', async () => {
    const stream = counted([1, 2, 3, 4, 5].map((value) => () => ({ xs: tf.scalar(value), ys: tf.scalar(value), weight: tf.scalar(1) })))
    await withSets({ train: { samples: stream.open, shuffleBuffer: 3 } }, async ({ train }) => {
      expect(stream).toMatchObject({ begun: 1, closed: 1, pulled: 1 })
      await epochOf(train)
      expect(stream).toMatchObject({ begun: 2, closed: 1, pulled: 6 })
      for await (const { inputs, targets } of train.batches({ batchSize: 2, epoch: 2, shuffleSeed: 1, skip: 0 })) {
        tf.dispose([...inputs, ...targets])
        break
      }
      expect(stream).toMatchObject({ begun: 3, closed: 2, pulled: 10 })
      const never = train.batches({ batchSize: 2, epoch: 3, shuffleSeed: 1, skip: 0 })
      await never.return()
      expect(stream.begun).toBe(3)
    })
  })
})

describe('a stream of batches', () => {
  function* batched(): Generator<StreamElement> {
    yield { xs: tf.tensor2d([[1, 10], [2, 20]]), ys: tf.tensor1d([1, 0]) }
    yield { xs: { data: [3, 30, 4, 40, 5, 50], shape: [3, 2] }, ys: tf.tensor1d([1, 0, 1], 'int32') }
  }

  it.each<[string, DataSet, number[]]>([
    ['as they come', { batches: batched }, [2, 3]],
    ['as tf.data makes them', { batches: tf.data.array(five as never[]).batch(4) as never }, [4, 1]],
  ])('is taken %s', async (_name, train, sizes) => {
    await withSets({ train, validation: { x: { data: [1, 1], shape: [1, 2] }, y: [0] } }, async (sets) => {
      expect(sets.train).toMatchObject({ inputShapes: [[2]], targets: [{ shape: [1] }] })
      for (const epoch of [1, 2]) {
        const batches = await epochOf(sets.train, { epoch, batchSize: 1, shuffleSeed: 2 })
        expect(batches.map(({ size }) => size)).toEqual(sizes)
        expect(firstInputs(batches)).toEqual([1, 10, 2, 20, 3, 30, 4, 40, 5, 50])
        expect(batches.flatMap(({ targets }) => targets[0])).toEqual([1, 0, 1, 0, 1])
        expect(sets.train.samples).toBe(5)
      }
    })
  })
})

describe('a stream that is wrong', () => {
  const gone = tf.tidy(() => tf.scalar(1))
  gone.dispose()
  const first = { xs: [1, 2], ys: 0 }
  const one = (): StreamElement => first
  const atOnce: [string, unknown, RegExp][] = [
    ['empty', { samples: [] }, /data\.train is empty: it has no samples/],
    ['empty from a function', { samples: () => [] }, /data\.train is empty: its function must begin a new iteration each time/],
    ['no stream', { samples: 5 }, /data\.train\.samples is number: give a set of tf\.data/],
    ['nothing', { batches: null }, /data\.train\.batches is null/],
    ['a generator instead of a function', { samples: (function* () { yield first })() }, /data\.train\.samples can be read once, and every epoch reads it/],
    ['an iterator instead of a function', { samples: { next: () => ({ done: true }) } }, /data\.train\.samples can be read once/],
    ['a function that returns a number', { samples: () => 5 }, /data\.train gave number where a set of tf\.data/],
    ['of numbers', { samples: [5] }, /data\.train gave number at sample 0: give elements \{ xs, ys \}/],
    ['without inputs', { samples: [{ ys: 1 }] }, /data\.train\.x of sample 0 is missing/],
    ['without targets', { samples: [{ xs: 1 }] }, /data\.train\.y of sample 0 is missing/],
    ['of strings', { samples: [{ xs: 'word', ys: 1 }] }, /data\.train\.x of sample 0 is a string/],
    ['of lists of strings', { samples: [{ xs: ['word'], ys: 1 }] }, /data\.train\.x of sample 0 holds "word" at position 0/],
    ['of tensors of strings', { samples: () => [{ xs: tf.tensor1d(['word']), ys: 1 }] }, /data\.train\.x of sample 0 is a tensor of string/],
    ['of tensors that are gone', { samples: () => [{ xs: gone, ys: 1 }] }, /was disposed of: an element's tensors are taken over/],
    ['of ragged lists', { samples: [{ xs: [[1, 2], [3]], ys: 1 }] }, /has 3 numbers, its shape \[2, 2\] needs 4/],
    ['of NaN', { samples: [{ xs: [1, NaN], ys: 1 }] }, /data\.train\.x holds NaN in sample 0/],
    ['of NaN in a tensor', { samples: () => [{ xs: tf.tensor1d([1, NaN]), ys: 1 }] }, /data\.train\.x holds NaN in sample 0/],
    ['with a broken buffer', { samples: [first], shuffleBuffer: 0.5 }, /shuffleBuffer must be a whole number of at least 0, got 0\.5/],
    ['of batches without samples', { batches: () => [{ xs: tf.zeros([0, 2]), ys: tf.zeros([0]) }] }, /data\.train\.x is empty at sample 0: it has shape \[0, 2\]/],
    ['of batches that are numbers', { batches: [{ xs: 5, ys: 5 }] }, /data\.train\.x is a single number at sample 0: batches have samples first/],
    ['of batches of two sizes', { batches: () => [{ xs: tf.zeros([2, 2]), ys: tf.zeros([3]) }] }, /The batch at sample 0 has 2 samples in data\.train\.x and 3 in data\.train\.y/],
    ['of other features than the validation data', { samples: [{ xs: [1, 2, 3], ys: 0 }] }, /data\.train\.x has shape \[3\], one of data\.validation\.x \[2\]/],
    ['throwing when opened', { samples: () => { throw new Error('no such file') } }, /data\.train failed after 0 elements: no such file/],
  ]
  const validation = { x: { data: [1, 1], shape: [1, 2] }, y: [0] }

  it.each(atOnce)('%s is refused at once, and leaves nothing behind', async (_name, train, message) => {
    const before = tf.memory().numTensors
    await expect(prepareSets(tf, { train: train as DataSet, validation })).rejects.toMatchObject({ code: 'TFJS_DATA', message: expect.stringMatching(message) })
    expect(tf.memory().numTensors).toBe(before)
  })

  const later: [string, readonly (() => unknown)[], RegExp][] = [
    ['another shape', [one, one, one, () => ({ xs: [1, 2, 3], ys: 0 }), one], /data\.train\.x has shape \[3\] at sample 3 and \[2\] at the first/],
    ['a name more', [one, () => ({ xs: { a: [1, 2], b: 1 }, ys: 0 }), one], /data\.train\.x has data\.train\.x\.a, data\.train\.x\.b at sample 1 and had data\.train\.x at the first/],
    ['integers', [one, () => ({ xs: Int32Array.of(1, 2), ys: 0 }), one], /data\.train\.x is int32 at sample 1 and was float32 at the first/],
    ['Infinity', [one, one, () => ({ xs: [1, Infinity], ys: 0 }), one, one], /data\.train\.x holds Infinity in sample 2/],
    ['NaN in a tensor', [one, one, () => ({ xs: tf.tensor1d([1, 1]), ys: tf.scalar(NaN) }), one, one], /data\.train\.y holds NaN in sample 2/],
    ['a number instead of an element', [one, one, one, () => 7, one], /data\.train gave number at sample 3/],
  ]

  it.each(later)('%s later on is refused with the sample, and the iterator is closed', async (_name, elements, message) => {
    const before = tf.memory().numTensors
    const stream = counted(elements)
    const sets = await prepareSets(tf, { train: { samples: stream.open } })
    await expect(epochOf(sets.train)).rejects.toMatchObject({ code: 'TFJS_DATA', message: expect.stringMatching(message) })
    expect(stream.closed).toBe(2)
    expect(tf.memory().numTensors).toBe(before)
  })

  it('an iterator that throws is told with its cause', async () => {
    const cause = new Error('the disk is away')
    const sets = await prepareSets(tf, { train: { samples: async function* () {
      yield { xs: tf.scalar(1), ys: 0 }
      yield { xs: tf.scalar(2), ys: 0 }
      yield { xs: tf.scalar(3), ys: 0 }
      throw cause
    } } })
    const before = tf.memory().numTensors
    await expect(epochOf(sets.train)).rejects.toMatchObject({ code: 'TFJS_DATA', message: 'data.train failed after 3 elements: the disk is away.', cause })
    expect(tf.memory().numTensors).toBe(before)
  })

  it.each([
    ['fewer', 3, /data\.train gives 3 samples in epoch 2 and gave 5 before/],
    ['more', 7, /data\.train gives at least 6 samples in epoch 2 and gave 5 before/],
    ['none', 0, /data\.train is empty in epoch 2: its function must begin a new iteration each time/],
  ])('%s samples than in the epoch before are refused', async (_name, count, message) => {
    const before = tf.memory().numTensors
    const lengths = [5, 5, count]
    const sets: PreparedSets = await prepareSets(tf, { train: { samples: function* () { for (let left = lengths.shift()!; left > 0; left--) yield { xs: tf.scalar(1), ys: 0 } } } })
    await epochOf(sets.train)
    await expect(epochOf(sets.train, { epoch: 2 })).rejects.toMatchObject({ code: 'TFJS_DATA', message: expect.stringMatching(message) })
    expect(tf.memory().numTensors).toBe(before)
  })
})
