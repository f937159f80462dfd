import type { AttributeValue } from '@attune/onnx-format'
import { activate } from '../activations.ts'
import { fieldOf } from '../layer-config.ts'
import type { LayerScope, LayerWriter } from '../layer-scope.ts'
import { channelsSecond, type Shape, type Value } from '../value.ts'
import { reshaped, transposed, type Weight } from '../weight.ts'
import { windowAttributes, type Windows } from '../windows.ts'

/** In one, two or three dimensions. */
export const convolution: LayerWriter = async (scope, [input], [shape]) => {
  if (scope.layer.getClassName() === 'Conv1D' && dataFormat(scope) === 'channelsFirst') throw scope.error('TensorFlow.js puts the channels of its output last although its dataFormat is "channelsFirst"', 'Use "channelsLast"')
  const kernel = await scope.requiredWeight('kernel')
  const from = channelsIn(scope, input)
  const inputs = [from.name, scope.constant('kernel', () => outputsFirst(kernel)), ...(await bias(scope))]
  return finish(scope, scope.node('Conv', inputs, convolutionAttributes(scope, from, 'dilationRate')), shape)
}

export const depthwiseConvolution: LayerWriter = async (scope, [input], [shape]) => {
  const kernel = await scope.requiredWeight('depthwise_kernel')
  const from = channelsIn(scope, input)
  const inputs = [from.name, scope.constant('depthwise_kernel', () => onePerGroup(kernel)), ...(await bias(scope))]
  // TensorFlow.js takes a dilationRate for this layer and ignores it.
  const attributes = { ...convolutionAttributes(scope, from, undefined), group: { int: kernel.dims[2] as number } }
  return finish(scope, scope.node('Conv', inputs, attributes), shape)
}

export const separableConvolution: LayerWriter = async (scope, [input], [shape]) => {
  const offsets = await bias(scope)
  if (dataFormat(scope) === 'channelsFirst' && (offsets.length > 0 || scope.activation.endsWith('oftmax'))) throw scope.error('TensorFlow.js adds its bias, and takes a softmax, over the wrong axis when its dataFormat is "channelsFirst"', 'Use "channelsLast", or useBias: false')
  const depthwise = await scope.requiredWeight('depthwise_kernel')
  const pointwise = await scope.requiredWeight('pointwise_kernel')
  const from = channelsIn(scope, input)
  const attributes = { ...convolutionAttributes(scope, from, 'dilationRate'), group: { int: depthwise.dims[2] as number } }
  const each = scope.node('Conv', [from.name, scope.constant('depthwise_kernel', () => onePerGroup(depthwise))], attributes)
  const mixed = scope.node('Conv', [each, scope.constant('pointwise_kernel', () => outputsFirst(pointwise)), ...offsets], { kernel_shape: { ints: [1, 1] } })
  return finish(scope, mixed, shape)
}

/** The gradient of a convolution, as TensorFlow.js defines its output's size: length · stride, and for "valid" what the kernel reaches beyond the stride. */
export const transposedConvolution: LayerWriter = async (scope, [input], [shape]) => {
  const kernel = await scope.requiredWeight('kernel')
  const from = channelsIn(scope, input)
  const { size, strides } = windowsOf(scope, from, undefined)
  const same = scope.config.text('padding', 'valid') === 'same'
  if (same && size.length === 3 && size.some((length, axis) => length < (strides[axis] as number))) throw scope.error('its strides are longer than its kernel and its padding is "same", where TensorFlow.js looks a cell too far in three dimensions', 'Use "valid", or shorter strides')
  const beyond = size.map((length, axis) => length - (strides[axis] as number))
  const cut = beyond.map((length) => (same ? Math.max(length, 0) : 0))
  const name = scope.node('ConvTranspose', [from.name, scope.constant('kernel', () => outputsFirst(kernel)), ...(await bias(scope))], {
    kernel_shape: { ints: size },
    strides: { ints: strides },
    pads: { ints: [...cut.map((total) => Math.floor(total / 2)), ...cut.map((total) => Math.ceil(total / 2))] },
    output_padding: { ints: beyond.map((length) => Math.max(-length, 0)) },
  })
  return finish(scope, name, shape)
}

export function dataFormat(scope: LayerScope): string {
  // Not out of the settings: Conv1D leaves it out of them.
  return fieldOf(scope.layer, 'dataFormat') === 'channelsFirst' ? 'channelsFirst' : 'channelsLast'
}

export function channelsIn(scope: LayerScope, input: Value): Value {
  return scope.arranged(input, channelsSecond(input.shape.length, dataFormat(scope)))
}

function finish(scope: LayerScope, name: string, shape: Shape): Value {
  return activate(scope, scope.activation, { name, shape, layout: channelsSecond(shape.length, dataFormat(scope)), type: 'float32' })
}

function windowsOf(scope: LayerScope, from: Value, dilation: string | undefined): Windows {
  const rank = from.shape.length - 2
  return { size: scope.config.numbers('kernelSize', rank, 1), strides: scope.config.numbers('strides', rank, 1), dilations: dilation === undefined ? Array.from({ length: rank }, () => 1) : scope.config.numbers(dilation, rank, 1) }
}

export function convolutionAttributes(scope: LayerScope, from: Value, dilation: string | undefined): Record<string, AttributeValue> {
  const windows = windowsOf(scope, from, dilation)
  return { ...windowAttributes(scope, from, windows), dilations: { ints: windows.dilations } }
}

async function bias(scope: LayerScope): Promise<readonly string[]> {
  const weight = await scope.weight('bias')
  return weight === undefined ? [] : [scope.constant('bias', () => weight)]
}

/** [...space, inputs, outputs] to [outputs, inputs, ...space]. */
export function outputsFirst(kernel: Weight): Weight {
  const rank = kernel.dims.length
  return transposed(kernel, [rank - 1, rank - 2, ...Array.from({ length: rank - 2 }, (_, axis) => axis)])
}

/** [rows, columns, inputs, multiplier] to [inputs · multiplier, 1, rows, columns]. */
function onePerGroup(kernel: Weight): Weight {
  const [rows, columns, inputs, multiplier] = kernel.dims as [number, number, number, number]
  return reshaped(transposed(kernel, [2, 3, 0, 1]), [inputs * multiplier, 1, rows, columns])
}
