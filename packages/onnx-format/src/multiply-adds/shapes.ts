// One table of the operators without multiply-adds and how each changes shapes: longer than most files because it is a list.
import { axisOf, broadcast, constantValue, MAX_ELEMENTS, sizeOf, Unknown, type NodeView, type Value } from './node-view.ts'
import { slidWindow } from './windows.ts'

type ShapeRule = (node: NodeView) => readonly (Value | undefined)[]

const unary = [
  'Abs', 'Acos', 'Acosh', 'Asin', 'Asinh', 'Atan', 'Atanh', 'BatchNormalization', 'BitwiseNot', 'Cast', 'CastLike', 'Ceil', 'Celu', 'Clip', 'Cos', 'Cosh', 'CumSum', 'DequantizeLinear',
  'Elu', 'Erf', 'Exp', 'Floor', 'Gelu', 'GroupNormalization', 'HardSigmoid', 'HardSwish', 'Hardmax', 'Identity', 'InstanceNormalization', 'IsInf', 'IsNaN', 'LRN', 'LayerNormalization',
  'LeakyRelu', 'Log', 'LogSoftmax', 'LpNormalization', 'MeanVarianceNormalization', 'Mish', 'Neg', 'Not', 'QuantizeLinear', 'Reciprocal', 'Relu', 'ReverseSequence', 'RMSNormalization',
  'Round', 'Selu', 'Shrink', 'Sigmoid', 'Sign', 'Sin', 'Sinh', 'Softmax', 'Softplus', 'Softsign', 'Sqrt', 'Swish', 'Tan', 'Tanh', 'ThresholdedRelu', 'Trilu',
]
const elementwise = [
  'Add', 'And', 'BitShift', 'BitwiseAnd', 'BitwiseOr', 'BitwiseXor', 'Div', 'Equal', 'Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual', 'Max', 'Mean', 'Min', 'Mod', 'Mul', 'Or', 'PRelu', 'Pow', 'Sub', 'Sum', 'Where', 'Xor',
]
const reductions = ['ReduceL1', 'ReduceL2', 'ReduceLogSum', 'ReduceLogSumExp', 'ReduceMax', 'ReduceMean', 'ReduceMin', 'ReduceProd', 'ReduceSum', 'ReduceSumSquare']

/**
 * Operators that have no multiply-adds, by the usual count: products with weights count, while biases, normalisation, pooling, activations and
 * other element-wise arithmetic do not.
 */
