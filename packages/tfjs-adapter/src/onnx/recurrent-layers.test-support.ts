import * as tf from '@tensorflow/tfjs'
import { apply, applyMany, layers, on } from './export.test-support.ts'

type Models = { readonly [name: string]: () => tf.LayersModel }

/** By the class names of TensorFlow.js: configurations of the layers that go through sequences step by step, and of masks for them. */
export const recurrentModels: { readonly [className: string]: Models } = {
  ...Object.fromEntries((['SimpleRNN', 'LSTM', 'GRU'] as const).map((className) => [className, modelsOf({ SimpleRNN: layers.simpleRNN, LSTM: layers.lstm, GRU: layers.gru }[className], className === 'LSTM' ? 2 : 1)])),
  RNN: {
    'one cell': () => on([6, 3], layers.rnn({ cell: layers.gruCell({ units: 4 }), returnSequences: true })),
    'stacked cells': () => on([6, 3], layers.rnn({ cell: [layers.lstmCell({ units: 4 }), layers.gruCell({ units: 5 }), layers.simpleRNNCell({ units: 2 })] })),
    'stacked cells, masked': () => on([5, 3], layers.reLU(), layers.masking(), layers.rnn({ cell: [layers.lstmCell({ units: 4 }), layers.gruCell({ units: 5 })], returnSequences: true })),
    'stacked cells with states': () => { const input = tf.input({ shape: [6, 3] }); return tf.model({ inputs: input, outputs: applyMany(layers.rnn({ cell: [layers.lstmCell({ units: 4 }), layers.gruCell({ units: 5 })], returnState: true, returnSequences: true, goBackwards: true }), input) }) },
  },
  ConvLSTM2D: {
    'last image': () => on([3, 6, 5, 2], layers.convLstm2d({ filters: 3, kernelSize: 3 })),
    'same, strided, images': () => on([null, 6, 5, 2], layers.convLstm2d({ filters: 2, kernelSize: [2, 3], strides: 2, padding: 'same', returnSequences: true, activation: 'softmax' })),
    'dilated, backwards, without bias': () => on([3, 6, 7, 2], layers.convLstm2d({ filters: 2, kernelSize: 2, dilationRate: 2, goBackwards: true, useBias: false, returnSequences: true }), layers.timeDistributed({ layer: layers.globalMaxPooling2d({}) })),
    'states out': () => { const input = tf.input({ shape: [3, 5, 5, 1] }); return tf.model({ inputs: input, outputs: applyMany(layers.convLstm2d({ filters: 2, kernelSize: 2, returnState: true }), input) }) },
  },
  Bidirectional: bidirectionalModels(),
  TimeDistributed: {
    dense: () => on([4, 5], layers.timeDistributed({ layer: layers.dense({ units: 3, activation: 'softmax' }) })),
    convolution: () => on([4, 6, 5, 2], layers.timeDistributed({ layer: layers.conv2d({ filters: 3, kernelSize: 2, activation: 'relu' }) }), layers.timeDistributed({ layer: layers.flatten() })),
    'any number of steps': () => on([null, 6, 2], layers.timeDistributed({ layer: layers.lstm({ units: 3 }) })),
    'normalisation behind a recurrent layer': () => on([4, 5], layers.lstm({ units: 3, returnSequences: true }), layers.timeDistributed({ layer: layers.batchNormalization() })),
  },
  Masking: {
    'numbers of its own': () => on([8, 1], layers.reLU({ maxValue: 0.5 }), layers.masking({ maskValue: 0.5 })),
    'steps that are masked': () => on([4, 3], layers.reLU(), layers.masking(), layers.lstm({ units: 2 })),
    images: () => on([4, 3, 2], layers.masking({ maskValue: 1 })),
  },
}

