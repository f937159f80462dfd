import { isAttuneError } from '@attune/core'
import * as tf from '@tensorflow/tfjs'
import { beforeAll, describe, expect, it } from 'vitest'
import { cpu, loadCheckpoint, loadModel, toModelFiles } from '../index.ts'
import { buildConvnet, buildDense, convnetTrainer, run, trialOf } from '../training.test-support.ts'
import { readCheckpoint } from './checkpoint-file.ts'
import { crc32 } from './crc32.ts'
import { readPackedFile, writePackedFile, type PackedFile } from './packed-file.ts'

const file: PackedFile = { kind: 'model', header: { modelTopology: { a: 1 }, lowest: -Infinity }, weightSpecs: [{ name: 'w', shape: [2], dtype: 'float32' }, { name: 'b', shape: [], dtype: 'bool' }], weightData: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 1).buffer }
const refused = expect.objectContaining({ code: 'TFJS_FORMAT' })

/** What of a file is taken although a byte of it was flipped (its position), or it was cut (the length that was left). */
function takenAfterDamage(bytes: Uint8Array, read: (bytes: Uint8Array) => unknown): string[] {
  const taken = (damaged: Uint8Array): boolean => {
    try {
      read(damaged)
      return true
    } catch (error) {
      if (isAttuneError(error, 'TFJS_FORMAT')) return false
      throw error
    }
  }
  const damaged = Uint8Array.from(bytes)
  const found: string[] = []
  for (let at = 0; at < bytes.length; at++) {
    damaged[at]! ^= 1 << at % 8
    if (taken(damaged)) found.push(`flipped at ${at}`)
    damaged[at] = bytes[at]!
    if (taken(bytes.subarray(0, at))) found.push(`cut to ${at}`)
  }
  return found
}

/** Changes a header and makes the checksum right again. */
function forged(header: unknown, weightData = file.weightData): Uint8Array {
  const json = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header))
  const bytes = new Uint8Array([...new TextEncoder().encode('ATTUNETF'), 1, 0, 0, 0, 0, 0, 0, 0, ...json, ...new Uint8Array(weightData), 0, 0, 0, 0])
  const view = new DataView(bytes.buffer)
  view.setUint32(12, json.length, true)
  view.setUint32(bytes.length - 4, crc32(bytes.subarray(0, -4)), true)
  return bytes
}

describe('crc32', () => {
  it('gives the published check value', () => expect(crc32(new TextEncoder().encode('123456789'))).toBe(0xcbf43926))
})

describe('packed files', () => {
  it('round-trip, numbers that JSON lacks included, at any offset of a buffer', () => {
    const bytes = writePackedFile(file)
    const shifted = new Uint8Array(bytes.length + 3)
    shifted.set(bytes, 3)
    for (const source of [bytes, shifted.subarray(3)]) {
      const read = readPackedFile(source, 'model')
      expect(read.header).toMatchObject(file.header)
      expect(read.weightSpecs).toEqual(file.weightSpecs)
      expect(new Uint8Array(read.weightData)).toEqual(new Uint8Array(file.weightData))
    }
  })

  it('are refused when any byte is cut or changed', () => {
    const bytes = writePackedFile(file)
    for (let index = 0; index < bytes.length; index++) {
      expect(() => readPackedFile(bytes.subarray(0, index), 'model')).toThrow(refused)
      expect(() => readPackedFile(Uint8Array.from(bytes, (byte, at) => (at === index ? byte ^ 1 : byte)), 'model')).toThrow(refused)
    }
  })

  it('say what is wrong', () => {
    const bytes = writePackedFile(file)
    const newer = Uint8Array.from(bytes)
    newer[8] = 2
    expect(() => readPackedFile(newer, 'model')).toThrow(/format version 2 and this package knows up to 1: update @attune\/tfjs-adapter/)
    expect(() => readPackedFile(bytes, 'checkpoint')).toThrow(/Not a checkpoint that can be read: it is a "model"/)
    expect(() => readPackedFile(new Uint8Array(40), 'model')).toThrow(/do not begin with ATTUNETF/)
    expect(() => readPackedFile(forged('{"a":'), 'model')).toThrow(/header is no JSON/)
  })

  it.each([
    ['no list of weights', { kind: 'model' }],
    ['a negative size', { kind: 'model', weightSpecs: [{ name: 'w', shape: [-2], dtype: 'float32' }] }],
    ['an unknown type', { kind: 'model', weightSpecs: [{ name: 'w', shape: [9], dtype: 'constructor' }] }],
    ['weights that are not there', { kind: 'model', weightSpecs: [{ name: 'w', shape: [2 ** 40], dtype: 'float32' }] }],
    ['a hole', { kind: 'model', weightSpecs: [null] }],
    ['a list', []],
    ['a key that names a prototype', '{"__proto__":{},"kind":"model"}'],
  ])('refuse a header with %s', (_name, header) => {
    expect(() => readPackedFile(forged(header), 'model')).toThrow(refused)
  })

  it('refuse a header that is longer than the file', () => {
    const bytes = Uint8Array.from(writePackedFile(file))
    const view = new DataView(bytes.buffer)
    view.setUint32(12, 0xffffffff, true)
    view.setUint32(bytes.length - 4, crc32(bytes.subarray(0, -4)), true)
    expect(() => readPackedFile(bytes, 'model')).toThrow(/header is longer/)
  })
})

