import { broadcast, sizeOf, Unknown, type NodeView, type Value } from './node-view.ts'
import { slidWindow, unslidWindow } from './windows.ts'

/** A node's multiply-adds and the shapes that it answers. */
export interface Product {
  readonly multiplyAdds: number
  readonly outputs: readonly (Value | undefined)[]
}

type ProductRule = (node: NodeView) => Product

/** Operators that are made of multiply-adds. */
export const products: { readonly [operator: string]: ProductRule } = {
  Conv: (node) => convolution(node, 0, 1),
  ConvInteger: (node) => convolution(node, 0, 1),
  QLinearConv: (node) => convolution(node, 0, 3),
  ConvTranspose: transposedConvolution,
  MatMul: (node) => matrixProduct(node.shape(0), node.shape(1)),
  MatMulInteger: (node) => matrixProduct(node.shape(0), node.shape(1)),
  QLinearMatMul: (node) => matrixProduct(node.shape(0), node.shape(3)),
  Gemm: gemm,
  LSTM: (node) => recurrent(node, 4),
  GRU: (node) => recurrent(node, 3),
  RNN: (node) => recurrent(node, 1),
}

/** Each output element sums (input channels / groups) · kernel products. */
function convolution(node: NodeView, x: number, w: number): Product {
  const [batch, , ...spatial] = node.shape(x)
  const [channels, inGroup, ...kernel] = node.shape(w)
  if (channels === undefined || batch === undefined || kernel.length !== spatial.length) throw new Unknown('its weights do not fit its input')
  const shape = [batch, channels, ...slidWindow(node, spatial, kernel)]
  return { multiplyAdds: sizeOf(shape) * inGroup! * sizeOf(kernel), outputs: [{ shape }] }
}

/** Each input element is multiplied with (output channels / groups) · kernel weights. */
function transposedConvolution(node: NodeView): Product {
  const input = node.shape(0)
  const [batch, , ...spatial] = input
  const [channels, outGroup, ...kernel] = node.shape(1)
  if (channels === undefined || batch === undefined || kernel.length !== spatial.length) throw new Unknown('its weights do not fit its input')
  return { multiplyAdds: sizeOf(input) * outGroup! * sizeOf(kernel), outputs: [{ shape: [batch, outGroup! * node.int('group', 1), ...unslidWindow(node, spatial, kernel)] }] }
}

function matrixProduct(a: readonly number[], b: readonly number[]): Product {
  if (a.length === 0 || b.length === 0) throw new Unknown('it multiplies a scalar')
  const left = a.length === 1 ? [1, ...a] : a
  const right = b.length === 1 ? [...b, 1] : b
  const [rows, inner] = left.slice(-2)
  const [innerToo, columns] = right.slice(-2)
  if (inner !== innerToo) throw new Unknown(`it multiplies [${a.join(', ')}] with [${b.join(', ')}]`)
  const batch = broadcast([left.slice(0, -2), right.slice(0, -2)])
  const shape = [...batch, ...(a.length === 1 ? [] : [rows!]), ...(b.length === 1 ? [] : [columns!])]
  return { multiplyAdds: sizeOf(batch) * rows! * inner! * columns!, outputs: [{ shape }] }
}

function gemm(node: NodeView): Product {
  const turned = (shape: readonly number[], attribute: string): readonly number[] => (node.int(attribute, 0) === 0 ? shape : shape.toReversed())
  return matrixProduct(turned(node.shape(0), 'transA'), turned(node.shape(1), 'transB'))
}

/** steps · batch · directions · gates · hidden · (inputs + hidden); the products with gates and states are element-wise. */
function recurrent(node: NodeView, gates: number): Product {
  const batchFirst = node.int('layout', 0) === 1
  const [first, second, inputs] = node.shape(0)
  const [directions] = node.shape(1)
  const hidden = node.shape(2)[2]
  if (inputs === undefined || directions === undefined || hidden === undefined) throw new Unknown('its weights do not fit its input')
  const [steps, batch] = batchFirst ? [second!, first!] : [first!, second!]
  const state = { shape: batchFirst ? [batch, directions, hidden] : [directions, batch, hidden] }
  const all = { shape: batchFirst ? [batch, steps, directions, hidden] : [steps, directions, batch, hidden] }
  return { multiplyAdds: steps * batch * directions * gates * hidden * (inputs + hidden), outputs: [all, state, state] }
}
