import { createModelBuilder, onnx, type ElementType } from '@attune/onnx-format'
import type { SessionSettings } from './protocol.ts'

/** How a model is run where a test says nothing else. */
export const cpuSession: SessionSettings = { executionProviders: ['cpu'], intraOpThreads: 1, graphOptimizationLevel: 'all', precision: 'float32', externalDirectory: undefined, maxModelBytes: 2 ** 30 }

type Shape = readonly (number | string)[]

/** Answers what it is asked, so a test says what the model answers by saying what it is fed. */
export function echoModel(shape: Shape = ['N', 3], elementType: ElementType = 'float32'): Uint8Array {
  const model = createModelBuilder({ graphName: 'echo' })
  model.input('x', elementType, shape)
  model.node('Identity', ['x'], { outputs: ['y'] })
  model.output('y', elementType, shape)
  return model.toBytes()
}

/** y = x + shift, an initialiser, which makes models of different size and answers. */
export function shiftModel(shift: readonly number[], shape: Shape = ['N', shift.length]): Uint8Array {
  const model = createModelBuilder({ graphName: 'shift' })
  model.input('x', 'float32', shape)
  model.initializer('shift', { data: Float32Array.from(shift), dims: [shift.length] })
  model.node('Add', ['x', 'shift'], { outputs: ['y'] })
  model.output('y', 'float32', shape)
  return model.toBytes()
}

/** y = x for so many rows; with any other number it fails. */
export function batchModel(rows: number): Uint8Array {
  const model = createModelBuilder({ graphName: 'batch' })
  model.input('x', 'float32', ['N', 3])
  model.node('Reshape', ['x', model.initializer('shape', { data: BigInt64Array.of(BigInt(rows), 3n), dims: [2] })], { outputs: ['y'] })
  model.output('y', 'float32', ['N', 3])
  return model.toBytes()
}

/** sum = a + b, difference = a - b. */
export function twoByTwoModel(): Uint8Array {
  const model = createModelBuilder({ graphName: 'two' })
  model.input('a', 'float32', ['N', 2])
  model.input('b', 'float32', ['N', 2])
  model.node('Add', ['a', 'b'], { outputs: ['sum'] })
  model.node('Sub', ['a', 'b'], { outputs: ['difference'] })
  model.output('sum', 'float32', ['N', 2])
  model.output('difference', 'float32', ['N', 2])
  return model.toBytes()
}

/** y = x, besides a text for each number and a number for all rows, which nobody can judge. */
export function mixedModel(): Uint8Array {
  const model = createModelBuilder({ graphName: 'mixed' })
  model.input('x', 'float32', ['N', 3])
  model.node('Cast', ['x'], { outputs: ['text'], attributes: { to: { int: onnx.TensorProto.DataType.STRING } } })
  model.node('Identity', ['x'], { outputs: ['y'] })
  model.node('ReduceMax', ['x'], { outputs: ['top'], attributes: { keepdims: { int: 0 } } })
  for (const [name, shape] of [['text', ['N', 3]], ['y', ['N', 3]], ['top', []]] as const) model.output(name, 'float32', shape)
  const message = onnx.ModelProto.decode(model.toBytes())
  // The builder has no texts.
  const [text, ...others] = message.graph!.output
  const output = [{ ...text!, type: { ...text!.type, tensorType: { ...text!.type!.tensorType, elemType: onnx.TensorProto.DataType.STRING } } }, ...others]
  return onnx.ModelProto.encode({ ...message, graph: { ...message.graph!, output } }).finish()
}

/** One node of any operator from x to y. */
export function nodeModel(operator: string, options: { readonly opset?: number; readonly irVersion?: number; readonly initializers?: readonly string[]; readonly outputShape?: Shape } = {}): Uint8Array {
  const model = createModelBuilder({ graphName: 'node', ...(options.opset === undefined ? {} : { opset: options.opset }), ...(options.irVersion === undefined ? {} : { irVersion: options.irVersion }) })
  model.input('x', 'float32', ['N', 3])
  model.node(operator, ['x'], { outputs: ['y'] })
  model.output('y', 'float32', options.outputShape ?? ['N', 3])
  return model.toBytes()
}

