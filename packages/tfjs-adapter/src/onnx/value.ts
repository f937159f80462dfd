/**
 * A value in the graph being written. TensorFlow.js has channels last, ONNX wants them second: what comes out of a
 * convolution stays channels first until someone needs the other order, so that few transpositions are written.
 */
export interface Value {
  readonly name: string
  /** As in TensorFlow.js, batch first, channels last, whatever the order of `name` is; null for sizes known at run time only. */
  readonly shape: readonly (number | null)[]
  readonly order: 'channelsLast' | 'channelsFirst'
}

/** Where an axis of the TensorFlow.js shape is in the value's own order. */
export function axisOf(value: Value, axis: number): number {
  const rank = value.shape.length
  const positive = axis < 0 ? axis + rank : axis
  if (value.order === 'channelsLast' || positive === 0) return positive
  return positive === rank - 1 ? 1 : positive + 1
}
