import type { DepthwiseConv2dNativeBackpropFilterAttrs, DepthwiseConv2dNativeBackpropInputAttrs, NamedTensorInfoMap, TensorInfo } from '@tensorflow/tfjs'
import type { TensorFlow } from '../../tensorflow.ts'
import type { WasmMemory } from './wasm-memory.ts'
import { eachMeeting, imageWindows, type Windows } from './windows.ts'

// Gradients of depthwise convolutions, in JavaScript on the backend's own memory: there are few products for each number that is
// read, so that composing them of the backend's operations would take longer. Sums are of double precision, as on cpu.
// Everything is NHWC; a filter is [height, width, channels, multiplier].

export function depthwiseBackpropFilter(tf: TensorFlow, memory: WasmMemory, inputs: NamedTensorInfoMap, attributes: DepthwiseConv2dNativeBackpropFilterAttrs): TensorInfo {
  const { x, dy } = inputs as { readonly x: TensorInfo; readonly dy: TensorInfo }
  const windows = depthwiseWindows(tf, x.shape, attributes.filterShape, attributes)
  const { inChannels, outChannels } = windows
  const multiplier = outChannels / inChannels
  const output = memory.makeOutput([...attributes.filterShape], 'float32')
  const [input, gradient, result] = [memory.typedArrayFromHeap(x), memory.typedArrayFromHeap(dy), memory.typedArrayFromHeap(output)]
  const sums = new Float64Array(result.length)
  eachMeeting(windows, (inputCell, outputCell, filterCell) => {
    let source = inputCell * inChannels
    let upstream = outputCell * outChannels
    let sum = filterCell * outChannels
    for (let channel = 0; channel < inChannels; channel++) {
      const value = input[source++] as number
      for (let copy = 0; copy < multiplier; copy++) sums[sum++]! += value * (gradient[upstream++] as number)
    }
  })
  result.set(sums)
  return output
}

export function depthwiseBackpropInput(tf: TensorFlow, memory: WasmMemory, inputs: NamedTensorInfoMap, attributes: DepthwiseConv2dNativeBackpropInputAttrs): TensorInfo {
  const { dy, filter } = inputs as { readonly dy: TensorInfo; readonly filter: TensorInfo }
  const windows = depthwiseWindows(tf, attributes.inputShape, filter.shape, attributes)
  const { inChannels, outChannels } = windows
  const multiplier = outChannels / inChannels
  const output = memory.makeOutput([...attributes.inputShape], 'float32')
  const [gradient, weights, result] = [memory.typedArrayFromHeap(dy), memory.typedArrayFromHeap(filter), memory.typedArrayFromHeap(output)]
  const sums = new Float64Array(result.length)
  eachMeeting(windows, (inputCell, outputCell, filterCell) => {
    let sum = inputCell * inChannels
    let upstream = outputCell * outChannels
    let weight = filterCell * outChannels
    for (let channel = 0; channel < inChannels; channel++) {
      let value = 0
      for (let copy = 0; copy < multiplier; copy++) value += (gradient[upstream++] as number) * (weights[weight++] as number)
      sums[sum++]! += value
    }
  })
  result.set(sums)
  return output
}

type Shape4D = [number, number, number, number]
type Attributes = Pick<DepthwiseConv2dNativeBackpropFilterAttrs, 'strides' | 'dilations' | 'pad' | 'dimRoundingMode'>

function depthwiseWindows(tf: TensorFlow, inputShape: readonly number[], filterShape: readonly number[], { strides, dilations, pad, dimRoundingMode }: Attributes): Windows {
  return imageWindows(tf.backend_util.computeConv2DInfo(inputShape as Shape4D, filterShape as Shape4D, strides, dilations, pad, dimRoundingMode, true))
}
