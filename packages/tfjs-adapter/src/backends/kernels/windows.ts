import type { TensorFlow } from '../../tensorflow.ts'

/** Depth, rows, columns. */
type Extent = readonly [number, number, number]

/** How the windows of a convolution or pooling lie over its input, channels last. Images have a depth of 1. */
export interface Windows {
  readonly batchSize: number
  readonly inChannels: number
  readonly outChannels: number
  readonly input: Extent
  readonly output: Extent
  readonly filter: Extent
  readonly strides: Extent
  readonly dilations: Extent
  /** Cells of padding before the first one of the input. */
  readonly before: Extent
}

type Conv2DInfo = ReturnType<TensorFlow['backend_util']['computeConv2DInfo']>
type Conv3DInfo = ReturnType<TensorFlow['backend_util']['computeConv3DInfo']>

export function imageWindows(info: Conv2DInfo): Windows {
  return {
    batchSize: info.batchSize,
    inChannels: info.inChannels,
    outChannels: info.outChannels,
    input: [1, info.inHeight, info.inWidth],
    output: [1, info.outHeight, info.outWidth],
    filter: [1, info.filterHeight, info.filterWidth],
    strides: [1, info.strideHeight, info.strideWidth],
    dilations: [1, info.dilationHeight, info.dilationWidth],
    before: [0, info.padInfo.top, info.padInfo.left],
  }
}

export function volumeWindows(info: Conv3DInfo): Windows {
  return {
    batchSize: info.batchSize,
    inChannels: info.inChannels,
    outChannels: info.outChannels,
    input: [info.inDepth, info.inHeight, info.inWidth],
    output: [info.outDepth, info.outHeight, info.outWidth],
    filter: [info.filterDepth, info.filterHeight, info.filterWidth],
    strides: [info.strideDepth, info.strideHeight, info.strideWidth],
    dilations: [info.dilationDepth, info.dilationHeight, info.dilationWidth],
    before: [info.padInfo.front, info.padInfo.top, info.padInfo.left],
  }
}

/**
 * Calls `body` for every cell of the input that a cell of the filter meets for a cell of the output. Cells are numbered over batch,
 * depth, rows and columns, those of the filter over depth, rows and columns. For one cell of the output, the filter's come in order.
 */
export function eachMeeting(windows: Windows, body: (inputCell: number, outputCell: number, filterCell: number) => void): void {
  const { batchSize, input, output, filter, strides, dilations, before } = windows
  for (let sample = 0; sample < batchSize; sample++) {
    for (let outDepth = 0; outDepth < output[0]; outDepth++) {
      for (let depth = 0; depth < filter[0]; depth++) {
        const inDepth = outDepth * strides[0] + depth * dilations[0] - before[0]
        if (inDepth < 0 || inDepth >= input[0]) continue
        for (let outRow = 0; outRow < output[1]; outRow++) {
          const outputRow = ((sample * output[0] + outDepth) * output[1] + outRow) * output[2]
          for (let row = 0; row < filter[1]; row++) {
            const inRow = outRow * strides[1] + row * dilations[1] - before[1]
            if (inRow < 0 || inRow >= input[1]) continue
            const inputRow = ((sample * input[0] + inDepth) * input[1] + inRow) * input[2]
            const filterRow = (depth * filter[1] + row) * filter[2]
            for (let outColumn = 0; outColumn < output[2]; outColumn++) {
              for (let column = 0; column < filter[2]; column++) {
                const inColumn = outColumn * strides[2] + column * dilations[2] - before[2]
                if (inColumn >= 0 && inColumn < input[2]) body(inputRow + inColumn, outputRow + outColumn, filterRow + column)
              }
            }
          }
        }
      }
    }
  }
}
