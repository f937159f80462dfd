import { describe, expect, it, test } from 'vitest'
import { createModelBuilder, int64Tensor, readModel, OnnxFormatError, type ModelBuilder } from './index.ts'
import { missingPython, runPython } from '../../../tools/python/run.mjs'

function affine(): ModelBuilder {
  const model = createModelBuilder({ graphName: 'affine', producerName: 'attune-test', producerVersion: '1', metadata: { study: 'mnist', größe: '3 µs' } })
  const x = model.input('x', 'float32', ['N', 3])
  const w = model.initializer('w', { data: Float32Array.of(1, 2, 3, 4, 5, 6), dims: [3, 2] })
  const b = model.initializer('b', { data: Float32Array.of(0.5, -0.5), dims: [2] })
  const z = model.node('Gemm', [x, w, b], { attributes: { alpha: { float: 2 }, transB: { int: 0 } } })
  const shape = model.initializer('shape', int64Tensor([-1, 2, 1]))
  model.node('Reshape', [z, shape], { outputs: ['y'] })
  model.output('y', 'float32', ['N', 2, 1])
  return model
}

describe('createModelBuilder', () => {
  it('writes what readModel reads back', () => {
    const model = readModel(affine().toBytes())
    expect(model).toMatchObject({ irVersion: 10, opsets: [{ domain: '', version: 21 }], producerName: 'attune-test', producerVersion: '1', graphName: 'affine', parameterCount: 8, externalFiles: [] })
    expect([...model.metadata]).toEqual([['study', 'mnist'], ['größe', '3 µs']])
    expect(model.inputs).toEqual([{ name: 'x', kind: 'tensor', elementType: 'float32', shape: ['N', 3] }])
    expect(model.outputs).toEqual([{ name: 'y', kind: 'tensor', elementType: 'float32', shape: ['N', 2, 1] }])
    expect(model.initializers.map(({ name, elementType, dims }) => [name, elementType, dims])).toEqual([['w', 'float32', [3, 2]], ['b', 'float32', [2]], ['shape', 'int64', [3]]])
    expect(model.nodes.map((node) => node.operator)).toEqual(['Gemm', 'Reshape'])
    expect(model.tensor('w')).toEqual({ elementType: 'float32', dims: [3, 2], data: Float32Array.of(1, 2, 3, 4, 5, 6) })
    expect(model.tensor('shape').data).toEqual(BigInt64Array.of(-1n, 2n, 1n))
  })

  it('gives bytes of their own, not a view of a shared pool', () => {
    const bytes = affine().toBytes()
    expect(bytes.constructor).toBe(Uint8Array)
    expect(bytes.byteLength).toBe(bytes.buffer.byteLength)
  })

  it('round-trips every element type, at an odd offset of its buffer', () => {
    const model = createModelBuilder({ graphName: 'types' })
    const sources = [
      { data: Float32Array.of(1.5, -0, Infinity), dims: [3] }, { data: Float64Array.of(Math.PI), dims: [] }, { data: Int8Array.of(-128, 127), dims: [2, 1] },
      { data: Uint8Array.of(255), dims: [1] }, { data: new Uint16Array(Uint16Array.of(0, 65535, 7).buffer, 2, 2), dims: [2] }, { data: Int16Array.of(-32768), dims: [1] },
      { data: Int32Array.of(-(2 ** 31)), dims: [1] }, { data: Uint32Array.of(2 ** 32 - 1), dims: [1] }, { data: BigInt64Array.of(-(2n ** 63n)), dims: [1] },
      { data: BigUint64Array.of(2n ** 64n - 1n), dims: [1] }, { data: new Float32Array(0), dims: [0, 4] },
      { data: Uint8Array.of(1, 0), dims: [2], elementType: 'bool' }, { data: Uint16Array.of(0x3c00), dims: [1], elementType: 'float16' },
    ] as const
    sources.forEach((source, index) => model.initializer(`t${index}`, source))
    model.output('t0', 'float32', [3])
    const read = readModel(model.toBytes())
    sources.forEach((source, index) => expect(read.tensor(`t${index}`)).toMatchObject({ data: source.data, dims: source.dims }))
    expect(read.tensor('t11').elementType).toBe('bool')
    expect(read.initializers[12]).toMatchObject({ elementType: 'float16' })
  })

  it('takes a graph as an attribute, which sees the values around it', () => {
    const model = createModelBuilder({ graphName: 'running sums' })
    model.input('start', 'float32', [2])
    model.input('rows', 'float32', ['N', 2])
    model.initializer('factor', { data: Float32Array.of(2), dims: [] })
    const body = model.subgraph('body')
    body.input('sum', 'float32', [2])
    body.input('row', 'float32', [2])
    body.node('Mul', ['row', 'factor'], { outputs: ['scaled'] })
    body.node('Add', ['sum', 'scaled'], { outputs: ['next'] })
    body.output('next', 'float32', [2])
    expect(() => body.input('rows', 'float32', [2])).toThrow(/"rows" is defined twice/)
    expect(() => model.subgraph('empty').toGraph()).toThrow(/has no output/)
    model.node('Scan', ['start', 'rows'], { outputs: ['total'], attributes: { num_scan_inputs: { int: 1 }, body: { graph: body.toGraph() } } })
    model.output('total', 'float32', [2])
    const scan = readModel(model.toBytes()).message.graph?.node[0]
    expect(scan?.attribute.find(({ name }) => name === 'body')?.g?.node.map(({ opType }) => opType)).toEqual(['Mul', 'Add'])
  })

  it.each([
    ['a value used before it is defined', (m: ModelBuilder) => m.node('Relu', ['nowhere']), 'ONNX_INVALID_GRAPH', /"Relu_0" \(Relu\) uses "nowhere"/],
    ['a name twice', (m: ModelBuilder) => [m.input('x', 'float32', [1]), m.initializer('x', int64Tensor([1]))], 'ONNX_INVALID_GRAPH', /"x" is defined twice/],
    ['an unknown output', (m: ModelBuilder) => m.output('y', 'float32', [1]), 'ONNX_INVALID_GRAPH', /uses "y"/],
    ['no output', (m: ModelBuilder) => m.toBytes(), 'ONNX_INVALID_GRAPH', /has no output/],
    ['an empty name', (m: ModelBuilder) => m.input('', 'float32', [1]), 'ONNX_INVALID_GRAPH', /needs a name/],
    ['a negative dimension', (m: ModelBuilder) => m.input('x', 'float32', [-1]), 'ONNX_INVALID_GRAPH', /-1 is no dimension/],
    ['a fraction as int', (m: ModelBuilder) => [m.input('x', 'float32', [1]), m.node('Softmax', ['x'], { attributes: { axis: { int: 0.5 } } })], 'ONNX_INVALID_GRAPH', /0\.5 is no whole number/],
    ['too little data', (m: ModelBuilder) => m.initializer('w', { data: new Float32Array(5), dims: [2, 3] }), 'ONNX_INVALID_TENSOR', /"w": shape \[2, 3\] needs 6 elements, the data has 5/],
    ['another array than the type says', (m: ModelBuilder) => m.initializer('w', { data: new Float32Array(1), dims: [1], elementType: 'bool' }), 'ONNX_INVALID_TENSOR', /bool data must be a Uint8Array, got Float32Array/],
    ['a negative size', (m: ModelBuilder) => m.initializer('w', { data: new Float32Array(0), dims: [-1] }), 'ONNX_INVALID_TENSOR', /whole number/],
  ])('refuses %s', (_name, build, code, message) => {
    const attempt = (): unknown => build(createModelBuilder({ graphName: 'g' }))
    expect(attempt).toThrow(message)
    expect(attempt).toThrow(expect.objectContaining({ name: 'OnnxFormatError', code }))
    expect(attempt).toThrow(OnnxFormatError)
  })
})

test.skipIf(missingPython !== undefined)(`Python's checker accepts the model and its runtime computes it${missingPython ? ` (skipped: ${missingPython})` : ''}`, () => {
  const program = `
import sys, json, onnx, numpy, onnxruntime
data = sys.stdin.buffer.read()
model = onnx.load_from_string(data)
onnx.checker.check_model(model, full_check=True)
session = onnxruntime.InferenceSession(data, providers=['CPUExecutionProvider'])
y = session.run(None, {'x': numpy.array([[1, 0, 0], [0, 1, 1]], dtype=numpy.float32)})[0]
print(json.dumps({'y': y.tolist(), 'metadata': {p.key: p.value for p in model.metadata_props}, 'shape': [d.dim_param or d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim]}))`
  expect(runPython(program, affine().toBytes())).toEqual({ y: [[[2.5], [3.5]], [[16.5], [19.5]]], metadata: { study: 'mnist', größe: '3 µs' }, shape: ['N', 3] })
})
