/** Sizes in the order of TensorFlow.js, batch first; null for those known only when the model runs. */
export type Shape = readonly (number | null)[]

export type ValueType = 'float32' | 'int32' | 'bool'

/**
 * A value in the graph being written. TensorFlow.js keeps channels last, ONNX's convolutions want them second, its
 * recurrent operators want time first. So a value keeps whatever order its operator gave it until someone needs another,
 * and a permutation costs nothing until then.
 */
export interface Value {
  readonly name: string
  /** As in TensorFlow.js, whatever the order of `name` is. */
  readonly shape: Shape
  /** Which axis of `shape` each axis of `name` holds: [0, 3, 1, 2] is an image with channels second. */
  readonly layout: Layout
  readonly type: ValueType
  /** Which steps of a sequence count, where a layer before it said so. */
  readonly mask?: Mask
}

export interface Mask {
  /** float32, [batch, steps], 1 for a step that counts; undefined for what TensorFlow.js makes of several masks, which nothing here can use. */
  readonly name: string | undefined
}

export type Layout = readonly number[]

/** The order of TensorFlow.js itself. */
export function natural(rank: number): Layout {
  return Array.from({ length: rank }, (_, axis) => axis)
}

/** The order that convolutions and pooling of ONNX take: batch, channels, then space. */
export function channelsSecond(rank: number, dataFormat: string): Layout {
  return dataFormat === 'channelsFirst' ? natural(rank) : [0, rank - 1, ...natural(rank).slice(1, -1)]
}

export function sameLayout(left: Layout, right: Layout): boolean {
  return left.length === right.length && left.every((axis, index) => axis === right[index])
}

/** A value in the order of TensorFlow.js. */
export function value(name: string, shape: Shape, type: ValueType = 'float32'): Value {
  return { name, shape, layout: natural(shape.length), type }
}

/** An axis of TensorFlow.js, which may count from the end, as one from the start. */
export function positiveAxis(shape: Shape, axis: number): number {
  return axis < 0 ? axis + shape.length : axis
}

/** Where an axis of TensorFlow.js is in the value's own order. */
export function axisOf(of: Value, axis: number): number {
  return of.layout.indexOf(positiveAxis(of.shape, axis))
}

/** One entry for each axis of TensorFlow.js, in the value's own order. */
export function inLayout<T>(of: Value, entries: readonly T[]): T[] {
  return of.layout.map((axis) => entries[axis] as T)
}
