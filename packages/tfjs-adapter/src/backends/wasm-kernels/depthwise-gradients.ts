import type { DepthwiseConv2dNativeBackpropFilterAttrs, DepthwiseConv2dNativeBackpropInputAttrs, NamedTensorInfoMap, TensorInfo } from '@tensorflow/tfjs'
import type { TensorFlow } from '../../tensorflow.ts'
import type { WasmMemory } from './wasm-memory.ts'

/**
 * Gradients of depthwise convolutions, in JavaScript on the backend's own memory: there are few products for each number that is
 * read, so that composing them of the backend's operations would take longer. Sums are of double precision, as on cpu.
 * Everything is NHWC; a filter is [height, width, channels, multiplier].
 */
type Shape4D = [number, number, number, number]
type Attributes = Pick<DepthwiseConv2dNativeBackpropFilterAttrs, 'strides' | 'dilations' | 'pad' | 'dimRoundingMode'>

export function depthwiseBackpropFilter(tf: TensorFlow, memory: WasmMemory, inputs: NamedTensorInfoMap, attributes: DepthwiseConv2dNativeBackpropFilterAttrs): TensorInfo {
  const { x, dy } = inputs as { readonly x: TensorInfo; readonly dy: TensorInfo }
  const conv = convolution(tf, x.shape, attributes.filterShape, attributes)
  const { inChannels, outChannels, filterWidth } = conv
  const multiplier = outChannels / inChannels
  const output = memory.makeOutput([...attributes.filterShape], 'float32')
  const [input, gradient] = [memory.typedArrayFromHeap(x), memory.typedArrayFromHeap(dy)]
  const sums = new Float64Array(conv.filterHeight * filterWidth * outChannels)
  eachPair(conv, (inputCell, outputCell, row, column) => {
    let source = inputCell * inChannels
    let upstream = outputCell * outChannels
    let sum = (row * filterWidth + column) * outChannels
    for (let channel = 0; channel < inChannels; channel++) {
      const value = input[source++] as number
      for (let copy = 0; copy < multiplier; copy++) sums[sum++]! += value * (gradient[upstream++] as number)
    }
  })
  memory.typedArrayFromHeap(output).set(sums)
  return output
}

export function depthwiseBackpropInput(tf: TensorFlow, memory: WasmMemory, inputs: NamedTensorInfoMap, attributes: DepthwiseConv2dNativeBackpropInputAttrs): TensorInfo {
  const { dy, filter } = inputs as { readonly dy: TensorInfo; readonly filter: TensorInfo }
  const conv = convolution(tf, attributes.inputShape, filter.shape, attributes)
  const { inChannels, outChannels, filterWidth } = conv
  const multiplier = outChannels / inChannels
  const output = memory.makeOutput([...attributes.inputShape], 'float32')
  const [gradient, weights] = [memory.typedArrayFromHeap(dy), memory.typedArrayFromHeap(filter)]
  const sums = new Float64Array(conv.batchSize * conv.inHeight * conv.inWidth * inChannels)
  eachPair(conv, (inputCell, outputCell, row, column) => {
    let sum = inputCell * inChannels
    let upstream = outputCell * outChannels
    let weight = (row * filterWidth + column) * outChannels
    for (let channel = 0; channel < inChannels; channel++) {
      let value = 0
      for (let copy = 0; copy < multiplier; copy++) value += (gradient[upstream++] as number) * (weights[weight++] as number)
      sums[sum++]! += value
    }
  })
  memory.typedArrayFromHeap(output).set(sums)
  return output
}

type Convolution = ReturnType<TensorFlow['backend_util']['computeConv2DInfo']>

function convolution(tf: TensorFlow, inputShape: readonly number[], filterShape: readonly number[], { strides, dilations, pad, dimRoundingMode }: Attributes): Convolution {
  return tf.backend_util.computeConv2DInfo(inputShape as Shape4D, filterShape as Shape4D, strides, dilations, pad, dimRoundingMode, true)
}

/** Calls `body` for every cell of the input that a position of the filter sees from a cell of the output; cells are counted over batch, rows and columns. */
function eachPair(conv: Convolution, body: (inputCell: number, outputCell: number, row: number, column: number) => void): void {
  const { batchSize, inHeight, inWidth, outHeight, outWidth, filterHeight, filterWidth, strideHeight, strideWidth, dilationHeight, dilationWidth } = conv
  const { top, left } = conv.padInfo
  for (let sample = 0; sample < batchSize; sample++) {
    for (let outRow = 0; outRow < outHeight; outRow++) {
      for (let row = 0; row < filterHeight; row++) {
        const inRow = outRow * strideHeight + row * dilationHeight - top
        if (inRow < 0 || inRow >= inHeight) continue
        for (let outColumn = 0; outColumn < outWidth; outColumn++) {
          for (let column = 0; column < filterWidth; column++) {
            const inColumn = outColumn * strideWidth + column * dilationWidth - left
            if (inColumn < 0 || inColumn >= inWidth) continue
            body((sample * inHeight + inRow) * inWidth + inColumn, (sample * outHeight + outRow) * outWidth + outColumn, row, column)
          }
        }
      }
    }
  }
}
