import * as tf from '@tensorflow/tfjs'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { packModel, toModelFiles } from '../format/model-file.ts'
import type { SymbolicTensor } from '../tensorflow.ts'
import { BaseCopies, type Base } from './base-model.ts'
import { transferModel, type Head, type TransferModel } from './transfer-model.ts'

const softmax: Head<unknown> = (features) => tf.layers.dense({ units: 5, activation: 'softmax' }).apply(features)

function makeBase(): tf.LayersModel {
  return tf.sequential({ layers: [tf.layers.dense({ name: 'stem', units: 4, inputShape: [3], activation: 'relu' }), tf.layers.dense({ name: 'body', units: 6 }), tf.layers.dense({ name: 'old', units: 2 })] })
}

const makeNamed = (): tf.LayersModel => tf.sequential({ name: 'within', layers: [tf.layers.dense({ units: 4, inputShape: [3] })] })

const values = (model: tf.LayersModel): number[][] => model.weights.map((weight) => [...weight.read().dataSync()])

let base: tf.LayersModel
let before: number

async function headed(head: Head<unknown> = softmax, output?: string, from: Base = base): Promise<TransferModel> {
  return transferModel(tf, await new BaseCopies(tf, from).copy(), output, head, {}, 3)
}

beforeAll(async () => {
  await tf.setBackend('cpu')
  base = makeBase()
  before = tf.memory().numTensors
})

afterEach(() => {
  const left = tf.memory().numTensors - before
  if (left !== 0) throw new Error(`${left} tensors more than before.`)
})

describe('a base', () => {
  it('may be a model, compiled or not, bytes, files, or a function of these: copies are alike, and the model stays the user’s', async () => {
    const bytes = await packModel(tf, base)
    const compiled = makeBase()
    compiled.compile({ optimizer: 'sgd', loss: 'meanSquaredError' })
    const forms: Base[] = [base, bytes, toModelFiles(bytes), () => bytes, async () => toModelFiles(bytes)]
    for (const form of forms) {
      const copy = await new BaseCopies(tf, form).copy()
      expect(values(copy)).toEqual(values(base))
      copy.dispose()
    }
    const copy = await new BaseCopies(tf, compiled).copy()
    expect([values(copy), copy.optimizer]).toEqual([values(compiled), undefined])
    copy.dispose()
    compiled.dispose()
    expect(base.weights.every((weight) => !weight.read().isDisposed)).toBe(true)
  })

  it('is asked for once, and again only after it could not be had; what a function returns is disposed of', async () => {
    let asked = 0
    let model: tf.LayersModel | undefined
    const copies = new BaseCopies(tf, () => {
      if (++asked === 1) throw new Error('the network is down')
      return (model = makeBase())
    })
    await expect(copies.copy()).rejects.toThrow('the network is down')
    for (let i = 0; i < 3; i++) (await copies.copy()).dispose()
    expect(asked).toBe(2)
    expect(() => model!.weights[0]!.read()).toThrow(/already disposed/)
  })

  it('is refused when it is something else', async () => {
    const gone = makeBase()
    gone.dispose()
    await expect(new BaseCopies(tf, gone).copy()).rejects.toMatchObject({ code: 'TFJS_MODEL', message: expect.stringMatching(/base has been disposed of/) })
    await expect(new BaseCopies(tf, 'model.json' as unknown as Base).copy()).rejects.toMatchObject({ code: 'TFJS_MODEL' })
    await expect(new BaseCopies(tf, Uint8Array.of(1, 2, 3)).copy()).rejects.toMatchObject({ code: 'TFJS_FORMAT' })
    await expect(new BaseCopies(tf, { 'model.json': '{', 'weights.bin': new Uint8Array(4) }).copy()).rejects.toMatchObject({ code: 'TFJS_FORMAT' })
  })
})

