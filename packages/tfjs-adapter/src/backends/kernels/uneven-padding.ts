import type { NamedAttrMap, NamedTensorInfoMap } from '@tensorflow/tfjs'
import { tfjsError } from '../../error.ts'

/** Kernels of tfjs-backend-wasm that compute their output's size themselves. */
export const KERNELS_WITH_PADDING = ['Conv2D', 'FusedConv2D', 'DepthwiseConv2dNative', 'FusedDepthwiseConv2D', 'MaxPool', 'AvgPool'] as const

/**
 * Where padding is a number, tfjs-core 4.22 takes the height of kernel and stride for their width too (getPadAndOutInfo). The output's shape
 * is wrong then on every backend; on wasm the kernels, which compute it rightly, write past the end of it, over other tensors.
 * @throws AttuneError `TFJS_KERNEL`
 */
export function refuseUnevenPadding({ inputs, attrs }: { readonly inputs: NamedTensorInfoMap; readonly attrs?: NamedAttrMap }): void {
  const { pad, strides, filterSize } = attrs as unknown as { readonly pad: unknown; readonly strides: number | readonly number[]; readonly filterSize?: number | readonly number[] }
  if (typeof pad !== 'number') return
  const size = filterSize ?? inputs['filter']!.shape.slice(0, 2)
  if (isEven(size) && isEven(strides)) return
  throw tfjsError('TFJS_KERNEL', `TensorFlow.js computes a wrong shape where padding is a number (${pad}) and kernel or strides are not square (kernel ${String(size)}, strides ${String(strides)}), and wasm would write over other tensors. Pad by 'valid', 'same' or [[0, 0], [top, bottom], [left, right], [0, 0]].`)
}

function isEven(sizes: number | readonly number[]): boolean {
  return typeof sizes === 'number' || sizes[0] === sizes[1]
}
