import { readFileSync } from 'node:fs'
import * as tf from '@tensorflow/tfjs'
import { beforeAll, describe, expect, it } from 'vitest'
import { apply, chain, layers, on } from './export.test-support.ts'
import { exportOnnx } from './index.ts'
import { layerWriters } from './layer-writers.ts'
import { layerModels } from './layers.test-support.ts'
import { unsupportedLayers } from './unsupported-layers.ts'

beforeAll(() => tf.setBackend('cpu'))

/** Whatever `tf.layers` makes, with its classes found out by making one of each. */
function classesOfTensorFlow(): Map<string, string> {
  const needs: { readonly [factory: string]: object } = {
    rnn: { cell: layers.gruCell({ units: 2 }) }, stackedRNNCells: { cells: [] }, bidirectional: { layer: layers.gru({ units: 2 }), mergeMode: 'concat' }, timeDistributed: { layer: layers.dense({ units: 2 }) },
  }
  const all = { units: 2, filters: 2, kernelSize: 2, poolSize: 2, axes: 1, rate: 0.5, stddev: 1, targetShape: [2], dims: [1], n: 2, inputDim: 2, outputDim: 2, cropping: 1, height: 2, width: 2, scale: 1, numTokens: 2, factor: 0.1, activation: 'relu', inputShape: [2] }
  const classes = new Map<string, string>()
  for (const [factory, make] of Object.entries(layers)) {
    if (/^[A-Z]|^input$/.test(factory) || typeof make !== 'function') continue // the classes Layer, RNN, RNNCell, and tf.input
    classes.set(factory, (make as (options: object) => tf.layers.Layer)({ ...all, ...needs[factory] }).getClassName())
  }
  return classes
}

describe('every layer of TensorFlow.js', () => {
  const classes = classesOfTensorFlow()

  it('is exported and compared, or refused with a reason', () => {
    expect(classes.size).toBeGreaterThan(70)
    const decided = new Set(['InputLayer', ...Object.keys(layerWriters), ...Object.keys(unsupportedLayers)])
    expect([...new Set(classes.values())].filter((name) => !decided.has(name))).toEqual([])
    expect(Object.keys(layerWriters).filter((name) => layerModels[name] === undefined)).toEqual([])
    expect(Object.keys(unsupportedLayers).filter((name) => layerWriters[name] !== undefined)).toEqual([])
  })

  it('has its row in the guide', () => {
    const guide = readFileSync(new URL('../../../../docs/exporting-to-onnx.md', import.meta.url), 'utf8')
    const rows = guide.split('\n').filter((line) => line.startsWith('| `'))
    expect([...classes.keys()].filter((factory) => !rows.some((row) => row.split('|')[1]!.includes(`\`${factory}\``)))).toEqual([])
    const named = rows.flatMap((row) => [...row.split('|')[1]!.matchAll(/`(\w+)`/g)].map(([, factory]) => factory!))
    expect(named.filter((factory, index) => (factory !== 'inputLayer' && !classes.has(factory)) || named.indexOf(factory) !== index)).toEqual(['maskZero', 'embedding'])
    for (const [factory, className] of classes) {
      const row = rows.find((line) => line.split('|')[1]!.includes(`\`${factory}\``))!
      expect(row.split('|')[2]!.trim().startsWith('no'), `${factory}: ${row}`).toBe(unsupportedLayers[className] !== undefined)
    }
  })
})

