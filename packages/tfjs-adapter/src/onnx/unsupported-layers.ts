/** Layers of TensorFlow.js that are refused: why, and what to do instead. */
export const unsupportedLayers: { readonly [className: string]: { readonly problem: string; readonly remedy: string } } = {
  Resizing: { problem: 'TensorFlow.js computes a wrong output shape for it, without the batch', remedy: 'Resize images before the model, or use upSampling2d' },
  CategoryEncoding: { problem: 'TensorFlow.js overwrites the shape of its input with that of its output', remedy: 'Encode categories before the model, or use an embedding' },
  CenterCrop: { problem: 'TensorFlow.js crops by sampling, off by one cell in some sizes, and enlarges small images', remedy: 'Use cropping2D' },
  RandomWidth: { problem: 'it draws another width at every call, predictions included', remedy: 'Augment the training data before the model' },
  SimpleRNNCell: { problem: 'it is a cell, one step of a recurrent layer', remedy: 'Use simpleRNN, or rnn({ cell })' },
  LSTMCell: { problem: 'it is a cell, one step of a recurrent layer', remedy: 'Use lstm, or rnn({ cell })' },
  GRUCell: { problem: 'it is a cell, one step of a recurrent layer', remedy: 'Use gru, or rnn({ cell })' },
  ConvLSTM2DCell: { problem: 'it is a cell, one step of a recurrent layer', remedy: 'Use convLstm2d' },
  StackedRNNCells: { problem: 'it is a cell, one step of a recurrent layer', remedy: 'Use rnn({ cell })' },
}