function modelsOf(make: typeof layers.lstm, states: number): Models {
  return {
    'last output': () => on([6, 3], make({ units: 4 })),
    sequences: () => on([null, 3], make({ units: 4, returnSequences: true }), make({ units: 2, returnSequences: true })),
    backwards: () => on([6, 3], make({ units: 4, goBackwards: true })),
    'backwards, sequences': () => on([6, 3], make({ units: 4, goBackwards: true, returnSequences: true })),
    'without bias, other activations': () => on([6, 3], make({ units: 4, useBias: false, activation: 'relu', recurrentActivation: 'sigmoid' }), layers.reshape({ targetShape: [2, 2] }), make({ units: 3, activation: 'linear', recurrentActivation: 'softsign' })),
    'yet other activations': () => on([6, 3], make({ units: 4, activation: 'softplus', recurrentActivation: 'tanh', returnSequences: true }), make({ units: 3, activation: 'elu', recurrentActivation: 'hardSigmoid', returnSequences: true }), make({ units: 3, activation: 'hardSigmoid', recurrentActivation: 'linear' })),
    'activations that ONNX\'s operators lack': () => on([null, 3], make({ units: 4, activation: 'selu', recurrentActivation: 'softmax', returnSequences: true }), make({ units: 3, activation: 'swish', goBackwards: true, useBias: false })),
    'masked': () => on([6, 3], layers.reLU(), layers.masking(), layers.dense({ units: 4 }), make({ units: 4, returnSequences: true }), layers.dropout({ rate: 0.5 }), make({ units: 3 })),
    'masked, backwards, any length': () => {
      const input = tf.input({ shape: [null], dtype: 'int32' })
      const embedded = apply(layers.embedding({ inputDim: 6, outputDim: 3, maskZero: true }), input)
      return tf.model({ inputs: input, outputs: applyMany(make({ units: 4, returnState: true, returnSequences: true, goBackwards: true }), embedded) })
    },
    'states out': () => { const input = tf.input({ shape: [6, 3] }); return tf.model({ inputs: input, outputs: applyMany(make({ units: 4, returnState: true }), input) }) },
    'states in and out, backwards': () => {
      const inputs = [tf.input({ shape: [6, 3] }), ...Array.from({ length: states }, () => tf.input({ shape: [4] }))]
      return tf.model({ inputs, outputs: applyMany(make({ units: 4, returnState: true, returnSequences: true, goBackwards: true }), ...inputs) })
    },
  }
}

function bidirectionalModels(): Models {
  type Inner = Parameters<typeof layers.bidirectional>[0]['layer']
  const wrap = (layer: tf.layers.Layer, mergeMode: 'concat' | null = 'concat'): tf.layers.Layer => layers.bidirectional({ layer: layer as Inner, mergeMode: mergeMode as 'concat' })
  return {
    ...Object.fromEntries((['concat', 'sum', 'ave', 'mul'] as 'concat'[]).flatMap((mode) => [true, false].map((returnSequences) => [`${mode}, ${returnSequences ? 'sequences' : 'last output'}`, () => on([5, 3], wrap(layers.lstm({ units: 4, returnSequences }), mode))]))),
    'apart': () => { const input = tf.input({ shape: [5, 3] }); return tf.model({ inputs: input, outputs: applyMany(wrap(layers.gru({ units: 4, returnSequences: true }), null), input) }) },
    'of a layer that goes backwards': () => on([null, 3], wrap(layers.gru({ units: 4, returnSequences: true, goBackwards: true }))),
    'states out': () => { const input = tf.input({ shape: [5, 3] }); return tf.model({ inputs: input, outputs: applyMany(wrap(layers.lstm({ units: 4, returnState: true })), input) }) },
    'states in': () => { const inputs = [tf.input({ shape: [5, 3] }), ...Array.from({ length: 4 }, () => tf.input({ shape: [4] }))]; return tf.model({ inputs, outputs: apply(wrap(layers.lstm({ units: 4 })), ...inputs) }) },
    masked: () => on([5, 3], layers.reLU(), layers.masking(), wrap(layers.lstm({ units: 4, returnSequences: true })), wrap(layers.gru({ units: 2 }))),
    stacked: () => on([5, 3], wrap(layers.lstm({ units: 4, returnSequences: true })), wrap(layers.gru({ units: 2 }))),
  }
}
