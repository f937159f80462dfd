import * as tf from '@tensorflow/tfjs'
import { beforeAll, describe, expect, it } from 'vitest'
import { cpu } from './backends/cpu.ts'
import { logitsOf } from './logits.ts'
import { tfjsPredictor } from './predictor.ts'
import type { LayersModel } from './tensorflow.ts'

beforeAll(() => cpu().activate(tf))

const seeded = (seed: number): ReturnType<typeof tf.initializers.randomNormal> => tf.initializers.randomNormal({ seed, stddev: 0.5 })
const { dense, activation, softmax } = tf.layers

/** The same network four times: with its softmax in the last layer, after it, as a layer of its own, and in a model within the model. */
const endings: { readonly [ending: string]: () => LayersModel } = {
  'an activation of the last layer': () => tf.sequential({ layers: [dense({ units: 3, inputShape: [2], kernelInitializer: seeded(1), activation: 'softmax' })] }),
  'an activation layer': () => tf.sequential({ layers: [dense({ units: 3, inputShape: [2], kernelInitializer: seeded(1) }), activation({ activation: 'softmax' })] }),
  'a softmax layer': () => tf.sequential({ layers: [dense({ units: 3, inputShape: [2], kernelInitializer: seeded(1) }), softmax()] }),
  'a model within the model': () => tf.sequential({ layers: [tf.sequential({ layers: [dense({ units: 3, inputShape: [2], kernelInitializer: seeded(1), activation: 'softmax' })] })] }),
}
const rows = { data: Float32Array.from([1, 2, -1, 0.5, 3, -2]), shape: [3, 2] }

function plainLogits(): Float32Array {
  const plain = tf.sequential({ layers: [dense({ units: 3, inputShape: [2], kernelInitializer: seeded(1) })] })
  const answer = tf.tidy(() => (plain.predict(tf.tensor(rows.data, [3, 2])) as tf.Tensor).dataSync() as Float32Array)
  plain.dispose()
  return answer
}

describe('tfjsPredictor', () => {
  for (const [ending, build] of Object.entries(endings)) {
    it(`answers logits where the softmax is ${ending}, and leaves the model and memory as they were`, async () => {
      const expected = plainLogits()
      const model = build()
      const own = tf.tidy(() => Array.from((model.predict(tf.tensor(rows.data, [3, 2])) as tf.Tensor).dataSync()))
      const before = tf.memory().numTensors
      expect(await tfjsPredictor(tf, model, { batchSize: 2 }).predict(rows)).toEqual({ data: expected, shape: [3, 3] })
      expect(tf.memory().numTensors).toBe(before)
      expect(tf.tidy(() => Array.from((model.predict(tf.tensor(rows.data, [3, 2])) as tf.Tensor).dataSync()))).toEqual(own)
      model.dispose()
    })
  }

  it('takes the softmax of the very output that is asked for, where a model within the model has several', async () => {
    const input = tf.input({ shape: [2] })
    const [plain, sure] = [dense({ units: 2 }), dense({ units: 3, kernelInitializer: seeded(1), activation: 'softmax' })].map((layer) => layer.apply(input) as tf.SymbolicTensor)
    const inner = tf.model({ inputs: input, outputs: [plain!, sure!] })
    const outer = tf.input({ shape: [2] })
    const model = tf.model({ inputs: outer, outputs: (inner.apply(outer) as tf.SymbolicTensor[])[1]! })
    expect((await tfjsPredictor(tf, model).predict(rows)).data).toEqual(plainLogits())
    model.dispose()
  })

  it('answers what the model answers if that has no softmax', async () => {
    const model = tf.sequential({ layers: [dense({ units: 3, inputShape: [2], kernelInitializer: seeded(1) })] })
    expect((await tfjsPredictor(tf, model).predict(rows)).data).toEqual(plainLogits())
    expect(logitsOf(tf, model).softmax).toBe(false)
    model.dispose()
  })

  it('puts the softmax back when the prediction fails', () => {
    const model = endings['an activation of the last layer']!()
    expect(() => logitsOf(tf, model).run(() => { throw new Error('mid-way') })).toThrow('mid-way')
    expect(tf.tidy(() => tf.sum(model.predict(tf.ones([1, 2])) as tf.Tensor).dataSync()[0])).toBeCloseTo(1, 6)
    model.dispose()
  })

  it('ends when it is told to, refuses rows of another shape, and models with several inputs or outputs', async () => {
    const model = endings['a softmax layer']!()
    const predictor = tfjsPredictor(tf, model, { id: 'teacher' })
    await expect(predictor.predict(rows, { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough')
    await expect(predictor.predict({ data: rows.data, shape: [2, 3] })).rejects.toMatchObject({ code: 'TFJS_DATA', message: 'The model "teacher" takes rows of shape [2], got 6 numbers with the shape [2, 3].' })
    expect(() => tfjsPredictor(tf, model, { batchsize: 8 } as never)).toThrow('tfjsPredictor has no option "batchsize". Did you mean "batchSize"?')
    expect(() => tfjsPredictor(tf, model, { batchSize: 0 })).toThrow('batchSize must be a whole number of at least 1, got 0.')
    const [left, right] = [tf.input({ shape: [2] }), tf.input({ shape: [2] })]
    const two = tf.model({ inputs: [left, right], outputs: [tf.layers.add().apply([left, right]) as tf.SymbolicTensor, left] })
    expect(() => tfjsPredictor(tf, two)).toThrow(/one input; the model ".*" has 2/)
    expect(() => logitsOf(tf, two)).toThrow('Logits are those of one output; the model has 2.')
    two.dispose()
    model.dispose()
  })
})
