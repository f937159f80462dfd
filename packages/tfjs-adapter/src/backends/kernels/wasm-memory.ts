import type { DataType, TensorInfo } from '@tensorflow/tfjs'

/** What a kernel written in JavaScript needs of tfjs-backend-wasm, whose tensors lie in one memory. */
export interface WasmMemory {
  makeOutput(shape: number[], dtype: DataType): TensorInfo
  /** A view, valid until the next allocation: the memory may move when it grows. */
  typedArrayFromHeap(tensor: TensorInfo): Float32Array | Int32Array | Uint8Array
}
