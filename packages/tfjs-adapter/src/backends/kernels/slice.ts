import type { NamedTensorInfoMap, SliceAttrs, TensorInfo } from '@tensorflow/tfjs'
import type { TensorFlow } from '../../tensorflow.ts'
import type { WasmMemory } from './wasm-memory.ts'

/**
 * A part of a tensor. That of tfjs-backend-wasm 4.22 copies the whole tensor first, which makes each row of a large one, and so each batch
 * of a data set, cost as much as all of it.
 */
export function slice(tf: TensorFlow, memory: WasmMemory, inputs: NamedTensorInfoMap, { begin, size }: SliceAttrs): TensorInfo {
  const { x } = inputs as { readonly x: TensorInfo }
  const [starts = [], sizes = []] = tf.slice_util.parseSliceParams(x, begin, size)
  tf.slice_util.assertParamsValid(x, starts, sizes)
  const output = memory.makeOutput(sizes, x.dtype)
  const [source, target] = [memory.typedArrayFromHeap(x), memory.typedArrayFromHeap(output)]
  if (target.length === 0) return output

  // Cells that lie together: the last axes that are taken whole, and one more.
  let axis = sizes.length
  let inner = 1
  while (axis > 0 && sizes[axis - 1] === x.shape[axis - 1]) inner *= sizes[--axis] as number
  const run = axis === 0 ? inner : inner * (sizes[axis - 1] as number)
  const outer = Math.max(0, axis - 1)
  const strides = x.shape.map((_, at) => x.shape.slice(at + 1).reduce((product, length) => product * length, 1))
  const first = starts.reduce((offset, start, at) => offset + start * (strides[at] as number), 0)
  const position: number[] = Array.from({ length: outer }, () => 0)
  for (let to = 0; to < target.length; to += run) {
    let from = first
    for (let at = 0; at < outer; at++) from += (position[at] as number) * (strides[at] as number)
    target.set(source.subarray(from, from + run), to)
    for (let at = outer - 1; at >= 0; at--) {
      position[at]! += 1
      if ((position[at] as number) < (sizes[at] as number)) break
      position[at] = 0
    }
  }
  return output
}