describe('a layer that has no form', () => {
  const tokens = (): tf.layers.Layer => layers.embedding({ inputDim: 4, outputDim: 3, inputLength: 4, maskZero: true, name: 'tokens' })
  const refused: [string, () => tf.LayersModel, RegExp][] = [
    ['a stateful layer', () => chain(layers.lstm({ units: 2, stateful: true, batchInputShape: [1, 4, 3], name: 'memory' })), /Layer "memory" \(LSTM\) .* it is stateful.*stateful: false/],
    ['images of open size in a recurrent convolution', () => chain(layers.convLstm2d({ filters: 2, kernelSize: 2, inputShape: [3, null, 4, 1], name: 'film' })), /\(ConvLSTM2DCell\) .* size of its images is left open\. Fix it/],
    ['another axis', () => chain(layers.batchNormalization({ axis: 1, inputShape: [4, 4, 4], name: 'norm' })), /Layer "norm" .* normalises axis 1/],
    ['a one-dimensional convolution with channels first', () => chain(layers.conv1d({ filters: 2, kernelSize: 2, dataFormat: 'channelsFirst', inputShape: [3, 8], name: 'line' } as unknown as Parameters<typeof layers.conv1d>[0])), /Layer "line" .* puts the channels of its output last/],
    ['a separable convolution with channels first and a bias', () => chain(layers.separableConv2d({ filters: 2, kernelSize: 2, dataFormat: 'channelsFirst', inputShape: [3, 8, 8], name: 'apart' })), /Layer "apart" .* adds its bias/],
    ['strides longer than windows in three dimensions', () => chain(layers.conv3d({ filters: 2, kernelSize: 1, strides: 2, padding: 'same', inputShape: [4, 4, 4, 1], name: 'volume' })), /Layer "volume" .* TensorFlow\.js looks a cell too far/],
    ['the same transposed', () => chain(layers.conv3dTranspose({ filters: 2, kernelSize: 1, strides: 2, padding: 'same', inputShape: [4, 4, 4, 1], name: 'volume' })), /Layer "volume" .* TensorFlow\.js looks a cell too far/],
    ['pooling with longer strides than windows on any size', () => chain(layers.maxPooling2d({ poolSize: 2, strides: 3, padding: 'same', inputShape: [null, null, 1], name: 'pool' })), /Layer "pool" .* size of its input is left open\. Fix the size/],
    ['whole numbers where floats belong', () => { const input = tf.input({ shape: [3], dtype: 'int32' }); return tf.model({ inputs: input, outputs: apply(layers.dense({ units: 2, name: 'sums' }), input) }) }, /Layer "sums" .* given int32, and float32 is supported\. Declare the inputs as float32/],
    ['whole numbers joined with floats', () => { const inputs = [tf.input({ shape: [3], dtype: 'int32' }), tf.input({ shape: [3] })]; return tf.model({ inputs, outputs: apply(layers.concatenate({ name: 'joined' }), ...inputs) }) }, /Layer "joined" .* given int32 and float32, and one type/],
    ['text', () => { const input = tf.input({ shape: [3], dtype: 'string', name: 'words' }); return tf.model({ inputs: input, outputs: apply(layers.reLU(), input) }) }, /Layer "words" \(InputLayer\) .* takes string/],
    ['a layer inside another', () => on([2, 4, 4, 1], layers.timeDistributed({ layer: layers.centerCrop({ height: 2, width: 2, name: 'middle' }) })), /Layer "middle" \(CenterCrop\)/],
    ['a mask that TensorFlow.js keeps after it ended', () => chain(tokens(), layers.lstm({ units: 2 }), layers.repeatVector({ n: 3 }), layers.gru({ units: 2, name: 'decoder' })), /Layer "decoder" \(GRU\) .* the mask of layer "tokens" \(Embedding\) although its input has none\. Build "tokens" without a mask/],
    ['a mask for a softmax', () => chain(tokens(), layers.softmax({ axis: -1, name: 'weights' })), /Layer "weights" \(Softmax\) .* the mask of layer "tokens"/],
    ['a mask for a model within', () => chain(tokens(), on([4, 3], layers.lstm({ units: 2, name: 'inner' }))), /Layer "inner" \(LSTM\) .* the mask of layer "tokens"/],
    ['a mask beside initial states', () => { const inputs = [tf.input({ shape: [4], dtype: 'int32' }), tf.input({ shape: [2] })]; return tf.model({ inputs, outputs: apply(layers.gru({ units: 2, name: 'memory' }), apply(tokens(), inputs[0]!), inputs[1]!) }) }, /Layer "memory" .* hands its initial states on/],
    ['merged masks', () => { const input = tf.input({ shape: [4], dtype: 'int32' }); return tf.model({ inputs: input, outputs: apply(layers.lstm({ units: 2 }), apply(layers.add(), apply(tokens(), input), apply(layers.embedding({ inputDim: 4, outputDim: 3 }), input))) }) }, /\(LSTMCell\) .* masked in a way that TensorFlow\.js cannot compute/],
  ]
  it.each(refused)('is named, and what to do: %s', async (_name, build, message) => {
    const model = build()
    await expect(exportOnnx(tf, model)).rejects.toThrow(message)
    await expect(exportOnnx(tf, model)).rejects.toMatchObject({ code: 'TFJS_EXPORT', details: { layer: expect.any(String) as string, className: expect.any(String) as string } })
    model.dispose()
  })

  it('of a class of the user\'s own is named with those that there are', async () => {
    class Doubling extends tf.layers.Layer {
      static readonly className = 'Doubling'
      override call(inputs: tf.Tensor[]): tf.Tensor {
        return tf.mul(inputs[0]!, 2)
      }
    }
    const model = on([2], new Doubling({ name: 'twice' }))
    await expect(exportOnnx(tf, model)).rejects.toThrow(/Layer "twice" \(Doubling\) cannot be exported to ONNX: there is no ONNX form for a layer of this class here\. Build it of layers that have one: Dense, Conv1D/)
  })
})
