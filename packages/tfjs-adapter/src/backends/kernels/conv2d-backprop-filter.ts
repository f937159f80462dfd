import type { Conv2DBackpropFilterAttrs, NamedTensorInfoMap, Tensor4D } from '@tensorflow/tfjs'
import { tfjsError } from '../../error.ts'
import type { Tensor, TensorFlow } from '../../tensorflow.ts'

/**
 * How many products are added in one chain of single precision before another chain starts; the chains are added at the end.
 * The error of a chain grows with the root of its length: with this one it stays near 1e-6 of the largest gradient.
 */
const CHAIN = 3072

/**
 * The gradient of a convolution's kernel is a convolution again: channels become the batch, the batch becomes the channels,
 * and the output's gradient is the kernel, dilated by the stride. So one kernel that the backend has does all the work.
 */
export function conv2dBackpropFilter(tf: TensorFlow, inputs: NamedTensorInfoMap, attributes: Conv2DBackpropFilterAttrs): Tensor {
  // At run time kernels get tensors; wrapping them again would leak one a call.
  const { x, dy } = inputs as { readonly x: Tensor4D; readonly dy: Tensor4D }
  const { filterShape, strides, pad, dimRoundingMode, dataFormat } = attributes
  if (dataFormat !== 'NHWC') throw tfjsError('TFJS_KERNEL', 'Convolutions train on wasm with dataFormat "channelsLast" only.')
  // tfjs-backend-wasm leaves the result of a convolution over nothing as it found the memory.
  if (dy.size === 0) return tf.zeros(filterShape)
  return tf.tidy(() => {
    const { batchSize, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels, filterHeight, filterWidth, strideHeight, strideWidth, padInfo } =
      tf.backend_util.computeConv2DInfo(x.shape, filterShape, strides, 1, pad, dimRoundingMode, false, 'channelsLast')
    // What the kernel saw of the input: more than it where it is padded, less where a stride leaves a rest.
    const height = (outHeight - 1) * strideHeight + filterHeight
    const width = (outWidth - 1) * strideWidth + filterWidth
    const [below, beside] = [height - inHeight - padInfo.top, width - inWidth - padInfo.left]
    const cropped = below < 0 || beside < 0 ? tf.slice(x, [0, 0, 0, 0], [batchSize, inHeight + Math.min(0, below), inWidth + Math.min(0, beside), inChannels]) : x
    const padded = tf.pad(tf.transpose(cropped, [3, 1, 2, 0]), [[0, 0], [padInfo.top, Math.max(0, below)], [padInfo.left, Math.max(0, beside)], [0, 0]])
    const seen = tf.reshape(padded, [inChannels, height, width * batchSize])
    const gradient = tf.transpose(dy, [1, 2, 0, 3])

    const rowsAtOnce = Math.max(1, Math.floor(CHAIN / (outWidth * batchSize)))
    const sums: Tensor4D[] = []
    for (let row = 0; row < outHeight; row += rowsAtOnce) {
      const rows = Math.min(rowsAtOnce, outHeight - row)
      const inputRows = (rows - 1) * strideHeight + filterHeight
      const input = tf.reshape(tf.slice(seen, [0, row * strideHeight, 0], [inChannels, inputRows, width * batchSize]), [inChannels, inputRows, width, batchSize])
      const kernel = tf.slice(gradient, [row, 0, 0, 0], [rows, outWidth, batchSize, outChannels])
      sums.push(tf.conv2d(input as Tensor4D, kernel, 1, 'valid', 'NHWC', [strideHeight, strideWidth]))
    }
    return tf.transpose(tf.addN(sums), [1, 2, 0, 3])
  })
}