/** The model, with its first initialiser moved to a file of that name. */
export function withExternalData(bytes: Uint8Array, location: string): Uint8Array {
  const model = onnx.ModelProto.decode(bytes)
  const [tensor, ...others] = model.graph!.initializer
  const external = { ...tensor!, rawData: new Uint8Array(), dataLocation: 1, externalData: [{ key: 'location', value: location }] }
  return onnx.ModelProto.encode({ ...model, graph: { ...model.graph!, initializer: [external, ...others] } }).finish()
}

/**
 * A Loop of 2 ** 62 iterations over x [N, 3]: a run that does not end. Made with Python's onnx 1.23.2, since its
 * body is a graph within the graph: body = make_graph([Identity(c) -> co, Add(v, one) -> vo], …), node Loop(n, t, x) -> y.
 */
export function endlessModel(): Uint8Array {
  return Buffer.from(
    'CAo65AEKlwEKAW4KAXQKAXgSAXkiBExvb3AqggEKBGJvZHkydwoRCgFjEgJjbyIISWRlbnRpdHkKEQoBdgoDb25lEgJ2byIDQWRkEgFiKg0QAUIDb25lSgQAAIA/WgsKAWkSBgoECAcSAFoLCgFjEgYKBAgJEgBaCQoBdhIECgIIAWIMCgJjbxIGCgQICRIAYgoKAnZvEgQKAggBoAEFEgFnKg8QB0IBbkoIAAAAAAAAAEAqCBAJQgF0SgEBWhQKAXgSDwoNCAESCQoDEgFOCgIIA2IUCgF5Eg8KDQgBEgkKAxIBTgoCCANCBAoAEBU=',
    'base64',
  )
}

/** y = x · w1 · w2 with random weights of this width: something that takes time and memory. */
export function denseModel(width: number, classes = 3, opset = 21): Uint8Array {
  const model = createModelBuilder({ graphName: 'dense', opset })
  const numbers = (count: number): Float32Array => {
    const values = new Float32Array(count)
    for (let index = 0; index < count; index++) values[index] = (((index * 7919) % 2003) / 1001 - 1) / Math.sqrt(width)
    return values
  }
  model.input('x', 'float32', ['N', 3])
  const hidden = model.node('MatMul', ['x', model.initializer('w0', { data: numbers(3 * width), dims: [3, width] })])
  const wide = model.node('Relu', [model.node('MatMul', [hidden, model.initializer('w1', { data: numbers(width * width), dims: [width, width] })])])
  model.node('MatMul', [wide, model.initializer('w2', { data: numbers(width * classes), dims: [width, classes] })], { outputs: ['y'] })
  model.output('y', 'float32', ['N', classes])
  return model.toBytes()
}

/** Asks for a tensor of so many floats while it runs. */
export function hungryModel(count: number): Uint8Array {
  const model = createModelBuilder({ graphName: 'hungry' })
  model.input('x', 'float32', ['N', 3])
  const size = model.node('Concat', [model.node('Shape', ['x'], { attributes: { end: { int: 1 } } }), model.initializer('count', { data: BigInt64Array.of(BigInt(count)), dims: [1] })], { attributes: { axis: { int: 0 } } })
  model.node('ReduceSum', [model.node('Exp', [model.node('ConstantOfShape', [size], { attributes: { value: { tensor: { data: Float32Array.of(0.5), dims: [1] } } } })]), model.initializer('axis', { data: BigInt64Array.of(1n), dims: [1] })], { outputs: ['y'] })
  model.output('y', 'float32', ['N', 1])
  return model.toBytes()
}
