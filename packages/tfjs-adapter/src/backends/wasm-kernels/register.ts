import type { Conv2DBackpropFilterAttrs, DepthwiseConv2dNativeBackpropFilterAttrs, DepthwiseConv2dNativeBackpropInputAttrs, KernelFunc, UnsortedSegmentSumAttrs } from '@tensorflow/tfjs'
import type { TensorFlow } from '../../tensorflow.ts'
import { conv2dBackpropFilter } from './conv2d-backprop-filter.ts'
import { depthwiseBackpropFilter, depthwiseBackpropInput } from './depthwise-gradients.ts'
import { unsortedSegmentSum } from './unsorted-segment-sum.ts'
import type { WasmMemory } from './wasm-memory.ts'

/** The gradients without which tfjs-backend-wasm 4.22 cannot train convolutions, depthwise convolutions and embeddings. Kernels that a later version has are left alone. */
export function registerMissingKernels(tf: TensorFlow): void {
  const memory = (backend: unknown) => backend as WasmMemory
  const kernels: { readonly [name: string]: KernelFunc } = {
    Conv2DBackpropFilter: ({ inputs, attrs }) => conv2dBackpropFilter(tf, inputs, attrs as unknown as Conv2DBackpropFilterAttrs),
    DepthwiseConv2dNativeBackpropFilter: ({ inputs, attrs, backend }) => depthwiseBackpropFilter(tf, memory(backend), inputs, attrs as unknown as DepthwiseConv2dNativeBackpropFilterAttrs),
    DepthwiseConv2dNativeBackpropInput: ({ inputs, attrs, backend }) => depthwiseBackpropInput(tf, memory(backend), inputs, attrs as unknown as DepthwiseConv2dNativeBackpropInputAttrs),
    UnsortedSegmentSum: ({ inputs, attrs, backend }) => unsortedSegmentSum(memory(backend), inputs, attrs as unknown as UnsortedSegmentSumAttrs),
  }
  for (const [kernelName, kernelFunc] of Object.entries(kernels)) {
    if (tf.getKernel(kernelName, 'wasm') === undefined) tf.registerKernel({ kernelName, backendName: 'wasm', kernelFunc })
  }
}
