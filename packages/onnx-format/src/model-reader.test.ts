import protobuf from 'protobufjs/minimal.js'
import { describe, expect, it, test } from 'vitest'
import { createModelBuilder, onnx, readModel, tensorsIn, type MessageInput, type ModelProto, type TensorProto } from './index.ts'
import { missingPython, runPython } from '../../../tools/python/run.mjs'

function encode(model: MessageInput<ModelProto>): Uint8Array {
  return onnx.ModelProto.encode(model).finish()
}

function small(): Uint8Array {
  const model = createModelBuilder({ graphName: 'g' })
  const x = model.input('x', 'float32', ['N'])
  const w = model.initializer('w', { data: Float32Array.of(1), dims: [1] })
  model.node('Add', [x, w], { outputs: ['y'] })
  model.output('y', 'float32', ['N'])
  return model.toBytes()
}

/** A model whose only node holds a graph, whose only node holds a graph, …; wrapped by hand, since the encoder has the same limit. */
function nested(depth: number): Uint8Array {
  const field = (number: number, content: Uint8Array): Uint8Array => protobuf.Writer.create().uint32((number << 3) | 2).bytes(content).finish()
  let graph: Uint8Array = onnx.GraphProto.encode({ name: 'g' }).finish()
  for (let level = 0; level < depth; level++) graph = field(1, field(5, field(6, graph)))
  return Uint8Array.of(...encode({ irVersion: 10, opsetImport: [{ version: 21 }] }), ...field(7, graph))
}

function randomBytes(length: number, seed: number): Uint8Array {
  let state = seed
  return Uint8Array.from({ length }, () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) >>> 24)
}

describe('readModel', () => {
  it('refuses what is no model with one typed error', () => {
    const malformed = expect.objectContaining({ name: 'OnnxFormatError', code: 'ONNX_MALFORMED' })
    const model = small()
    expect(() => readModel(new Uint8Array())).toThrow(malformed)
    expect(() => readModel(new TextEncoder().encode('<!doctype html><title>404</title>'))).toThrow(malformed)
    expect(() => readModel(encode({ irVersion: 10, opsetImport: [{ version: 21 }] }))).toThrow(/no graph/)
    expect(() => readModel(encode({ irVersion: 10, graph: { name: 'g' } }))).toThrow(/no operator set/)
    expect(() => readModel(encode({ opsetImport: [{ version: 21 }], graph: { name: 'g' } }))).toThrow(/no IR version/)
    // Cut at a field's end, a protobuf is still whole: every other cut must be noticed.
    const readable = Array.from(model, (_byte, length) => length).filter((length) => {
      try {
        readModel(model.subarray(0, length))
        return true
      } catch (error) {
        expect(error).toEqual(malformed)
        return false
      }
    })
    expect(readable.length).toBeLessThan(3)
  })

  it('answers random bytes and flipped bytes with a model or a typed error, never anything else', () => {
    const model = small()
    const inputs = [
      ...Array.from({ length: 300 }, (_, seed) => randomBytes(1 + (seed % 64), seed)),
      ...Array.from(model, (byte, index) => Uint8Array.from(model, (value, position) => (position === index ? byte ^ 0xff : value))),
    ]
    for (const bytes of inputs) {
      try {
        readModel(bytes)
      } catch (error) {
        expect(error).toMatchObject({ name: 'OnnxFormatError' })
      }
    }
  })

  it('keeps its limits', () => {
    const tooLarge = expect.objectContaining({ code: 'ONNX_TOO_LARGE' })
    expect(() => readModel(small(), { maxBytes: 20 })).toThrow(tooLarge)
    expect(() => readModel(small(), { maxEntries: 1 })).toThrow(tooLarge)
    expect(() => readModel(small(), { maxStructureBytes: 20 })).toThrow(tooLarge)
    expect(readModel(small(), { maxEntries: 2 }).nodes).toHaveLength(1)
    expect(() => readModel(nested(40))).toThrow(expect.objectContaining({ code: 'ONNX_TOO_DEEP' }))
    expect(readModel(nested(10)).nodes).toHaveLength(1)
  })

  it('does not count weights as structure', () => {
    const model = createModelBuilder({ graphName: 'g' })
    model.initializer('w', { data: new Float32Array(10_000), dims: [10_000] })
    model.output('w', 'float32', [10_000])
    expect(readModel(model.toBytes(), { maxStructureBytes: 200 }).parameterCount).toBe(10_000)
  })

  it('counts packed 64-bit integers as structure, since they grow', () => {
    const model = (initializer: MessageInput<TensorProto>): Uint8Array => encode({ irVersion: 10, opsetImport: [{ version: 21 }], graph: { initializer: [{ name: 'w', dims: [1000], ...initializer }] } })
    const values = Array.from({ length: 1000 }, () => 0)
    const tooLarge = expect.objectContaining({ code: 'ONNX_TOO_LARGE', message: expect.stringContaining('maxStructureBytes') })
    expect(() => readModel(model({ dataType: 7, int64Data: values }), { maxStructureBytes: 200 })).toThrow(tooLarge)
    expect(() => readModel(model({ dataType: 13, uint64Data: values }), { maxStructureBytes: 200 })).toThrow(tooLarge)
    expect(readModel(model({ dataType: 1, floatData: values }), { maxStructureBytes: 200 }).tensor('w').data).toEqual(new Float32Array(1000))
    expect(readModel(model({ dataType: 3, int32Data: values }), { maxStructureBytes: 200 }).tensor('w').data).toEqual(new Int8Array(1000))
  })

  it('finds external data wherever it hides', () => {
    const external = { name: 'w', dataType: 1, dims: [2], dataLocation: 1, externalData: [{ key: 'location', value: '../../etc/passwd' }] }
    const base = { irVersion: 10, opsetImport: [{ version: 21 }] }
    const places: MessageInput<ModelProto>[] = [
      { ...base, graph: { initializer: [external] } },
      { ...base, graph: { sparseInitializer: [{ values: external }] } },
      { ...base, graph: { node: [{ opType: 'Constant', attribute: [{ name: 'value', type: 4, t: external }] }] } },
      { ...base, graph: { node: [{ opType: 'If', attribute: [{ name: 'then_branch', type: 5, g: { initializer: [external] } }] }] } },
      { ...base, graph: { node: [{ opType: 'X', attribute: [{ name: 'all', type: 9, tensors: [external] }] }] } },
      { ...base, graph: {}, functions: [{ name: 'f', node: [{ opType: 'Constant', attribute: [{ name: 'value', type: 4, t: external }] }] }] },
      { ...base, graph: {}, trainingInfo: [{ algorithm: { initializer: [external] } }] },
    ]
    for (const place of places) expect(readModel(encode(place)).externalFiles).toEqual(['../../etc/passwd'])
    const first = readModel(encode(places[0] ?? {}))
    expect(first.initializers[0]?.external).toBe(true)
    expect(() => first.tensor('w')).toThrow(expect.objectContaining({ code: 'ONNX_EXTERNAL_DATA' }))
    expect(() => first.tensor('v')).toThrow(expect.objectContaining({ code: 'ONNX_UNKNOWN_NAME' }))
  })

  it('refuses a tensor whose data and shape disagree', () => {
    const model = readModel(encode({ irVersion: 10, opsetImport: [{ version: 21 }], graph: { initializer: [{ name: 'w', dataType: 1, dims: [3], rawData: new Uint8Array(8) }, { name: 'v', dataType: 1, dims: [3], floatData: [1, 2] }, { name: 's', dataType: 8, dims: [1] }] } }))
    for (const name of ['w', 'v', 's']) expect(() => model.tensor(name)).toThrow(expect.objectContaining({ code: 'ONNX_INVALID_TENSOR' }))
  })

  it('keeps fields that it does not know when a message is written again', () => {
    const future = Uint8Array.of(...small(), 0xf2, 0x3f, 2, 0x68, 0x69)
    expect(Uint8Array.from(encode(readModel(future).message))).toEqual(future)
  })
})

