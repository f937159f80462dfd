import type { Conv2DBackpropFilterAttrs, Conv2DBackpropInputAttrs, Conv3DBackpropFilterV2Attrs, Conv3DBackpropInputV2Attrs, DepthwiseConv2dNativeBackpropFilterAttrs, DepthwiseConv2dNativeBackpropInputAttrs, MaxPool3DAttrs, MaxPool3DGradAttrs, MaxPoolGradAttrs, SliceAttrs, TileAttrs, UnsortedSegmentSumAttrs } from '@tensorflow/tfjs'
import type { TensorFlow } from '../../tensorflow.ts'
import { conv2dBackpropFilter } from './conv2d-backprop-filter.ts'
import { conv2dBackpropInput } from './conv2d-backprop-input.ts'
import { conv3dBackpropFilter, conv3dBackpropInput } from './conv3d-gradients.ts'
import { depthwiseBackpropFilter, depthwiseBackpropInput } from './depthwise-gradients.ts'
import { maxPool3D, maxPool3DGrad, maxPoolGrad } from './max-pool.ts'
import { addKernels, kernel, replaceKernels } from './register.ts'
import { slice } from './slice.ts'
import { tile } from './tile.ts'
import { KERNELS_WITH_PADDING, refuseUnevenPadding } from './uneven-padding.ts'
import { unsortedSegmentSum } from './unsorted-segment-sum.ts'
import type { WasmMemory } from './wasm-memory.ts'

/** What tfjs-backend-wasm 4.22 lacks for training, and what it has and gets wrong, or does much too slowly (each file says how). */
export function registerWasmKernels(tf: TensorFlow): void {
  addKernels(tf, 'wasm', {
    Conv2DBackpropFilter: kernel((_memory: WasmMemory, inputs, attributes: Conv2DBackpropFilterAttrs) => conv2dBackpropFilter(tf, inputs, attributes)),
    DepthwiseConv2dNativeBackpropFilter: kernel((memory: WasmMemory, inputs, attributes: DepthwiseConv2dNativeBackpropFilterAttrs) => depthwiseBackpropFilter(tf, memory, inputs, attributes)),
    DepthwiseConv2dNativeBackpropInput: kernel((memory: WasmMemory, inputs, attributes: DepthwiseConv2dNativeBackpropInputAttrs) => depthwiseBackpropInput(tf, memory, inputs, attributes)),
    UnsortedSegmentSum: kernel((memory: WasmMemory, inputs, attributes: UnsortedSegmentSumAttrs) => unsortedSegmentSum(memory, inputs, attributes)),
  })
  for (const name of KERNELS_WITH_PADDING) {
    const theirs = tf.getKernel(name, 'wasm')?.kernelFunc
    if (theirs === undefined) continue
    const guarded: typeof theirs = (call) => {
      refuseUnevenPadding(call)
      return theirs(call)
    }
    replaceKernels(tf, 'wasm', { [name]: guarded })
  }
  const theirSlice = tf.getKernel('Slice', 'wasm')?.kernelFunc
  const theirTile = tf.getKernel('Tile', 'wasm')?.kernelFunc
  const theirInput = tf.getKernel('Conv2DBackpropInput', 'wasm')?.kernelFunc
  replaceKernels(tf, 'wasm', {
    // Text is not kept in the backend's memory.
    Slice: (call) => (theirSlice !== undefined && call.inputs['x']?.dtype === 'string' ? theirSlice(call) : slice(tf, call.backend as WasmMemory, call.inputs, call.attrs as unknown as SliceAttrs)),
    Tile: (call) => (theirTile !== undefined && call.inputs['x']?.dtype === 'string' ? theirTile(call) : tile(call.backend as WasmMemory, call.inputs, call.attrs as unknown as TileAttrs)),
    Conv2DBackpropInput: (call) => conv2dBackpropInput(tf, call.inputs, call.attrs as unknown as Conv2DBackpropInputAttrs) ?? theirInput(call),
    MaxPoolGrad: kernel((memory: WasmMemory, inputs, attributes: MaxPoolGradAttrs) => maxPoolGrad(tf, memory, inputs, attributes)),
    MaxPool3D: kernel((memory: WasmMemory, inputs, attributes: MaxPool3DAttrs) => maxPool3D(tf, memory, inputs, attributes)),
    MaxPool3DGrad: kernel((memory: WasmMemory, inputs, attributes: MaxPool3DGradAttrs) => maxPool3DGrad(tf, memory, inputs, attributes)),
    Conv3DBackpropFilterV2: kernel((memory: WasmMemory, inputs, attributes: Conv3DBackpropFilterV2Attrs) => conv3dBackpropFilter(tf, memory, inputs, attributes)),
    Conv3DBackpropInputV2: kernel((memory: WasmMemory, inputs, attributes: Conv3DBackpropInputV2Attrs) => conv3dBackpropInput(tf, memory, inputs, attributes)),
  })
}
