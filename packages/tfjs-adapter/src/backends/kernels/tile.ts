import type { NamedTensorInfoMap, TensorInfo, TileAttrs } from '@tensorflow/tfjs'
import type { WasmMemory } from './wasm-memory.ts'

/**
 * A tensor repeated along its axes, as the gradient of batch normalisation needs it. That of tfjs-backend-wasm 4.22 computes an index for
 * every cell; this copies blocks, from the last axis to the first.
 */
export function tile(memory: WasmMemory, inputs: NamedTensorInfoMap, { reps }: TileAttrs): TensorInfo {
  const { x } = inputs as { readonly x: TensorInfo }
  const output = memory.makeOutput(x.shape.map((length, axis) => length * (reps[axis] as number)), x.dtype)
  const result = memory.typedArrayFromHeap(output)
  let cells: Float32Array | Int32Array | Uint8Array = memory.typedArrayFromHeap(x).slice()
  let block = 1
  for (let axis = x.shape.length - 1; axis >= 0; axis--) {
    const times = reps[axis] as number
    block *= x.shape[axis] as number
    if (times !== 1) {
      const repeated = emptyLike(cells, cells.length * times)
      for (let from = 0, to = 0; from < cells.length; from += block) {
        const part = cells.subarray(from, from + block)
        for (let time = 0; time < times; time++, to += block) repeated.set(part, to)
      }
      cells = repeated
    }
    block *= times
  }
  result.set(cells)
  return output
}

function emptyLike(cells: Float32Array | Int32Array | Uint8Array, length: number): Float32Array | Int32Array | Uint8Array {
  if (cells instanceof Float32Array) return new Float32Array(length)
  return cells instanceof Int32Array ? new Int32Array(length) : new Uint8Array(length)
}