describe('models and checkpoints', () => {
  const trainer = convnetTrainer({ backend: cpu(), epochs: 3, restoreBest: { metric: 'loss', direction: 'maximize' } })
  let checkpoint: Uint8Array
  let model: Uint8Array
  let held: number

  beforeAll(async () => {
    await cpu().activate(tf)
    const { artifact } = await run(trainer, trialOf({ learningRate: 0.01 }), async (report) => (checkpoint = await report.checkpoint!()))
    model = await artifact!.bytes()
    await trainer.release?.()
    held = tf.memory().numTensors
  })

  it('come back as models that tfjs itself reads', async () => {
    const files = toModelFiles(model)
    const json = JSON.parse(files['model.json']) as tf.io.ModelJSON
    expect(json.weightsManifest[0]?.paths).toEqual(['weights.bin'])
    const artifacts = { modelTopology: json.modelTopology, weightSpecs: json.weightsManifest[0]!.weights, weightData: Uint8Array.from(files['weights.bin']).buffer }
    const [own, theirs] = [await loadModel(tf, model), await tf.loadLayersModel(tf.io.fromMemory(artifacts))]
    const x = tf.ones([2, 6, 6, 1])
    const [left, right] = [own.predict(x), theirs.predict(x)] as [tf.Tensor, tf.Tensor]
    expect([...right.dataSync()]).toEqual([...left.dataSync()])
    tf.dispose([x, left, right])
    own.dispose()
    theirs.dispose()
  })

  it('P14: a checkpoint or model of TensorFlow.js of which any byte is flipped, or that is cut anywhere, is refused', () => {
    expect(takenAfterDamage(checkpoint, (bytes) => readCheckpoint(tf, bytes))).toEqual([])
    expect(takenAfterDamage(model, (bytes) => readPackedFile(bytes, 'model'))).toEqual([])
  })

  it('P14, broken twin: a reader of checkpoints that does not look at the checksum is found out', () => {
    const careless = (bytes: Uint8Array): unknown => {
      const mended = Uint8Array.from(bytes)
      if (mended.length >= 20) new DataView(mended.buffer).setUint32(mended.length - 4, crc32(mended.subarray(0, -4)), true)
      return readPackedFile(mended, 'checkpoint')
    }
    expect(takenAfterDamage(checkpoint, careless).length).toBeGreaterThan(100)
  })

  it('give the weights of the last or of the best epoch', async () => {
    const best = await loadModel(tf, model)
    const rebuilt = buildConvnet()
    const weights = (of: tf.LayersModel): number[][] => of.getWeights().map((weight) => [...weight.dataSync()])
    expect(loadCheckpoint(tf, rebuilt, checkpoint, 'best')).toEqual({ step: 1 })
    expect(weights(rebuilt)).toEqual(weights(best))
    expect(loadCheckpoint(tf, rebuilt, checkpoint)).toEqual({ step: 3 })
    expect(weights(rebuilt)).not.toEqual(weights(best))
    best.dispose()
    rebuilt.dispose()
  })

  it('are models too, if they are checkpoints of one', async () => {
    const [last, best, own] = [await loadModel(tf, checkpoint), await loadModel(tf, checkpoint, 'best'), await loadModel(tf, model)]
    const values = (of: tf.LayersModel): number[][] => of.getWeights().map((weight) => [...weight.dataSync()])
    expect(values(best)).toEqual(values(own))
    expect(values(last)).not.toEqual(values(own))
    for (const one of [last, best, own]) one.dispose()
  })

  it('are refused by a model of another shape and by the wrong reader', async () => {
    const other = buildDense()
    expect(() => loadCheckpoint(tf, other, checkpoint)).toThrow(expect.objectContaining({ code: 'TFJS_CHECKPOINT' }))
    other.dispose()
    expect(() => readCheckpoint(tf, model)).toThrow(refused)
    await expect(loadModel(tf, writePackedFile({ ...file, header: {} }))).rejects.toThrow(/has no topology/)
    await expect(loadModel(tf, writePackedFile(file))).rejects.toThrow(/TensorFlow\.js refuses its topology/)
  })

  const whole = {
    step: 1, seed: 1, batchSize: 4, position: { epochsDone: 1, batches: 0, samples: 0, steps: 3 }, weights: [], optimizer: { id: 'sgd', steps: {}, slots: [] },
    schedule: null, meter: { samples: 0, sums: {} }, stopping: null, best: null, kept: [], modelTopology: null,
  }

  it('can be a checkpoint without anything in it', () => {
    expect(readCheckpoint(tf, forged({ kind: 'checkpoint', weightSpecs: [], ...whole }, new ArrayBuffer(0)))).toMatchObject({ step: 1, position: { steps: 3 } })
  })

  it.each([
    ['no fields', {}],
    ['a fraction as step', { ...whole, step: 0.5 }],
    ['too few weights', { ...whole, weights: [{ key: '0/kernel', name: 'dense/kernel' }] }],
    ['no optimiser', { ...whole, optimizer: null }],
    ['a list for a record', { ...whole, meter: [] }],
    ['a text for a number', { ...whole, stopping: { best: '3', waited: 0 } }],
    ['best weights that are not there', { ...whole, weights: [{ key: 'a', name: null }], best: { metric: 'loss', step: 1, value: 2, weights: true } }],
  ])('refuse a checkpoint with %s', (_name, header) => {
    expect(() => readCheckpoint(tf, forged({ kind: 'checkpoint', weightSpecs: [], ...header }, new ArrayBuffer(0)))).toThrow(refused)
  })

  it('leave no tensors behind, neither read nor refused', () => {
    expect(tf.memory().numTensors).toBe(held)
  })
})
