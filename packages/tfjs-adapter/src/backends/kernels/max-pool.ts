import type { MaxPool3DAttrs, MaxPool3DGradAttrs, MaxPoolGradAttrs, NamedTensorInfoMap, TensorInfo } from '@tensorflow/tfjs'
import type { TensorFlow } from '../../tensorflow.ts'
import type { WasmMemory } from './wasm-memory.ts'
import { eachMeeting, imageWindows, volumeWindows, type Windows } from './windows.ts'

// tfjs-backend-wasm 4.22 looks for a window's maximum from the smallest positive number on (numeric_limits<float>::min()): where all
// of a window is negative, its MaxPool3D gives that number, and its gradients lose what came from above.

type Shape4D = [number, number, number, number]
type Shape5D = [number, number, number, number, number]

export function maxPoolGrad(tf: TensorFlow, memory: WasmMemory, inputs: NamedTensorInfoMap, { filterSize, strides, pad, dimRoundingMode }: MaxPoolGradAttrs): TensorInfo {
  const { dy, input } = inputs as { readonly dy: TensorInfo; readonly input: TensorInfo }
  return gradient(memory, imageWindows(tf.backend_util.computePool2DInfo(input.shape as Shape4D, filterSize, strides, 1, pad, dimRoundingMode)), input, dy, 'first')
}

export function maxPool3DGrad(tf: TensorFlow, memory: WasmMemory, inputs: NamedTensorInfoMap, { filterSize, strides, pad, dimRoundingMode }: MaxPool3DGradAttrs): TensorInfo {
  const { dy, input } = inputs as { readonly dy: TensorInfo; readonly input: TensorInfo }
  return gradient(memory, volumeWindows(tf.backend_util.computePool3DInfo(input.shape as Shape5D, filterSize, strides, 1, pad, dimRoundingMode)), input, dy, 'last')
}

export function maxPool3D(tf: TensorFlow, memory: WasmMemory, inputs: NamedTensorInfoMap, { filterSize, strides, pad, dimRoundingMode }: MaxPool3DAttrs): TensorInfo {
  const { x } = inputs as { readonly x: TensorInfo }
  const info = tf.backend_util.computePool3DInfo(x.shape as Shape5D, filterSize, strides, 1, pad, dimRoundingMode)
  const output = memory.makeOutput(info.outShape, x.dtype)
  memory.typedArrayFromHeap(output).set(maxima(volumeWindows(info), memory.typedArrayFromHeap(x), 'last').values)
  return output
}

/** Which of several equal maxima counts. */
type Choice = 'first' | 'last'

/** Each window's gradient goes to one maximum, as on cpu: the first in images, the last in volumes. Where there is none, it is lost. */
function gradient(memory: WasmMemory, windows: Windows, input: TensorInfo, dy: TensorInfo, choice: Choice): TensorInfo {
  const output = memory.makeOutput([...input.shape], 'float32')
  const [upstream, result] = [memory.typedArrayFromHeap(dy), memory.typedArrayFromHeap(output)]
  const { places } = maxima(windows, memory.typedArrayFromHeap(input), choice)
  const sums = new Float64Array(result.length)
  for (let window = 0; window < places.length; window++) {
    const place = places[window] as number
    if (place >= 0) sums[place]! += upstream[window] as number
  }
  result.set(sums)
  return output
}

/** The maximum of every window and channel, and where in the input it is: -1 where all is NaN, or -Infinity of images. */
function maxima(windows: Windows, input: ArrayLike<number>, choice: Choice): { readonly values: Float32Array; readonly places: Int32Array } {
  const { batchSize, inChannels, output } = windows
  const length = batchSize * output[0] * output[1] * output[2] * inChannels
  const values = new Float32Array(length).fill(-Infinity)
  const places = new Int32Array(length).fill(-1)
  const last = choice === 'last'
  eachMeeting(windows, (inputCell, outputCell) => {
    let from = inputCell * inChannels
    let to = outputCell * inChannels
    for (let channel = 0; channel < inChannels; channel++, from++, to++) {
      const value = input[from] as number
      const most = values[to] as number
      if (value > most || (last && value === most)) {
        values[to] = value
        places[to] = from
      }
    }
  })
  return { values, places }
}
