import { describe, expect, it, test } from 'vitest'
import { missingPython, runPython } from '../../../../tools/python/run.mjs'
import { createModelBuilder, int64Tensor, onnx, readModel, type AttributeValue, type ModelBuilder } from '../index.ts'
import { analyseGraph, countMultiplyAdds } from './count-multiply-adds.ts'

type Attributes = Readonly<Record<string, AttributeValue>>

const weight = (m: ModelBuilder, name: string, dims: readonly number[]): string => m.initializer(name, { data: new Float32Array(dims.reduce((a, b) => a * b, 1)), dims })
const whole = (m: ModelBuilder, name: string, values: readonly number[]): string => m.initializer(name, int64Tensor(values))

/** A model from x to y. */
function model(shape: readonly (number | string)[], build: (m: ModelBuilder, x: string) => string): Uint8Array {
  const m = createModelBuilder({ graphName: 'g' })
  m.output(build(m, m.input('x', 'float32', shape)), 'float32', [null])
  return m.toBytes()
}

const count = (shape: readonly (number | string)[], build: (m: ModelBuilder, x: string) => string, inputs?: { readonly x: readonly number[] }): ReturnType<typeof countMultiplyAdds> => countMultiplyAdds(readModel(model(shape, build)), inputs)

const dense = (m: ModelBuilder, x: string, from: number, to: number): string => m.node('Gemm', [x, weight(m, `w${from}-${to}`, [from, to]), weight(m, `b${from}-${to}`, [to])])
const conv = (m: ModelBuilder, x: string, kernel: readonly number[], attributes: Attributes = {}): string => m.node('Conv', [x, weight(m, `k${kernel.join('-')}`, kernel)], { attributes })