export const shapes: { readonly [operator: string]: ShapeRule } = {
  ...Object.fromEntries(unary.map((operator) => [operator, sameShape])),
  ...Object.fromEntries(elementwise.map((operator) => [operator, elementWise])),
  ...Object.fromEntries(reductions.map((operator) => [operator, reduced])),
  ...Object.fromEntries(['GlobalAveragePool', 'GlobalMaxPool', 'GlobalLpPool'].map((operator) => [operator, (node: NodeView) => [{ shape: node.shape(0).map((size, axis) => (axis < 2 ? size : 1)) }]])),
  ...Object.fromEntries(['AveragePool', 'MaxPool', 'LpPool'].map((operator) => [operator, pooled])),
  ArgMax: argument,
  ArgMin: argument,
  Concat: concatenated,
  Constant: (node) => {
    const tensor = node.attribute('value')?.t
    if (tensor) return [constantValue(tensor)]
    const list = node.ints('value_ints')
    if (list !== undefined) return [{ shape: [list.length], elements: list }]
    if (node.attribute('value_int') !== undefined) return [{ shape: [], elements: [node.int('value_int', 0)] }]
    const floats = node.attribute('value_floats')?.floats
    return [floats === undefined ? { shape: [] } : { shape: [floats.length], scales: floats }]
  },
  ConstantOfShape: (node) => [{ shape: wholeSizes(required(node, 'shape', 0)) }],
  DepthToSpace: (node) => {
    const [batch, channels, height, width] = node.shape(0)
    const block = node.int('blocksize', 1)
    return [{ shape: wholeSizes([batch!, channels! / block ** 2, height! * block, width! * block]) }]
  },
  Dropout: (node) => [node.value(0), { shape: node.shape(0) }],
  DynamicQuantizeLinear: (node) => [{ shape: node.shape(0) }, { shape: [] }, { shape: [] }],
  Expand: (node) => [{ shape: broadcast([node.shape(0), required(node, 'shape', 1)]) }],
  Flatten: (node) => {
    const shape = node.shape(0)
    const axis = node.int('axis', 1)
    const cut = axis < 0 ? axis + shape.length : axis
    return [{ shape: [sizeOf(shape.slice(0, cut)), sizeOf(shape.slice(cut))] }]
  },
  Gather: gathered,
  OneHot: (node) => {
    const [depth] = required(node, 'depth', 1)
    const axis = node.int('axis', -1)
    const shape = [...node.shape(0)]
    shape.splice(axis < 0 ? shape.length + 1 + axis : axis, 0, depth!)
    return [{ shape }]
  },
  Pad: padded,
  Reshape: reshaped,
  // Operator set 10 had no region of interest before the scales.
  Resize: (node) => (node.inputCount === 2 ? resized(node, 1, 9) : resized(node, 2, 3)),
  Shape: (node) => {
    const elements = node.shape(0).slice(node.int('start', 0), node.attribute('end') === undefined ? undefined : node.int('end', 0))
    return [{ shape: [elements.length], elements }]
  },
  Slice: sliced,
  SpaceToDepth: (node) => {
    const [batch, channels, height, width] = node.shape(0)
    const block = node.int('blocksize', 1)
    return [{ shape: wholeSizes([batch!, channels! * block ** 2, height! / block, width! / block]) }]
  },
  Split: split,
  Squeeze: (node) => {
    const { shape, elements } = node.value(0)
    const axes = node.listed('axes', 1)?.map((axis) => axisOf(axis, shape.length))
    return [withElements(shape.filter((size, axis) => (axes === undefined ? size !== 1 : !axes.includes(axis))), elements)]
  },
  Tile: (node) => {
    const repeats = required(node, 'repeats', 1)
    return [{ shape: node.shape(0).map((size, axis) => size * (repeats[axis] ?? 1)) }]
  },
  TopK: (node) => {
    const shape = node.shape(0)
    const axis = axisOf(node.int('axis', -1), shape.length)
    const [count] = required(node, 'k', 1)
    const top = { shape: shape.with(axis, count!) }
    return [top, top]
  },
  Transpose: (node) => {
    const shape = node.shape(0)
    const order = node.ints('perm') ?? shape.map((_, axis) => shape.length - 1 - axis)
    return [{ shape: order.map((axis) => shape[axisOf(axis, shape.length)]!) }]
  },
  Unsqueeze: (node) => {
    const { shape, elements } = node.value(0)
    const axes = required(node, 'axes', 1)
    const rank = shape.length + axes.length
    const added = new Set(axes.map((axis) => axisOf(axis, rank)))
    const rest = shape.values()
    return [withElements(Array.from({ length: rank }, (_, axis) => (added.has(axis) ? 1 : rest.next().value!)), elements)]
  },
  Upsample: (node) => resized(node, 1, 9),
}

function withElements(shape: readonly number[], elements: readonly number[] | undefined): Value {
  return elements === undefined || elements.length > MAX_ELEMENTS ? { shape } : { shape, elements }
}

function required(node: NodeView, attribute: string, input: number): readonly number[] {
  const found = node.listed(attribute, input)
  if (found === undefined) throw new Unknown(`its ${attribute} is missing`)
  return found
}

function wholeSizes(shape: readonly number[]): readonly number[] {
  if (!shape.every((size) => Number.isSafeInteger(size) && size >= 0)) throw new Unknown(`it answers the impossible shape [${shape.join(', ')}]`)
  return shape
}

