import type { Layer, SymbolicTensor } from '../tensorflow.ts'
import { exportError } from './export-error.ts'
import type { GraphWriter } from './graph-writer.ts'
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

/** Writes whatever a symbolic tensor depends on, each application of a layer once. `values` has the inputs and is added to. */
export async function writeTensor(graph: GraphWriter, tensor: SymbolicTensor, values: Map<SymbolicTensor, Value>): Promise<Value> {
  const written = values.get(tensor)
  if (written !== undefined) return written
  const { outputTensors, inputs } = await applicationOf(graph, tensor, values)
  const made = await writeLayer(graph, tensor.sourceLayer, inputs, outputTensors.map(({ shape }) => known(shape)))
  for (const [index, output] of outputTensors.entries()) values.set(output, made[index] as Value)
  return values.get(tensor) as Value
}

/** The tensor without the softmax or sigmoid that makes probabilities of it, if its layer ends with one. */
export async function writeLogits(graph: GraphWriter, tensor: SymbolicTensor, values: Map<SymbolicTensor, Value>): Promise<Value> {
  const layer = tensor.sourceLayer
  const final = layer.getClassName() === 'Softmax' ? 'softmax' : layer.getConfig()['activation']
  const input = layer.inboundNodes[tensor.nodeIndex]?.inputTensors ?? []
  if (isContainer(layer)) {
    const { inputs } = await applicationOf(graph, tensor, values)
    return writeLogits(graph, layer.outputs[tensor.tensorIndex] as SymbolicTensor, innerValues(layer, inputs))
  }
  if ((final !== 'softmax' && final !== 'sigmoid') || Object.hasOwn(layer, 'cell')) return writeTensor(graph, tensor, values)
  if (layer.getClassName() === 'Softmax' || layer.getClassName() === 'Activation') return writeTensor(graph, input[0] as SymbolicTensor, values)
  const { inputs } = await applicationOf(graph, tensor, values)
  return (await writeLayer(graph, layer, inputs, [known(tensor.shape)], true))[0] as Value
}

async function applicationOf(graph: GraphWriter, tensor: SymbolicTensor, values: Map<SymbolicTensor, Value>): Promise<{ readonly inputs: readonly Value[]; readonly outputTensors: readonly SymbolicTensor[] }> {
  const node = tensor.sourceLayer.inboundNodes[tensor.nodeIndex]
  if (node === undefined) throw exportError(tensor.sourceLayer, 'it is not connected to an input of the model')
  const inputs: Value[] = []
  for (const input of node.inputTensors) inputs.push(await writeTensor(graph, input, values))
  return { inputs, outputTensors: node.outputTensors }
}

async function writeLayer(graph: GraphWriter, layer: Layer, inputs: readonly Value[], shapes: readonly Shape[], withoutActivation = false): Promise<readonly Value[]> {
  if (isContainer(layer)) {
    const values = innerValues(layer, inputs)
    const outputs: Value[] = []
    for (const output of layer.outputs) outputs.push(await writeTensor(graph, output, values))
    return outputs
  }
  const className = layer.getClassName()
  const write = Object.hasOwn(layerWriters, className) ? layerWriters[className] : undefined
  const [input, ...others] = inputs
  const [shape, ...otherShapes] = shapes
  if (write === undefined) throw unsupported(layer)
  if (input === undefined || shape === undefined) throw exportError(layer, 'it is not connected to an input of the model')
  if (!takesIntegers.has(className) && inputs.some(({ type }) => type !== 'float32')) throw exportError(layer, `it is given ${inputs.map(({ type }) => type).join(', ')}, and float32 is supported`, 'Declare the input as float32')
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

function innerValues(container: Container, inputs: readonly Value[]): Map<SymbolicTensor, Value> {
  // TensorFlow.js does not hand masks into a model.
  return new Map(container.inputs.map((input, index) => [input, withMask(inputs[index] as Value, undefined)]))
}

function unsupported(layer: Layer): Error {
  const className = layer.getClassName()
  const reason = Object.hasOwn(unsupportedLayers, className) ? unsupportedLayers[className] : undefined
  if (reason !== undefined) return exportError(layer, reason.problem, reason.remedy)
  return exportError(layer, 'there is no ONNX form for a layer of this class here', `Build it of layers that have one: ${Object.keys(layerWriters).join(', ')}`)
}
