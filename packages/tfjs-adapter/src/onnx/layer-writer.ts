import type { Layer } from '../tensorflow.ts'
import type { GraphWriter } from './graph-writer.ts'
import type { Value } from './value.ts'

/** Writes one application of a layer. `shape` is that of its output, in the order of TensorFlow.js. */
export type LayerWriter = (graph: GraphWriter, layer: Layer, inputs: readonly [Value, ...Value[]], shape: Value['shape']) => Value | Promise<Value>
