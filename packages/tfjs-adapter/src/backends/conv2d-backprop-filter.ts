import type { Conv2DBackpropFilterAttrs, Conv2DBackpropFilterInputs, Tensor4D } from '@tensorflow/tfjs'
import { tfjsError } from '../error.ts'
import type { Tensor, TensorFlow } from '../tensorflow.ts'

const KERNEL = 'Conv2DBackpropFilter'

/**
 * Gives a backend the gradient of a convolution's kernel, if it has none (tfjs-backend-wasm 4.22 lacks it, so that
 * convolutions cannot be trained there). For each kernel position, the gradient is the product of the input cells that
 * this position saw and the output's gradient: a slice, and a matrix product over batch, rows and columns.
 */
export function registerConv2DBackpropFilter(tf: TensorFlow, backendName: string): void {
  if (tf.getKernel(KERNEL, backendName) !== undefined) return
  tf.registerKernel({
    kernelName: KERNEL,
    backendName,
    kernelFunc: ({ inputs, attrs }) => {
      // At run time kernels get tensors; wrapping them again would leak one a call.
      const { x, dy } = inputs as unknown as Record<keyof Conv2DBackpropFilterInputs, Tensor4D>
      return conv2dBackpropFilter(tf, x, dy, attrs as unknown as Conv2DBackpropFilterAttrs)
    },
  })
}

function conv2dBackpropFilter(tf: TensorFlow, x: Tensor4D, dy: Tensor4D, attributes: Conv2DBackpropFilterAttrs): Tensor {
  if (attributes.dataFormat !== 'NHWC') throw tfjsError('TFJS_KERNEL', 'Convolutions train on wasm with dataFormat "channelsLast" only.')
  return tf.tidy(() => {
    const { filterShape, strides, pad, dimRoundingMode } = attributes
    const conv = tf.backend_util.computeConv2DInfo(x.shape, filterShape, strides, 1, pad, dimRoundingMode, false, 'channelsLast')
    const { top, bottom, left, right } = conv.padInfo
    const rows = (conv.outHeight - 1) * conv.strideHeight + 1
    const columns = (conv.outWidth - 1) * conv.strideWidth + 1
    const padded = tf.pad(x, [[0, 0], [top, bottom], [left, right], [0, 0]])
    const gradient = tf.reshape(dy, [-1, conv.outChannels])
    const positions: Tensor[] = []
    for (let row = 0; row < conv.filterHeight; row++) {
      for (let column = 0; column < conv.filterWidth; column++) {
        const size: [number, number, number, number] = [conv.batchSize, rows, columns, conv.inChannels]
        let seen: Tensor = tf.slice(padded, [0, row, column, 0], size)
        if (conv.strideHeight > 1 || conv.strideWidth > 1) seen = tf.stridedSlice(seen, [0, 0, 0, 0], size, [1, conv.strideHeight, conv.strideWidth, 1])
        positions.push(tf.matMul(tf.reshape(seen, [-1, conv.inChannels]), gradient, true, false))
      }
    }
    return tf.reshape(tf.stack(positions), filterShape)
  })
}
