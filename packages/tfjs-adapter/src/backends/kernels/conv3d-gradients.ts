import type { Conv3DBackpropFilterV2Attrs, Conv3DBackpropInputV2Attrs, NamedTensorInfoMap, TensorInfo } from '@tensorflow/tfjs'
import type { TensorFlow } from '../../tensorflow.ts'
import type { WasmMemory } from './wasm-memory.ts'
import { eachMeeting, volumeWindows } from './windows.ts'

// Those of tfjs-backend-wasm 4.22 are wrong where a batch has more than one sample or a stride leaves cells out. NDHWC.

type Shape5D = [number, number, number, number, number]

export function conv3dBackpropFilter(tf: TensorFlow, memory: WasmMemory, inputs: NamedTensorInfoMap, { filterShape, strides, pad }: Conv3DBackpropFilterV2Attrs): TensorInfo {
  const { x, dy } = inputs as { readonly x: TensorInfo; readonly dy: TensorInfo }
  const windows = volumeWindows(tf.backend_util.computeConv3DInfo(x.shape as Shape5D, filterShape, strides, 1, pad))
  const { inChannels, outChannels } = windows
  const output = memory.makeOutput([...filterShape], 'float32')
  const [input, gradient, result] = [memory.typedArrayFromHeap(x), memory.typedArrayFromHeap(dy), memory.typedArrayFromHeap(output)]
  const sums = new Float64Array(result.length)
  eachMeeting(windows, (inputCell, outputCell, filterCell) => {
    let sum = filterCell * inChannels * outChannels
    for (let channel = 0; channel < inChannels; channel++) {
      const value = input[inputCell * inChannels + channel] as number
      for (let upstream = outputCell * outChannels; upstream < (outputCell + 1) * outChannels; upstream++) sums[sum++]! += value * (gradient[upstream] as number)
    }
  })
  result.set(sums)
  return output
}

export function conv3dBackpropInput(tf: TensorFlow, memory: WasmMemory, inputs: NamedTensorInfoMap, { inputShape, strides, pad }: Conv3DBackpropInputV2Attrs): TensorInfo {
  const { dy, filter } = inputs as { readonly dy: TensorInfo; readonly filter: TensorInfo }
  const windows = volumeWindows(tf.backend_util.computeConv3DInfo(inputShape, filter.shape as Shape5D, strides, 1, pad))
  const { inChannels, outChannels } = windows
  const output = memory.makeOutput([...inputShape], 'float32')
  const [gradient, weights, result] = [memory.typedArrayFromHeap(dy), memory.typedArrayFromHeap(filter), memory.typedArrayFromHeap(output)]
  const sums = new Float64Array(result.length)
  eachMeeting(windows, (inputCell, outputCell, filterCell) => {
    let weight = filterCell * inChannels * outChannels
    for (let channel = 0; channel < inChannels; channel++) {
      let value = 0
      for (let upstream = outputCell * outChannels; upstream < (outputCell + 1) * outChannels; upstream++) value += (gradient[upstream] as number) * (weights[weight++] as number)
      sums[inputCell * inChannels + channel]! += value
    }
  })
  result.set(sums)
  return output
}
