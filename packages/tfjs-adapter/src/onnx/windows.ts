import type { AttributeValue } from '@attune/onnx-format'
import type { LayerScope } from './layer-scope.ts'
import type { Value } from './value.ts'

/** Where a convolution or pooling looks; one number for each spatial axis. */
export interface Windows {
  readonly size: readonly number[]
  readonly strides: readonly number[]
  readonly dilations: readonly number[]
}

/** Strides and padding as ONNX's attributes. `input` has its channels second. */
export function windowAttributes(scope: LayerScope, input: Value, { size, strides, dilations }: Windows): Record<string, AttributeValue> {
  const fixed = { kernel_shape: { ints: size }, strides: { ints: strides } }
  const padding = scope.config.text('padding', 'valid')
  if (padding === 'valid') return fixed
  if (padding !== 'same') throw scope.error(`its padding is "${padding}"`, 'Use "same" or "valid"')
  if (size.length === 3 && size.some((length, axis) => length < (strides[axis] as number))) throw scope.error('its strides are longer than its windows and its padding is "same", where TensorFlow.js looks a cell too far in three dimensions', 'Use "valid", or shorter strides')
  const lengths = input.layout.slice(2).map((axis) => input.shape[axis] as number | null)
  const pads = lengths.map((length, axis) => samePads(length, size[axis] as number, strides[axis] as number, dilations[axis] as number))
  if (!pads.includes(undefined)) {
    // Written out where they are known, because ONNX Runtime refuses auto_pad for dilated windows.
    return { ...fixed, pads: { ints: [...pads.map((pair) => (pair as Pads)[0]), ...pads.map((pair) => (pair as Pads)[1])] } }
  }
  if (scope.layer.getClassName().includes('Pooling') && size.some((length, axis) => length < (strides[axis] as number))) throw scope.error('its strides are longer than its windows, its padding is "same", and the size of its input is left open', 'Fix the size of the input, use "valid", or shorter strides')
  return { ...fixed, auto_pad: { string: 'SAME_UPPER' } }
}

type Pads = readonly [number, number]

/** TensorFlow's rule: ⌈length / stride⌉ outputs, the odd cell of padding at the end. */
function samePads(length: number | null, size: number, stride: number, dilation: number): Pads | undefined {
  if (size === 1) return [0, 0]
  if (length === null && stride !== 1) return undefined
  const reach = (size - 1) * dilation
  const total = length === null ? reach : Math.max(0, (Math.ceil(length / stride) - 1) * stride + reach + 1 - length)
  return [Math.floor(total / 2), Math.ceil(total / 2)]
}