describe('countMultiplyAdds', () => {
  it('counts LeNet-5 as it is counted by hand', () => {
    // 28·28·6·25 + 10·10·16·(6·25) + 400·120 + 120·84 + 84·10
    const { total, byOperator, unknown } = count(['N', 1, 32, 32], (m, x) => {
      const pool = (value: string): string => m.node('MaxPool', [value], { attributes: { kernel_shape: { ints: [2, 2] }, strides: { ints: [2, 2] } } })
      const features = pool(m.node('Tanh', [conv(m, pool(m.node('Tanh', [conv(m, x, [6, 1, 5, 5])])), [16, 6, 5, 5])]))
      const tanh = (value: string): string => m.node('Tanh', [value])
      return m.node('Softmax', [dense(m, tanh(dense(m, tanh(dense(m, m.node('Flatten', [features]), 400, 120)), 120, 84)), 84, 10)])
    })
    expect({ total, byOperator, unknown }).toEqual({ total: 416_520, byOperator: { Conv: 357_600, Gemm: 58_920 }, unknown: [] })
  })

  it.each<readonly [string, number, readonly (number | string)[], (m: ModelBuilder, x: string) => string]>([
    ['a padded, strided convolution (the first of ResNet-50: 112·112·64·3·49)', 118_013_952, ['N', 3, 224, 224], (m, x) => conv(m, x, [64, 3, 7, 7], { strides: { ints: [2, 2] }, pads: { ints: [3, 3, 3, 3] } })],
    ['a depthwise and a pointwise one (MobileNet: 112·112·32·9 + 112·112·32·64)', 3_612_672 + 25_690_112, ['N', 32, 112, 112], (m, x) => conv(m, conv(m, x, [32, 1, 3, 3], { auto_pad: { string: 'SAME_UPPER' }, group: { int: 32 } }), [64, 32, 1, 1])],
    ['a dilated one over time (96·8·4·3)', 9216, [1, 4, 100], (m, x) => conv(m, x, [8, 4, 3], { dilations: { ints: [2] } })],
    ['a transposed one (7·7·16·8·16)', 100_352, ['N', 16, 7, 7], (m, x) => m.node('ConvTranspose', [x, weight(m, 'w', [16, 8, 4, 4])], { attributes: { strides: { ints: [2, 2] }, pads: { ints: [1, 1, 1, 1] } } })],
    ['a convolution after a transposed one (7·7·16·8·16 + 14·14·8)', 100_352 + 1568, ['N', 16, 7, 7], (m, x) => conv(m, m.node('ConvTranspose', [x, weight(m, 'w', [16, 8, 4, 4])], { attributes: { strides: { ints: [2, 2] }, pads: { ints: [1, 1, 1, 1] } } }), [1, 8, 1, 1])],
    ['a transposed matrix (3·5)', 15, ['N', 3], (m, x) => m.node('Gemm', [x, weight(m, 'w', [5, 3])], { attributes: { transB: { int: 1 } } })],
    ['attention scores (4 heads of 10·8·10)', 3200, [1, 4, 10, 8], (m, x) => m.node('MatMul', [x, m.node('Transpose', [x], { attributes: { perm: { ints: [0, 1, 3, 2] } } })])],
    ['an LSTM both ways (12·2·4·16·(8+16))', 36_864, [12, 1, 8], (m, x) => m.node('LSTM', [x, weight(m, 'w', [2, 64, 8]), weight(m, 'r', [2, 64, 16])], { attributes: { hidden_size: { int: 16 }, direction: { string: 'bidirectional' } } })],
    ['a GRU (5·3·4·(2+4))', 360, [5, 1, 2], (m, x) => m.node('GRU', [x, weight(m, 'w', [1, 12, 2]), weight(m, 'r', [1, 12, 4])], { attributes: { hidden_size: { int: 4 } } })],
    ['a plain RNN with its last state (5·4·(2+4) + 4·3)', 132, [5, 1, 2], (m, x) => {
      m.node('RNN', [x, weight(m, 'w', [1, 4, 2]), weight(m, 'r', [1, 4, 4])], { attributes: { hidden_size: { int: 4 } }, outputs: ['all', 'last'] })
      return m.node('MatMul', ['last', weight(m, 'd', [4, 3])])
    }],
    ['sizes that are computed from shapes, as PyTorch exports a view (48·10)', 480, ['N', 3, 4, 4], (m, x) => {
      const rows = m.node('Unsqueeze', [m.node('Gather', [m.node('Shape', [x]), m.initializer('zero', { data: BigInt64Array.of(0n), dims: [] })]), whole(m, 'axes', [0])])
      return m.node('MatMul', [m.node('Reshape', [x, m.node('Concat', [rows, whole(m, 'rest', [-1])], { attributes: { axis: { int: 0 } } })]), weight(m, 'w', [48, 10])])
    }],
    // Encoder 4·4·8·3·9; the decoder sees [1, 8 + 3, 8, 8]: 8·8·5·11·9.
    ['an encoder and decoder that are joined (4·4·8·3·9 + 8·8·5·11·9)', 3456 + 31_680, ['N', 3, 8, 8], (m, x) => {
      const half = m.node('Mish', [conv(m, x, [8, 3, 3, 3], { strides: { ints: [2, 2] }, pads: { ints: [1, 1, 1, 1] } })])
      const scales = m.initializer('scales', { data: Float32Array.of(1, 1, 2, 2), dims: [4] })
      return conv(m, m.node('Concat', [m.node('Resize', [half, '', scales]), x], { attributes: { axis: { int: 1 } } }), [5, 11, 3, 3], { pads: { ints: [1, 1, 1, 1] } })
    }],
    ['element-wise arithmetic, which has none', 0, ['N', 3], (m, x) => m.node('Relu', [m.node('Mul', [m.node('Add', [x, x]), x])])],
  ])('counts %s', (_, total, shape, build) => {
    expect(count(shape, build)).toMatchObject({ total, unknown: [] })
  })

  it('takes shapes that the model leaves open, and lists what it cannot know without them', () => {
    const build = (m: ModelBuilder, x: string): string => m.node('MatMul', [x, weight(m, 'w', [4, 2])])
    expect(count(['N', 'T', 4], build)).toEqual({ total: 0, byOperator: {}, unknown: [{ operator: 'MatMul', node: 'MatMul_0', reason: 'the shape of its input "x" is not known' }] })
    expect(count(['N', 'T', 4], build, { x: [1, 7, 4] })).toMatchObject({ total: 56, unknown: [] })
    expect(count(['N', 4], build, { x: [3, 4] })).toMatchObject({ total: 24 })
  })

  it('names operators that it does not know, also of other domains, and counts the others', () => {
    const bytes = model(['N', 4], (m, x) => m.node('Einsum', [m.node('MatMul', [x, weight(m, 'w', [4, 2])])], { attributes: { equation: { string: 'ij->ji' } } }))
    const { message } = readModel(bytes)
    const nodes = [...message.graph!.node, { opType: 'FusedMatMul', domain: 'com.microsoft', input: ['x', 'w'], output: ['z'], name: 'fused' }]
    const both = readModel(onnx.ModelProto.encode({ ...message, graph: { ...message.graph!, node: nodes } }).finish())
    expect(countMultiplyAdds(both)).toMatchObject({ total: 8, unknown: [{ operator: 'Einsum', reason: 'the operator is not known' }, { operator: 'com.microsoft.FusedMatMul', node: 'fused' }] })
  })

  it('says of control flow that it runs a graph of its own', () => {
    const found = count([5, 4], (m, x) => {
      const body = m.subgraph('body')
      body.output(body.node('Relu', [body.input('step', 'float32', [4])]), 'float32', [4])
      return m.node('Scan', [x], { attributes: { body: { graph: body.toGraph() }, num_scan_inputs: { int: 1 } } })
    })
    expect(found).toMatchObject({ total: 0, unknown: [{ operator: 'Scan', reason: expect.stringContaining('a graph of its own') }] })
  })

  it.each<readonly [string, readonly (number | string)[], (m: ModelBuilder, x: string) => string, RegExp]>([
    ['matrices that do not fit', ['N', 3], (m, x) => m.node('MatMul', [x, weight(m, 'w', [4, 2])]), /multiplies \[1, 3\] with \[4, 2\]/],
    ['a window larger than its input', ['N', 1, 2, 2], (m, x) => conv(m, x, [1, 1, 5, 5]), /window does not fit/],
    ['strides of another rank', ['N', 1, 8, 8], (m, x) => conv(m, x, [1, 1, 3, 3], { strides: { ints: [2] } }), /strides has 1 numbers/],
    ['sizes beyond what can be counted', [2 ** 40, 2 ** 40], (m, x) => m.node('MatMul', [x, m.node('Transpose', [x])]), /2\^53/],
    ['a shape that is data', ['N', 4], (m, x) => m.node('MatMul', [m.node('Reshape', [x, m.node('Cast', [x], { attributes: { to: { int: 7 } } })]), weight(m, 'w', [4, 2])]), /shape of its input/],
  ])('lists %s as unknown', (_, shape, build, reason) => {
    expect(count(shape, build)).toMatchObject({ total: 0, unknown: [{ reason: expect.stringMatching(reason) }] })
  })
})

