import type { Layer } from '../tensorflow.ts'
import { exportError } from './export-error.ts'
import { fieldOf } from './layer-config.ts'
import type { Mask, Value } from './value.ts'

/** Layers whose output is masked as their first input is. All others drop the mask, as TensorFlow.js does. */
const handOn: ReadonlySet<string> = new Set(['Dense', 'Activation', 'ReLU', 'PReLU', 'Dropout', 'SpatialDropout1D', 'GaussianNoise', 'GaussianDropout', 'AlphaDropout', 'BatchNormalization', 'LayerNormalization', 'TimeDistributed'])
const merges: ReadonlySet<string> = new Set(['Add', 'Multiply', 'Average', 'Maximum', 'Minimum', 'Concatenate'])
const recurrent: ReadonlySet<string> = new Set(['SimpleRNN', 'LSTM', 'GRU', 'RNN', 'ConvLSTM2D', 'Bidirectional'])

/** The layers of a model that make masks, wherever they are in it. */
export function masksIn(layers: readonly Layer[]): readonly Layer[] {
  return layers.flatMap((layer) => {
    const inner = [fieldOf(layer, 'layers'), fieldOf(layer, 'layer')].flat().filter((part) => part !== undefined) as Layer[]
    const makes = layer.getClassName() === 'Masking' || fieldOf(layer, 'maskZero') === true
    return [...(makes ? [layer] : []), ...masksIn(inner)]
  })
}

/**
 * Refuses layers that would be given another mask here than in TensorFlow.js, which, once it has met a mask, goes on handing
 * it to layers whose inputs have none.
 */
export function checkMask(layer: Layer, inputs: readonly Value[], makers: readonly Layer[]): void {
  const maker = makers[0]
  if (maker === undefined) return
  const className = layer.getClassName()
  const takes = className === 'TimeDistributed' ? takesMask(fieldOf(layer, 'layer') as Layer) : takesMask(layer)
  if (!takes) return
  if (recurrent.has(className) && inputs.length > 1) throw exportError(layer, 'TensorFlow.js hands its initial states on to the layers behind it in a model that masks', `Build "${maker.name}" without a mask`)
  if (recurrent.has(className) && inputs[0]?.mask !== undefined) return
  throw exportError(layer, `TensorFlow.js hands it the mask of layer "${maker.name}" (${maker.getClassName()}) although its input has none`, `Build "${maker.name}" without a mask, or let only recurrent layers follow it that its mask is meant for`)
}

function takesMask(layer: Layer): boolean {
  return recurrent.has(layer.getClassName()) || layer.getClassName() === 'Softmax' || Array.isArray(fieldOf(layer, 'layers')) || layer.getClassName() === 'TimeDistributed'
}

/** The mask of a layer's outputs; those that make one have set it themselves. */
export function maskAfter(layer: Layer, inputs: readonly Value[], output: Value): Mask | undefined {
  const className = layer.getClassName()
  if (className === 'Masking' || className === 'Embedding') return output.mask
  if (merges.has(className)) return inputs.some(({ mask }) => mask !== undefined) ? { name: undefined } : undefined
  if (handOn.has(className) || (recurrent.has(className) && fieldOf(layer, 'returnSequences') === true)) return inputs[0]?.mask
  return undefined
}
