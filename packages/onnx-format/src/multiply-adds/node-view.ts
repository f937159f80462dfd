import type { AttributeProto, NodeProto } from '../generated/onnx-types.ts'
import { isExternal, tensorValues } from '../tensor.ts'

/** What is known of a value before the model runs. */
export interface Value {
  readonly shape: readonly number[]
  /** The elements, of small whole-number tensors that say shapes, axes and indices. */
  readonly elements?: readonly number[]
  /** The elements of a small float32 constant: how far a Resize enlarges. Nothing is computed with them. */
  readonly scales?: readonly number[]
}

/** A node whose inputs are known as far as they are needed. */
export interface NodeView {
  readonly operator: string
  /** How many inputs the node lists. */
  readonly inputCount: number
  readonly outputCount: number
  has(input: number): boolean
  /** Throws {@link Unknown} if the shape of this input is not known. */
  shape(input: number): readonly number[]
  value(input: number): Value
  /** Whole numbers that are an attribute in old operator sets and an input in newer ones. Undefined if there is neither. */
  listed(attribute: string, input: number): readonly number[] | undefined
  int(attribute: string, otherwise: number): number
  ints(attribute: string): readonly number[] | undefined
  text(attribute: string, otherwise: string): string
  attribute(name: string): AttributeProto | undefined
}

/** Something that only running the model would tell. */
export class Unknown extends Error {
  override readonly name = 'Unknown'
}

/** Shapes and indices have few elements; longer ones are data. */
export const MAX_ELEMENTS = 256

/** No real tensor has more dimensions. */
const MAX_RANK = 64

export function nodeView(node: NodeProto, values: ReadonlyMap<string, Value>): NodeView {
  const attribute = (name: string): AttributeProto | undefined => node.attribute.find((candidate) => candidate.name === name)
  const has = (input: number): boolean => (node.input[input] ?? '') !== ''
  const value = (input: number): Value => {
    const found = values.get(node.input[input] ?? '')
    if (found === undefined) throw new Unknown(`the shape of its input "${node.input[input] ?? ''}" is not known`)
    if (found.shape.length > MAX_RANK) throw new Unknown(`its input "${node.input[input] ?? ''}" has ${found.shape.length} dimensions`)
    return found
  }
  const ints = (name: string): readonly number[] | undefined => attribute(name)?.ints.map(Number)
  return {
    operator: node.opType,
    inputCount: node.input.length,
    outputCount: node.output.length,
    has,
    value,
    shape: (input) => value(input).shape,
    listed(name, input) {
      if (!has(input)) return ints(name)
      const { elements } = value(input)
      if (elements === undefined) throw new Unknown(`the values of its input "${node.input[input]}" are computed while the model runs`)
      return elements
    },
    int: (name, otherwise) => Number(attribute(name)?.i ?? otherwise),
    ints,
    text(name, otherwise) {
      const bytes = attribute(name)?.s
      return bytes === undefined || bytes.length === 0 ? otherwise : new TextDecoder().decode(bytes)
    },
    attribute,
  }
}

/** A constant tensor as a value, with its elements if they may say a shape. */
export function constantValue(tensor: NonNullable<AttributeProto['t']>): Value {
  const shape = tensor.dims.map(Number)
  const whole = tensor.dataType === 7 || tensor.dataType === 6
  const scales = tensor.dataType === 1 && shape.length === 1 && shape[0]! <= MAX_RANK
  if ((!whole && !scales) || sizeOf(shape) > MAX_ELEMENTS || isExternal(tensor)) return { shape }
  const numbers = Array.from(tensorValues(tensor).data as ArrayLike<number | bigint>, Number)
  return whole ? { shape, elements: numbers } : { shape, scales: numbers }
}

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1)
}

/** An axis counted from the front. Throws {@link Unknown} for one that does not exist. */
export function axisOf(axis: number, rank: number): number {
  const index = axis < 0 ? axis + rank : axis
  if (!Number.isInteger(index) || index < 0 || index >= rank) throw new Unknown(`its axis ${axis} does not exist in ${rank} dimensions`)
  return index
}

/** Shape of an element-wise operation, by the rules of numpy. */
export function broadcast(shapes: readonly (readonly number[])[]): readonly number[] {
  const rank = shapes.reduce((most, shape) => Math.max(most, shape.length), 0)
  return Array.from({ length: rank }, (_, axis) => {
    const sizes = shapes.map((shape) => shape[axis - rank + shape.length] ?? 1)
    const size = sizes.find((candidate) => candidate !== 1) ?? 1
    if (sizes.some((candidate) => candidate !== 1 && candidate !== size)) throw new Unknown(`its inputs do not fit each other: ${shapes.map((shape) => `[${shape.join(', ')}]`).join(', ')}`)
    return size
  })
}
