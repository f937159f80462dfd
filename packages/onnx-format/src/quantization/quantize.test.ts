import { describe, expect, it, test } from 'vitest'
import { missingPython, runPython } from '../../../../tools/python/run.mjs'
import { createModelBuilder, onnx, quantize, readModel, type ModelBuilder, type ModelBuilderOptions } from '../index.ts'
import { toFloat16 } from './float16.ts'

/** Numbers in [-1, 1) that look random and never change. */
function numbers(count: number, seed: number, size = 1): Float32Array {
  let state = seed
  return Float32Array.from({ length: count }, () => ((state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 31 - 1) * size)
}

const weight = (m: ModelBuilder, name: string, dims: readonly number[]): string => m.initializer(name, { data: numbers(dims.reduce((a, b) => a * b, 1), dims.length + name.length), dims })

function model(shape: readonly (number | string)[], build: (m: ModelBuilder, x: string) => string, { rank = 2, ...options }: Partial<ModelBuilderOptions> & { readonly rank?: number } = {}): Uint8Array {
  const m = createModelBuilder({ graphName: 'g', ...options })
  m.node('Identity', [build(m, m.input('x', 'float32', shape))], { outputs: ['y'] })
  m.output('y', 'float32', Array.from<null>({ length: rank }).fill(null))
  return m.toBytes()
}

/** A weight that only the branches of an If use. */
function inSubgraph(): Uint8Array {
  const bytes = model([2, 16], (m, x) => m.node('Mul', [x, m.node('ReduceMax', [weight(m, 'w', [16, 16])])]))
  const { message } = readModel(bytes)
  const { GRAPH } = onnx.AttributeProto.AttributeType
  const branch = (name: string, left: string): object => ({ name, type: GRAPH, g: { name, node: [{ opType: 'MatMul', input: [left, 'w'], output: [`${name}_y`] }], output: [{ name: `${name}_y`, type: { tensorType: { elemType: 1, shape: { dim: [{}, {}] } } } }] } })
  const node = [
    { opType: 'Constant', output: ['yes'], attribute: [{ name: 'value', type: onnx.AttributeProto.AttributeType.TENSOR, t: { dataType: 9, rawData: Uint8Array.of(1) } }] },
    { opType: 'MatMul', input: ['x', 'w'], output: ['product'] },
    { opType: 'If', input: ['yes'], output: ['y'], attribute: [branch('then_branch', 'x'), branch('else_branch', 'product')] },
  ]
  return onnx.ModelProto.encode({ ...message, graph: { ...message.graph!, node } }).finish()
}

/** A weight that the model also answers. */
function asOutput(): Uint8Array {
  const { message } = readModel(model(['N', 16], (m, x) => m.node('MatMul', [x, weight(m, 'w', [16, 16])])))
  return onnx.ModelProto.encode({ ...message, graph: { ...message.graph!, output: [...message.graph!.output, { name: 'w', type: message.graph!.output[0]!.type }] } }).finish()
}

const models: { readonly [name: string]: { readonly bytes: Uint8Array; readonly shape: readonly number[] } } = {
  dense: { shape: [3, 32], bytes: model(['N', 32], (m, x) => m.node('Gemm', [m.node('Relu', [m.node('Gemm', [x, weight(m, 'w1', [32, 24]), weight(m, 'b1', [24])])]), weight(m, 'w2', [10, 24])], { attributes: { transB: { int: 1 } } })) },
  matmul: { shape: [2, 5, 32], bytes: model([2, 5, 32], (m, x) => m.node('MatMul', [x, weight(m, 'w', [2, 32, 8])]), { rank: 3 }) },
  vector: { shape: [2, 200], bytes: model([2, 200], (m, x) => m.node('MatMul', [x, weight(m, 'w', [200])]), { rank: 1 }) },
  conv: { shape: [2, 3, 8, 8], bytes: model(['N', 3, 8, 8], (m, x) => m.node('ConvTranspose', [m.node('Conv', [x, weight(m, 'k', [8, 3, 3, 3])]), weight(m, 'kt', [8, 4, 3, 3])]), { rank: 4 }) },
  recurrent: { shape: [4, 2, 8], bytes: model([4, 2, 8], (m, x) => {
    const lstm = m.node('LSTM', [x, weight(m, 'w', [2, 64, 8]), weight(m, 'r', [2, 64, 16])], { attributes: { hidden_size: { int: 16 }, direction: { string: 'bidirectional' } } })
    return m.node('GRU', [m.node('ReduceMean', [lstm], { attributes: { axes: { ints: [1] }, keepdims: { int: 0 } } }), weight(m, 'wg', [1, 24, 16]), weight(m, 'rg', [1, 24, 8])], { attributes: { hidden_size: { int: 8 } } })
  }, { opset: 17, rank: 4 }) },
  embedding: { shape: [2, 8], bytes: model([2, 8], (m, x) => m.node('Gather', [weight(m, 'table', [20, 16]), m.node('Cast', [m.node('Abs', [x])], { attributes: { to: { int: 7 } } })]), { rank: 3 }) },
  shared: { shape: [2, 16], bytes: model([2, 16], (m, x) => {
    const w = weight(m, 'w', [16, 16])
    return m.node('Gemm', [m.node('Gemm', [x, w]), w], { attributes: { transB: { int: 1 } } })
  }) },
  subgraph: { shape: [2, 16], bytes: inSubgraph() },
  output: { shape: [2, 16], bytes: asOutput() },
}

describe('quantize', () => {
  it('to int8 keeps each weight within half a step of its channel, and biases as they are', () => {
    const { bytes, quantized, kept } = quantize(models['dense']!.bytes, { weights: 'int8' })
    expect({ quantized, kept }).toEqual({ quantized: ['w1', 'w2'], kept: [] })
    const before = readModel(models['dense']!.bytes)
    const after = readModel(bytes)
    expect(after.initializers.map(({ name, elementType, dims }) => [name, elementType, dims])).toEqual([['w1_int8', 'int8', [32, 24]], ['w1_scale', 'float32', [24]], ['b1', 'float32', [24]], ['w2_int8', 'int8', [10, 24]], ['w2_scale', 'float32', [10]]])
    for (const [name, channelOf] of [['w1', (index: number) => index % 24], ['w2', (index: number) => Math.floor(index / 24)]] as const) {
      const scales = after.tensor(`${name}_scale`).data as Float32Array
      const stored = after.tensor(`${name}_int8`).data as Int8Array
      const largest = new Map<number, number>()
      before.tensor(name).data.forEach((value, index) => {
        const channel = channelOf(index)
        expect(Math.abs(Number(value) - stored[index]! * scales[channel]!)).toBeLessThanOrEqual(scales[channel]! * 0.500001)
        largest.set(channel, Math.max(largest.get(channel) ?? 0, Math.abs(stored[index]!)))
      })
      expect(new Set(largest.values())).toEqual(new Set([127]))
    }
  })

  it('makes a model of many weights four times, or twice, as small', () => {
    const large = model(['N', 256], (m, x) => m.node('MatMul', [x, weight(m, 'w', [256, 256])]))
    expect(large.length / quantize(large, { weights: 'int8' }).bytes.length).toBeGreaterThan(3.8)
    expect(large.length / quantize(large, { weights: 'float16' }).bytes.length).toBeGreaterThan(1.95)
  })

  it('keeps a weight with its reason where it cannot be stored so', () => {
    const awkward = (value: number): Uint8Array => model(['N', 16], (m, x) => m.node('MatMul', [x, m.initializer('w', { data: numbers(256, 1).fill(value, 7, 8), dims: [16, 16] })]))
    expect(quantize(awkward(70_000), { weights: 'float16' })).toMatchObject({ quantized: [], kept: [{ name: 'w', reason: expect.stringContaining('65504') }] })
    expect(quantize(awkward(70_000), { weights: 'int8' })).toMatchObject({ quantized: ['w'] })
    expect(quantize(awkward(Number.NaN), { weights: 'int8' })).toMatchObject({ quantized: [], kept: [{ name: 'w', reason: expect.stringContaining('not finite') }] })
    expect(quantize(awkward(Infinity), { weights: 'float16' })).toMatchObject({ quantized: [] })
    const unused = model(['N', 16], (m, x) => m.node('Mul', [m.node('Add', [x, weight(m, 'bias', [256])]), weight(m, 'table', [16, 256])]))
    expect(quantize(unused, { weights: 'int8' })).toMatchObject({ quantized: [], kept: [{ name: 'table', reason: expect.stringContaining('no operator of the main graph') }] })
    const listed = readModel(awkward(1)).message
    const replaceable = onnx.ModelProto.encode({ ...listed, graph: { ...listed.graph!, input: [...listed.graph!.input, { name: 'w', type: listed.graph!.input[0]!.type }] } }).finish()
    expect(quantize(replaceable, { weights: 'int8' })).toMatchObject({ quantized: [], kept: [{ name: 'w', reason: expect.stringContaining('input') }] })
  })

  it('leaves small tensors, and takes names that are free', () => {
    expect(quantize(models['dense']!.bytes, { weights: 'int8', minElements: 500 }).quantized).toEqual(['w1'])
    const taken = model(['N', 16], (m, x) => m.node('MatMul', [m.node('Identity', [x], { outputs: ['w_int8'] }), weight(m, 'w', [16, 16])]))
    expect(readModel(quantize(taken, { weights: 'int8' }).bytes).initializers.map(({ name }) => name)).toEqual(['w_int8_2', 'w_scale'])
    expect(quantize(quantize(taken, { weights: 'int8' }).bytes, { weights: 'int8' }).quantized).toEqual([])
  })

  it('stores channels of zeros, of one number and of numbers below all scales', () => {
    const data = new Float32Array(256)
    data.fill(2 ** -140, 16, 32).fill(-3, 32, 48)
    const { bytes } = quantize(model(['N', 16], (m, x) => m.node('Gemm', [x, m.initializer('w', { data, dims: [16, 16] })], { attributes: { transB: { int: 1 } } })), { weights: 'int8' })
    const read = readModel(bytes)
    expect(Array.from((read.tensor('w_scale').data as Float32Array).subarray(0, 3))).toEqual([2 ** -126, 2 ** -126, Math.fround(3 / 127)])
    expect(Array.from((read.tensor('w_int8').data as Int8Array).subarray(0, 48))).toEqual([...Array.from<number>({ length: 32 }).fill(0), ...Array.from<number>({ length: 16 }).fill(-127)])
  })

  it.each<readonly [string, () => unknown, string, RegExp]>([
    ['an old operator set', () => quantize(model(['N', 2], (_m, x) => x, { opset: 11 }), { weights: 'int8' }), 'ONNX_UNSUPPORTED', /operator set 13 on, the model has 11/],
    ['another kind of weights', () => quantize(models['dense']!.bytes, { weights: 'int4' as 'int8' }), 'ONNX_UNSUPPORTED', /'int8' or 'float16', got "int4"/],
    ['half an element', () => quantize(models['dense']!.bytes, { weights: 'int8', minElements: 0.5 }), 'ONNX_UNSUPPORTED', /minElements/],
    ['what is no model', () => quantize(Uint8Array.of(1, 2), { weights: 'int8' }), 'ONNX_MALFORMED', /no ONNX model/],
  ])('refuses %s', (_, attempt, code, message) => {
    expect(attempt).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) }))
  })
})