/** One node for each rule that changes shapes, all from x [2, 4, 6, 8]. */
function everyShape(): Uint8Array {
  const m = createModelBuilder({ graphName: 'shapes' })
  const x = m.input('x', 'float32', [2, 4, 6, 8])
  const ints = (values: readonly number[]): { readonly ints: readonly number[] } => ({ ints: values })
  const list = (values: readonly number[]): string => whole(m, `i${unnamed++}`, values)
  let unnamed = 0
  const nodes: readonly (readonly [string, readonly string[], Attributes?, number?])[] = [
    ['Relu', [x]], ['Add', [x, weight(m, 'row', [6, 1])]], ['Flatten', [x], { axis: { int: 2 } }], ['Flatten', [x], { axis: { int: -1 } }], ['Transpose', [x], { perm: ints([0, 2, 3, 1]) }], ['Transpose', [x]],
    ['Concat', [x, x], { axis: { int: -1 } }], ['Reshape', [x, list([0, -1, 16])]], ['Squeeze', [m.node('ReduceSum', [x, list([1, -1])])]], ['Squeeze', [m.node('ReduceMax', [x, list([1])]), list([1])]],
    ['Unsqueeze', [x, list([0, -1])]], ['ReduceMean', [x, list([2, 3])], { keepdims: { int: 0 } }], ['ReduceSum', [x], { keepdims: { int: 0 } }], ['ReduceSum', [x], { noop_with_empty_axes: { int: 1 } }],
    ['ArgMax', [x], { axis: { int: 1 }, keepdims: { int: 0 } }], ['GlobalAveragePool', [x]], ['MaxPool', [x], { kernel_shape: ints([3, 3]), strides: ints([2, 2]), ceil_mode: { int: 1 } }],
    ['MaxPool', [x], { kernel_shape: ints([2, 3]), strides: ints([2, 3]), auto_pad: { string: 'SAME_UPPER' } }], ['AveragePool', [x], { kernel_shape: ints([3, 3]), pads: ints([1, 0, 1, 0]) }],
    ['MaxPool', [x], { kernel_shape: ints([2, 2]), strides: ints([2, 2]), auto_pad: { string: 'VALID' } }],
    ['Slice', [x, list([1, -3]), list([100, -1]), list([1, 3])]], ['Slice', [x, list([5]), list([-100]), list([2]), list([-2])]], ['Split', [x, list([1, 3])], { axis: { int: 1 } }, 2],
    ['Split', [x], { axis: { int: 3 }, num_outputs: { int: 3 } }, 3], ['Gather', [x, list([0, 2, 1])], { axis: { int: 1 } }], ['Gather', [x, m.initializer('scalar', { data: BigInt64Array.of(1n), dims: [] })], { axis: { int: -1 } }],
    ['Pad', [x, list([0, 0, 1, 2, 0, 0, 3, 4])]], ['Tile', [x, list([1, 2, 1, 3])]], ['Expand', [m.node('ReduceSum', [x, list([2])]), list([2, 1, 6, 8])]], ['Shape', [x], { start: { int: 1 } }], ['ConstantOfShape', [list([3, 2])]],
    ['TopK', [x, list([5])], {}, 2], ['OneHot', [list([1, 2]), list([7]), weight(m, 'onoff', [2])]], ['DepthToSpace', [x], { blocksize: { int: 2 } }], ['SpaceToDepth', [x], { blocksize: { int: 2 } }],
    ['Resize', [x, '', '', list([2, 4, 12, 4])]], ['Resize', [x, '', m.initializer('scales', { data: Float32Array.of(1, 1, 2.5, 0.3), dims: [4] })]],
    ['Resize', [x, '', m.initializer('two', { data: Float32Array.of(1.5, 2), dims: [2] })], { axes: ints([3, 2]) }], ['Resize', [x, '', '', list([13, 11])], { axes: ints([2, -1]), keep_aspect_ratio_policy: { string: 'not_larger' } }],
    ['Resize', [x, '', '', list([13, 11])], { axes: ints([2, 3]), keep_aspect_ratio_policy: { string: 'not_smaller' } }], ['Where', [m.node('Greater', [x, x]), x, weight(m, 'last', [8])]], ['Dropout', [x]], ['LayerNormalization', [x, weight(m, 'gain', [8])]], ['Softmax', [x]],
    ['Conv', [x, weight(m, 'k1', [8, 2, 3, 3])], { group: { int: 2 }, dilations: ints([2, 1]), pads: ints([1, 1, 1, 0]) }], ['Conv', [x, weight(m, 'k2', [8, 4, 2, 2])], { auto_pad: { string: 'SAME_LOWER' }, strides: ints([3, 2]) }],
    ['ConvTranspose', [x, weight(m, 'k3', [4, 3, 3, 3])], { group: { int: 2 }, strides: ints([2, 3]), output_padding: ints([1, 0]), pads: ints([0, 1, 0, 1]) }],
    ['ConvTranspose', [x, weight(m, 'k4', [4, 3, 3, 3])], { strides: ints([2, 2]), auto_pad: { string: 'SAME_UPPER' } }],
    ['MatMul', [x, weight(m, 'k5', [8, 5])]], ['MatMul', [weight(m, 'k6', [6]), x]],
    ['LSTM', [weight(m, 'k7', [5, 3, 2]), weight(m, 'k8', [1, 16, 2]), weight(m, 'k9', [1, 16, 4])], { hidden_size: { int: 4 } }, 3],
  ]
  for (const [operator, inputs, attributes = {}, outputs = 1] of nodes) {
    const name = `${operator}_${unnamed++}`
    m.node(operator, inputs, { attributes, outputs: Array.from({ length: outputs }, (_, index) => `${name}_${index}`) })
  }
  m.output(m.node('Relu', [x], { outputs: ['y'] }), 'float32', [2, 4, 6, 8])
  return m.toBytes()
}

test.skipIf(missingPython !== undefined)(`finds the shapes that Python's onnx infers${missingPython ? ` (skipped: ${missingPython})` : ''}`, () => {
  const program = `
import sys, json, onnx
model = onnx.shape_inference.infer_shapes(onnx.load_from_string(sys.stdin.buffer.read()), strict_mode=True, data_prop=True)
print(json.dumps({v.name: [d.dim_value if d.HasField('dim_value') else None for d in v.type.tensor_type.shape.dim] for v in model.graph.value_info}))`
  const bytes = everyShape()
  const expected = runPython(program, bytes) as { readonly [name: string]: readonly number[] }
  const read = readModel(bytes)
  const { values, unknown } = analyseGraph(read, {})
  expect(unknown).toEqual([])
  const names = read.nodes.flatMap(({ outputs }) => outputs).filter((name) => name !== 'y')
  expect(names.length).toBeGreaterThan(50)
  expect(Object.fromEntries(names.map((name) => [name, values.get(name)?.shape]))).toEqual(Object.fromEntries(names.map((name) => [name, expected[name]])))
})
