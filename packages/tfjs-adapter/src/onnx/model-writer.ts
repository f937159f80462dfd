import type { Layer, SymbolicTensor } from '../tensorflow.ts'
import { exportError } from './export-error.ts'
import type { GraphWriter } from './graph-writer.ts'
import { fieldOf } from './layer-config.ts'
import { layerScope, type WriteInner } from './layer-scope.ts'
import { layerWriters, takesIntegers } from './layer-writers.ts'
import { checkMask, maskAfter } from './masks.ts'
import { unsupportedLayers } from './unsupported-layers.ts'
import type { Mask, Shape, Value } from './value.ts'

export interface Container {
  readonly inputs: readonly SymbolicTensor[]
  readonly outputs: readonly SymbolicTensor[]
}

/** A model that is used as a layer. */
export function isContainer(layer: Layer): layer is Layer & Container {
  const { layers, inputs, outputs } = layer as Layer & { readonly layers?: unknown } & Partial<Container>
  return Array.isArray(layers) && Array.isArray(inputs) && Array.isArray(outputs)
}

/** What has been written of one use of a model: the whole, or one within. */
export interface Context {
  /** Has the inputs to begin with. */
  readonly values: Map<SymbolicTensor, Value>
  readonly models: Map<Node, Context>
}

/** One application of a layer. */
type Node = Layer['inboundNodes'][number]

export function newContext(): Context {
  return { values: new Map(), models: new Map() }
}

/** Writes whatever a symbolic tensor depends on, each application of a layer once. */
export async function writeTensor(graph: GraphWriter, tensor: SymbolicTensor, context: Context): Promise<Value> {
  const written = context.values.get(tensor)
  if (written !== undefined) return written
  const layer = tensor.sourceLayer
  const node = nodeOf(tensor)
  if (isContainer(layer)) {
    const made = await writeTensor(graph, layer.outputs[tensor.tensorIndex] as SymbolicTensor, await contextWithin(graph, layer, node, context))
    const value = withMask(made, undefined)
    context.values.set(tensor, value)
    return value
  }
  const made = await writeLayer(graph, layer, await inputsOf(graph, node, context), node.outputTensors.map(({ shape }) => known(shape)))
  for (const [index, output] of node.outputTensors.entries()) context.values.set(output, made[index] as Value)
  return context.values.get(tensor) as Value
}

/** The tensor without the softmax or sigmoid that makes probabilities of it, if its layer ends with one. */
export async function writeLogits(graph: GraphWriter, tensor: SymbolicTensor, context: Context): Promise<Value> {
  const layer = tensor.sourceLayer
  const node = nodeOf(tensor)
  if (isContainer(layer)) return writeLogits(graph, layer.outputs[tensor.tensorIndex] as SymbolicTensor, await contextWithin(graph, layer, node, context))
  const className = layer.getClassName()
  const final = className === 'Softmax' ? 'softmax' : layer.getConfig()['activation']
  // The activation of a recurrent layer is within it.
  if ((final !== 'softmax' && final !== 'sigmoid') || fieldOf(layer, 'cell') !== undefined) return writeTensor(graph, tensor, context)
  const inputs = await inputsOf(graph, node, context)
  if (className === 'Softmax' || className === 'Activation') return inputs[0] as Value
  return (await writeLayer(graph, layer, inputs, [known(tensor.shape)], true))[0] as Value
}

function nodeOf(tensor: SymbolicTensor): Node {
  const node = tensor.sourceLayer.inboundNodes[tensor.nodeIndex]
  if (node === undefined) throw exportError(tensor.sourceLayer, 'it is not connected to an input of the model')
  return node
}

async function inputsOf(graph: GraphWriter, node: Node, context: Context): Promise<readonly Value[]> {
  const inputs: Value[] = []
  for (const input of node.inputTensors) inputs.push(await writeTensor(graph, input, context))
  return inputs
}

async function contextWithin(graph: GraphWriter, container: Layer & Container, node: Node, context: Context): Promise<Context> {
  let within = context.models.get(node)
  if (within === undefined) {
    within = contextFor(container, await inputsOf(graph, node, context))
    context.models.set(node, within)
  }
  return within
}

function contextFor(container: Container, inputs: readonly Value[]): Context {
  const within = newContext()
  // TensorFlow.js does not hand masks into a model.
  for (const [index, input] of container.inputs.entries()) within.values.set(input, withMask(inputs[index] as Value, undefined))
  return within
}

async function writeLayer(graph: GraphWriter, layer: Layer, inputs: readonly Value[], shapes: readonly Shape[], withoutActivation = false): Promise<readonly Value[]> {
  if (isContainer(layer)) {
    const within = contextFor(layer, inputs)
    const outputs: Value[] = []
    for (const output of layer.outputs) outputs.push(await writeTensor(graph, output, within))
    return outputs
  }
  const className = layer.getClassName()
  const write = Object.hasOwn(layerWriters, className) ? layerWriters[className] : undefined
  const [input, ...others] = inputs
  const [shape, ...otherShapes] = shapes
  if (write === undefined) throw unsupported(layer)
  if (input === undefined || shape === undefined) throw exportError(layer, 'it is not connected to an input of the model')
  if (inputs.some(({ type }) => type !== (takesIntegers.has(className) ? input.type : 'float32'))) throw exportError(layer, `it is given ${inputs.map(({ type }) => type).join(' and ')}, and ${takesIntegers.has(className) ? 'one type' : 'float32'} is supported`, 'Declare the inputs as float32')
  checkMask(layer, inputs, graph.masks)
  const inner: WriteInner = (part, partInputs, partShapes) => writeLayer(graph, part, partInputs, partShapes)
  const written = await write(layerScope(graph, layer, graph.label(layer), inner, withoutActivation), [input, ...others], [shape, ...otherShapes])
  const outputs = Array.isArray(written) ? (written as readonly Value[]) : [written as Value]
  return outputs.map((output) => withMask(output, maskAfter(layer, inputs, output)))
}

function withMask({ name, shape, layout, type }: Value, mask: Mask | undefined): Value {
  return { name, shape, layout, type, ...(mask === undefined ? {} : { mask }) }
}

/** Some layers compute sizes below 0 out of unknown ones. */
function known(shape: Shape): Shape {
  return shape.map((size) => (size !== null && size >= 0 ? size : null))
}

function unsupported(layer: Layer): Error {
  const className = layer.getClassName()
  const reason = Object.hasOwn(unsupportedLayers, className) ? unsupportedLayers[className] : undefined
  if (reason !== undefined) return exportError(layer, reason.problem, reason.remedy)
  return exportError(layer, 'there is no ONNX form for a layer of this class here', `Build it of layers that have one: ${Object.keys(layerWriters).join(', ')}`)
}