function sameShape(node: NodeView): readonly (Value | undefined)[] {
  const value = node.value(0)
  return [node.operator === 'Identity' || node.operator === 'Cast' ? value : { shape: value.shape }]
}

const arithmetic: { readonly [operator: string]: (a: number, b: number) => number } = { Add: (a, b) => a + b, Sub: (a, b) => a - b, Mul: (a, b) => a * b, Div: (a, b) => Math.trunc(a / b) }

/** Arithmetic on shapes is followed, too: exporters compute the sizes of a Reshape with it. */
function elementWise(node: NodeView): readonly Value[] {
  const inputs = Array.from({ length: node.inputCount }, (_, input) => node.value(input))
  const shape = broadcast(inputs.map((input) => input.shape))
  const [a, b] = inputs.map(({ elements }) => elements)
  const compute = arithmetic[node.operator]
  if (compute === undefined || a === undefined || b === undefined || shape.length > 1) return [{ shape }]
  const at = (list: readonly number[], index: number): number => list[list.length === 1 ? 0 : index]!
  return [{ shape, elements: Array.from({ length: sizeOf(shape) }, (_, index) => compute(at(a, index), at(b, index))) }]
}

function reduced(node: NodeView): readonly Value[] {
  const shape = node.shape(0)
  const listed = node.listed('axes', 1)?.map((axis) => axisOf(axis, shape.length))
  const none = listed === undefined || listed.length === 0
  if (none && node.int('noop_with_empty_axes', 0) === 1) return [{ shape }]
  const axes = none ? shape.map((_, axis) => axis) : listed
  const keep = node.int('keepdims', 1) === 1
  return [{ shape: shape.flatMap((size, axis) => (!axes.includes(axis) ? [size] : keep ? [1] : [])) }]
}

function argument(node: NodeView): readonly Value[] {
  const shape = node.shape(0)
  const axis = axisOf(node.int('axis', 0), shape.length)
  return [{ shape: node.int('keepdims', 1) === 1 ? shape.with(axis, 1) : shape.toSpliced(axis, 1) }]
}

function pooled(node: NodeView): readonly Value[] {
  const [batch, channels, ...spatial] = node.shape(0)
  const kernel = node.ints('kernel_shape') ?? []
  if (kernel.length !== spatial.length) throw new Unknown('its kernel_shape does not fit its input')
  const value = { shape: [batch!, channels!, ...slidWindow(node, spatial, kernel)] }
  return [value, value]
}

function concatenated(node: NodeView): readonly Value[] {
  const inputs = Array.from({ length: node.inputCount }, (_, input) => node.value(input))
  const [first] = inputs
  if (first === undefined) throw new Unknown('it has no inputs')
  const axis = axisOf(node.int('axis', 0), first.shape.length)
  const shape = first.shape.with(axis, inputs.reduce((sum, input) => sum + (input.shape[axis] ?? Number.NaN), 0))
  const known = shape.length === 1 && inputs.every(({ elements }) => elements !== undefined)
  return [withElements(wholeSizes(shape), known ? inputs.flatMap(({ elements }) => elements!) : undefined)]
}

function gathered(node: NodeView): readonly Value[] {
  const { shape, elements } = node.value(0)
  const indices = node.value(1)
  const axis = axisOf(node.int('axis', 0), shape.length)
  const result = [...shape.slice(0, axis), ...indices.shape, ...shape.slice(axis + 1)]
  if (elements === undefined || indices.elements === undefined || shape.length !== 1) return [{ shape: result }]
  return [{ shape: result, elements: indices.elements.map((index) => elements[axisOf(index, elements.length)]!) }]
}

function padded(node: NodeView): readonly Value[] {
  const shape = node.shape(0)
  const pads = required(node, 'pads', 1)
  const axes = node.has(3) ? required(node, 'axes', 3).map((axis) => axisOf(axis, shape.length)) : shape.map((_, axis) => axis)
  const result = [...shape]
  axes.forEach((axis, index) => (result[axis]! += pads[index]! + pads[index + axes.length]!))
  return [{ shape: wholeSizes(result) }]
}