describe('a head', () => {
  it('stands on the base’s output, or on a named layer, and the layers after that are left out', async () => {
    const whole = await headed()
    expect(whole.model.layers.slice(-4).map(({ name }) => name.replace(/\d+$/, ''))).toEqual(['stem', 'body', 'old', 'dense_Dense'])
    whole.dispose()
    const cut = await headed(softmax, 'body')
    expect(cut.baseLayers.map(({ name }) => name)).toEqual(['stem', 'body'])
    expect(cut.model.outputs[0]!.shape).toEqual([null, 5])
    expect(cut.model.weights).toHaveLength(6)
    cut.dispose()
    const input = tf.input({ shape: [3] })
    const around = tf.model({ inputs: input, outputs: tf.layers.dense({ units: 2 }).apply(makeNamed().apply(input)) as SymbolicTensor })
    const onModel = await headed(softmax, 'within', around)
    expect(onModel.baseLayers.map(({ name }) => name)).toEqual(['within'])
    expect(onModel.model.weights).toHaveLength(4)
    onModel.dispose()
    tf.dispose(around.weights.map((weight) => weight.read()))
  })

  it('has the same initial weights for the same seed, and names of its own where the base has the names of tfjs', async () => {
    const numbered = tf.sequential({ layers: [tf.layers.dense({ units: 4, inputShape: [3] })] })
    // A base from another process, whose names this process has yet to give.
    const next = Number(/\d+$/.exec(numbered.layers[0]!.name)![0]) + 2
    const foreign = tf.sequential({ layers: [tf.layers.dense({ name: `dense_Dense${next}`, units: 4, inputShape: [3] })] })
    before = tf.memory().numTensors
    const models: number[][][] = []
    for (let i = 0; i < 3; i++) {
      const { model, dispose } = await headed(softmax, undefined, foreign)
      expect(new Set(model.layers.map(({ name }) => name)).size).toBe(model.layers.length)
      models.push(values(model))
      dispose()
    }
    expect(models[1]).toEqual(models[0])
    expect(models[2]).toEqual(models[0])
    tf.dispose([...numbered.weights, ...foreign.weights].map((weight) => weight.read()))
    before = tf.memory().numTensors
  })

  it('trains layers that were saved as frozen', async () => {
    const frozen = makeBase()
    for (const layer of frozen.layers) layer.trainable = false
    const { model, dispose } = await headed(softmax, undefined, frozen)
    expect(model.trainableWeights).toHaveLength(8)
    dispose()
    const outer = tf.sequential({ layers: [frozen, tf.layers.dense({ units: 4 })] })
    const nested = await headed(softmax, undefined, outer)
    expect(nested.model.trainableWeights).toHaveLength(10)
    nested.dispose()
    tf.dispose(outer.weights.map((weight) => weight.read()))
  })

  it('needs of several inputs those that lead to its features', async () => {
    const [left, right] = [tf.input({ name: 'left', shape: [3] }), tf.input({ name: 'right', shape: [2] })]
    const own = tf.layers.dense({ name: 'own', units: 4 }).apply(left) as SymbolicTensor
    const both = tf.model({ inputs: [left, right], outputs: tf.layers.concatenate().apply([own, right]) as SymbolicTensor })
    const whole = await headed(softmax, undefined, both)
    expect(whole.model.inputNames).toEqual(['left', 'right'])
    whole.dispose()
    const cut = await headed(softmax, 'own', both)
    expect(cut.model.inputNames).toEqual(['left'])
    cut.dispose()
    both.dispose()
  })

  it('that uses layers from elsewhere is refused, and they stay as they are', async () => {
    const own = tf.sequential({ layers: [tf.layers.dense({ name: 'adapter', units: 2, inputShape: [6] })] })
    const old = [values(base), values(own)]
    for (const layer of [base.layers[2]!, own]) await expect(headed((features) => layer.apply(features) as SymbolicTensor, 'body')).rejects.toMatchObject({ code: 'TFJS_MODEL', message: expect.stringMatching(/uses layer "\w+", which was made before/) })
    expect([values(base), values(own)]).toEqual(old)
    tf.dispose(own.weights.map((weight) => weight.read()))
  })

  it.each<[string, Head<unknown>, string | undefined, { readonly code?: string; readonly message: unknown }]>([
    ['ignores the features', () => softmax(tf.input({ shape: [3] }), {}, tf), undefined, { code: 'TFJS_MODEL', message: expect.stringMatching(/ignores the features/) }],
    ['has an input of its own', (features) => tf.layers.concatenate().apply([features, tf.input({ shape: [2] })]), undefined, { code: 'TFJS_MODEL', message: expect.stringMatching(/input of its own/) }],
    ['returns nothing', () => undefined as unknown as SymbolicTensor, undefined, { code: 'TFJS_MODEL', message: expect.stringMatching(/returned no output/) }],
    ['is asynchronous', (async (features: SymbolicTensor) => { softmax(features, {}, tf); throw new Error('nobody waits for this') }) as unknown as Head<unknown>, undefined, { code: 'TFJS_MODEL', message: expect.stringMatching(/is asynchronous: it has to return its output at once/) }],
    ['returns a layer', () => tf.layers.dense({ units: 2 }) as unknown as SymbolicTensor, undefined, { code: 'TFJS_MODEL', message: expect.stringMatching(/returned no output/) }],
    ['returns nothing of what it made', (features) => void softmax(features, {}, tf) as unknown as SymbolicTensor, undefined, { code: 'TFJS_MODEL', message: expect.stringMatching(/returned no output/) }],
    ['has a name that the base has', (features) => tf.layers.dense({ name: 'body', units: 2 }).apply(features), undefined, { code: 'TFJS_MODEL', message: expect.stringMatching(/names a layer "body", as the base does/) }],
    ['stands on a layer that is not there', softmax, 'neck', { code: 'TFJS_OPTION', message: expect.stringMatching(/no layer of that name; there are stem_input, stem, body, old/) }],
    ['fails half-way', (features) => { softmax(features, {}, tf); throw new Error('half-way') }, undefined, { message: 'half-way' }],
  ])('that %s is refused', async (_what, head, output, error) => {
    await expect(headed(head, output)).rejects.toMatchObject(error)
  })
})
