import type { NamedTensorInfoMap, TensorInfo, UnsortedSegmentSumAttrs } from '@tensorflow/tfjs'
import type { WasmMemory } from './wasm-memory.ts'

/** Adds row i of `x` to row `segmentIds[i]` of the result: the gradient of an embedding. Ids outside [0, numSegments) add nothing, as on cpu. */
export function unsortedSegmentSum(memory: WasmMemory, inputs: NamedTensorInfoMap, { numSegments }: UnsortedSegmentSumAttrs): TensorInfo {
  const { x, segmentIds } = inputs as { readonly x: TensorInfo; readonly segmentIds: TensorInfo }
  const rowShape = x.shape.slice(1)
  const width = rowShape.reduce((product, size) => product * size, 1)
  const output = memory.makeOutput([numSegments, ...rowShape], x.dtype)
  const [values, ids] = [memory.typedArrayFromHeap(x), memory.typedArrayFromHeap(segmentIds)]
  const sums = new Float64Array(numSegments * width)
  for (let row = 0; row < ids.length; row++) {
    const segment = ids[row] as number
    if (segment < 0 || segment >= numSegments) continue
    for (let cell = 0; cell < width; cell++) sums[segment * width + cell]! += values[row * width + cell] as number
  }
  memory.typedArrayFromHeap(output).set(sums)
  return output
}