function reshaped(node: NodeView): readonly Value[] {
  const { shape, elements } = node.value(0)
  const wanted = required(node, 'shape', 1).map((size, axis) => (size === 0 && node.int('allowzero', 0) === 0 ? (shape[axis] ?? 0) : size))
  const rest = sizeOf(shape) / sizeOf(wanted.filter((size) => size !== -1))
  return [withElements(wholeSizes(wanted.map((size) => (size === -1 ? rest : size))), elements)]
}

function resized(node: NodeView, scalesInput: number, sizesInput: number): readonly Value[] {
  const shape = node.shape(0)
  const axes = node.ints('axes')?.map((axis) => axisOf(axis, shape.length)) ?? shape.map((_, axis) => axis)
  const fitting = (numbers: readonly number[] | undefined, what: string): readonly number[] => {
    if (numbers === undefined) throw new Unknown(`its ${what} are computed while the model runs`)
    if (numbers.length !== axes.length) throw new Unknown(`its ${what} are ${numbers.length} numbers for ${axes.length} dimensions`)
    return numbers
  }
  const changed = (change: (size: number, index: number) => number): readonly Value[] => [{ shape: wholeSizes(shape.map((size, axis) => (axes.includes(axis) ? change(size, axes.indexOf(axis)) : size))) }]
  if (node.has(sizesInput)) {
    const sizes = fitting(node.value(sizesInput).elements, 'sizes')
    const policy = node.text('keep_aspect_ratio_policy', 'stretch')
    if (policy === 'stretch') return changed((_, index) => sizes[index]!)
    const ratios = axes.map((axis, index) => sizes[index]! / shape[axis]!)
    const ratio = policy === 'not_larger' ? Math.min(...ratios) : Math.max(...ratios)
    return changed((size) => Math.round(size * ratio))
  }
  const scales = fitting(node.has(scalesInput) ? node.value(scalesInput).scales : node.attribute('scales')?.floats, 'scales')
  return changed((size, index) => Math.floor(size * scales[index]!))
}

function sliced(node: NodeView): readonly Value[] {
  const { shape, elements } = node.value(0)
  const starts = required(node, 'starts', 1)
  const ends = required(node, 'ends', 2)
  const axes = node.listed('axes', 3)?.map((axis) => axisOf(axis, shape.length)) ?? starts.map((_, index) => index)
  const steps = node.has(4) ? required(node, 'steps', 4) : starts.map(() => 1)
  const result = [...shape]
  let kept = elements
  axes.forEach((axis, index) => {
    const size = shape[axis]!
    const step = steps[index]!
    const clamp = (position: number, low: number, high: number): number => Math.min(Math.max(position < 0 ? position + size : position, low), high)
    const start = step > 0 ? clamp(starts[index]!, 0, size) : clamp(starts[index]!, 0, size - 1)
    const end = step > 0 ? clamp(ends[index]!, 0, size) : clamp(ends[index]!, -1, size - 1)
    result[axis] = Math.max(0, Math.ceil((end - start) / step))
    kept = kept !== undefined && shape.length === 1 ? Array.from({ length: result[axis] }, (_, position) => elements![start + position * step]!) : undefined
  })
  return [withElements(wholeSizes(result), kept)]
}

function split(node: NodeView): readonly Value[] {
  const shape = node.shape(0)
  const axis = axisOf(node.int('axis', 0), shape.length)
  const count = node.outputCount
  const part = Math.ceil(shape[axis]! / count)
  const sizes = node.listed('split', 1) ?? Array.from({ length: count }, (_, index) => Math.min(part, shape[axis]! - index * part))
  return sizes.map((size) => ({ shape: wholeSizes(shape.with(axis, size)) }))
}