test.skipIf(missingPython !== undefined)(`Python's checker accepts rewritten models, and its runtime gives nearly the same${missingPython ? ` (skipped: ${missingPython})` : ''}`, () => {
  const program = `
import sys, json, base64, numpy, onnx, onnxruntime
answers = {}
for name, case in json.load(sys.stdin).items():
    x = numpy.random.default_rng(1).uniform(-1, 1, case['shape']).astype(numpy.float32)
    outputs = []
    for text in case['models']:
        data = base64.b64decode(text)
        onnx.checker.check_model(onnx.load_from_string(data), full_check=True)
        outputs.append(onnxruntime.InferenceSession(data, providers=['CPUExecutionProvider']).run(None, {'x': x}))
    distance = lambda a, b: float(numpy.abs(a - b).max() / numpy.abs(b).max())
    answers[name] = [max(distance(a, b) for a, b in zip(output, outputs[0], strict=True)) for output in outputs]
print(json.dumps(answers))`
  const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')
  const cases = Object.fromEntries(Object.entries(models).map(([name, { bytes, shape }]) => {
    const rewritten = (['int8', 'float16'] as const).map((weights) => quantize(bytes, { weights }))
    for (const { quantized } of rewritten) expect(quantized).not.toEqual([])
    return [name, { shape, models: [bytes, ...rewritten.map((result) => result.bytes)].map(base64) }]
  }))
  const answers = runPython(program, new TextEncoder().encode(JSON.stringify(cases))) as { readonly [name: string]: readonly [number, number, number] }
  expect(Object.keys(answers)).toEqual(Object.keys(models))
  for (const [name, [, int8, half]] of Object.entries(answers)) {
    // Weights of one size: steps of 1/127 and 2^-11 of the largest, whose errors partly cancel.
    expect([name, int8 > 0 && int8 < 0.02, half > 0 && half < 0.001]).toEqual([name, true, true])
  }
})

test.skipIf(missingPython !== undefined)(`float16 is rounded as numpy rounds it${missingPython ? ` (skipped: ${missingPython})` : ''}`, () => {
  // Every binary16 number, what lies halfway to the next, and what lies beside that.
  const halves = new Float32Array(4 * 65536)
  const bits = new Uint32Array(halves.buffer)
  for (let index = 0; index < bits.length; index++) bits[index] = Math.imul(index, 0x4001) + ((index % 5) - 2)
  const program = `
import sys, json, base64, numpy, warnings
warnings.simplefilter('ignore')
values = numpy.frombuffer(sys.stdin.buffer.read(), dtype=numpy.float32)
print(json.dumps(base64.b64encode(numpy.where(numpy.isnan(values), numpy.float32(0), values).astype(numpy.float16).tobytes()).decode()))`
  const expected = new Uint16Array(Uint8Array.from(Buffer.from(String(runPython(program, new Uint8Array(halves.buffer))), 'base64')).buffer)
  expect(Buffer.from(toFloat16(halves.map((value) => (Number.isNaN(value) ? 0 : value))).buffer).equals(Buffer.from(expected.buffer))).toBe(true)
})
