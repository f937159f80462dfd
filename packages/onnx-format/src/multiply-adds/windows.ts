import { Unknown, type NodeView } from './node-view.ts'

/** Spatial sizes after a window slid over them (Conv and pooling of the ONNX operator set). */
export function slidWindow(node: NodeView, spatial: readonly number[], kernel: readonly number[]): readonly number[] {
  const { strides, dilations, pads } = windowAttributes(node, spatial.length)
  const padding = node.text('auto_pad', 'NOTSET')
  const round = node.int('ceil_mode', 0) === 1 ? Math.ceil : Math.floor
  return spatial.map((size, axis) => {
    const stride = strides[axis]!
    if (padding.startsWith('SAME')) return Math.ceil(size / stride)
    const extent = (kernel[axis]! - 1) * dilations[axis]! + 1
    const before = padding === 'VALID' ? 0 : pads[axis]!
    const after = padding === 'VALID' ? 0 : pads[axis + spatial.length]!
    const count = round((size + before + after - extent) / stride) + 1
    // With ceil_mode a last window that would begin in the padding is left out.
    return checked(round === Math.ceil && (count - 1) * stride >= size + before ? count - 1 : count)
  })
}

/** Spatial sizes of ConvTranspose. */
export function unslidWindow(node: NodeView, spatial: readonly number[], kernel: readonly number[]): readonly number[] {
  const wanted = node.ints('output_shape')
  if (wanted !== undefined && wanted.length > 0) return wanted.slice(-spatial.length)
  const { strides, dilations, pads } = windowAttributes(node, spatial.length)
  const extra = node.ints('output_padding') ?? []
  const padding = node.text('auto_pad', 'NOTSET')
  return spatial.map((size, axis) => {
    if (padding.startsWith('SAME')) return size * strides[axis]!
    const both = padding === 'VALID' ? 0 : pads[axis]! + pads[axis + spatial.length]!
    return checked(strides[axis]! * (size - 1) + (extra[axis] ?? 0) + (kernel[axis]! - 1) * dilations[axis]! + 1 - both)
  })
}

function windowAttributes(node: NodeView, rank: number): { readonly strides: readonly number[]; readonly dilations: readonly number[]; readonly pads: readonly number[] } {
  const read = (name: string, count: number, otherwise: number): readonly number[] => {
    const given = node.ints(name)
    if (given === undefined || given.length === 0) return Array.from<number>({ length: count }).fill(otherwise)
    if (given.length !== count) throw new Unknown(`its ${name} has ${given.length} numbers instead of ${count}`)
    return given
  }
  return { strides: read('strides', rank, 1), dilations: read('dilations', rank, 1), pads: read('pads', 2 * rank, 0) }
}

function checked(size: number): number {
  if (!Number.isSafeInteger(size) || size < 0) throw new Unknown('its window does not fit its input')
  return size
}
