import type { TensorProto } from './generated/onnx-types.ts'
import { onnx } from './generated/onnx.ts'

/**
 * Every tensor anywhere in a decoded message: initialisers, sparse ones, Constant nodes, subgraphs, functions, training graphs.
 * It walks all fields rather than the known ones, so that no place where a model can hide a tensor is forgotten.
 */
export function* tensorsIn(message: object): Generator<TensorProto, void, undefined> {
  const queue: object[] = [message]
  for (let current = queue.pop(); current !== undefined; current = queue.pop()) {
    if (current instanceof onnx.TensorProto) {
      yield current
      continue
    }
    for (const value of Array.isArray(current) ? current : Object.values(current)) {
      if (typeof value === 'object' && value !== null && !ArrayBuffer.isView(value)) queue.push(value)
    }
  }
}