test('tensorsIn lists every tensor once', () => {
  expect([...tensorsIn(readModel(small()).message)].map((tensor) => tensor.name)).toEqual(['w'])
})

test.skipIf(missingPython !== undefined)(`reads what Python's onnx writes${missingPython ? ` (skipped: ${missingPython})` : ''}`, () => {
  const program = `
import sys, json, base64, numpy, onnx
from onnx import helper, TensorProto as T
def const(name, value): return helper.make_node('Constant', [], [name], value=helper.make_tensor(name, T.FLOAT, [2], value))
branch = lambda name, value: helper.make_graph([const(name, value)], name, [], [helper.make_tensor_value_info(name, T.FLOAT, [2])])
graph = helper.make_graph(
  [helper.make_node('If', ['c'], ['z'], then_branch=branch('a', [1, 2]), else_branch=branch('b', [3, 4])), helper.make_node('Add', ['z', 'w'], ['y'])],
  'from python',
  [helper.make_tensor_value_info('c', T.BOOL, []), helper.make_tensor_sequence_value_info('s', T.FLOAT, None), helper.make_tensor_value_info('w', T.FLOAT, [2]), helper.make_tensor_value_info('u', T.INT64, ['N', None, 4])],
  [helper.make_tensor_value_info('y', T.FLOAT, [2])],
  [helper.make_tensor('w', T.FLOAT, [2], [0.25, -3]), helper.make_tensor('i', T.INT64, [2], [-5, 2**62]), helper.make_tensor('h', T.FLOAT16, [2], [1.0, -2.0]), helper.make_tensor('d', T.DOUBLE, [1], [0.1])])
model = helper.make_model(graph, ir_version=9, opset_imports=[helper.make_opsetid('', 20), helper.make_opsetid('ai.onnx.ml', 3)], producer_name='py')
print(json.dumps(base64.b64encode(model.SerializeToString()).decode()))`
  const model = readModel(Uint8Array.from(Buffer.from(String(runPython(program)), 'base64')))
  expect(model).toMatchObject({ irVersion: 9, opsets: [{ domain: '', version: 20 }, { domain: 'ai.onnx.ml', version: 3 }], producerName: 'py', graphName: 'from python' })
  expect(model.inputs).toEqual([
    { name: 'c', kind: 'tensor', elementType: 'bool', shape: [] },
    { name: 's', kind: 'sequence' },
    { name: 'u', kind: 'tensor', elementType: 'int64', shape: ['N', null, 4] },
  ])
  expect(model.tensor('w').data).toEqual(Float32Array.of(0.25, -3))
  expect(model.tensor('i').data).toEqual(BigInt64Array.of(-5n, 2n ** 62n))
  expect(model.tensor('h').data).toEqual(Uint16Array.of(0x3c00, 0xc000))
  expect(model.tensor('d').data).toEqual(Float64Array.of(0.1))
  expect(model.parameterCount).toBe(2 + 2 + 1 + 4)
})
