import type { Conv2DBackpropInputAttrs, NamedTensorInfoMap, Tensor4D, TensorInfo } from '@tensorflow/tfjs'
import type { Tensor, TensorFlow } from '../../tensorflow.ts'

/**
 * The gradient of a convolution's input where its strides are 1: the convolution of the output's gradient with the kernel turned round.
 * That of tfjs-backend-wasm 4.22 is right and, unlike its convolution, uses no SIMD: it takes about ten times as long. Undefined for strides.
 */
export function conv2dBackpropInput(tf: TensorFlow, inputs: NamedTensorInfoMap, { strides, pad, dataFormat, dimRoundingMode, inputShape }: Conv2DBackpropInputAttrs): Tensor | TensorInfo | undefined {
  const { dy, filter } = inputs as { readonly dy: Tensor4D; readonly filter: Tensor4D }
  const conv = tf.backend_util.computeConv2DInfo(inputShape, filter.shape, strides, 1, pad, dimRoundingMode, false, 'channelsLast')
  if (dataFormat !== 'NHWC' || conv.strideHeight !== 1 || conv.strideWidth !== 1) return undefined
  const { inHeight, inWidth, outHeight, outWidth, filterHeight, filterWidth, padInfo } = conv
  const [above, before] = [filterHeight - 1 - padInfo.top, filterWidth - 1 - padInfo.left]
  const [below, beside] = [inHeight - outHeight + filterHeight - 1 - above, inWidth - outWidth + filterWidth - 1 - before]
  if (Math.min(above, before, below, beside) < 0) return undefined
  return tf.tidy(() => {
    const turned = tf.transpose(tf.reverse(filter, [0, 1]), [0, 1, 3, 2])
    return tf.conv2d(tf.pad(dy, [[0, 0], [above, below], [before, beside], [0, 0]]), turned, 1, 'valid')
  })
}
