import { createModelBuilder, type Dimension } from '@attune/onnx-format'
import { tfjsError } from '../error.ts'
import type { Layer, LayersModel, SymbolicTensor, TensorFlow } from '../tensorflow.ts'
import { exportError } from './export-error.ts'
import { GraphWriter } from './graph-writer.ts'
import { layerWriters } from './layers.ts'
import type { Value } from './value.ts'

export interface ExportOnnxOptions {
  /** Name of the graph; default the model's. */
  readonly name?: string
  /** Key-value pairs kept in the file. */
  readonly metadata?: Readonly<Record<string, string>>
}

/**
 * The ONNX file of a trained layers model, Sequential or functional, nested ones included: IR version 10, operator set 21,
 * float32, batch size free (`N`). Inputs and outputs have the shapes of TensorFlow.js, channels last. One input is called
 * `input` and one output `output`; several have the names of their layers. What acts only while training is left out.
 * @throws AttuneError `TFJS_EXPORT` that names the layer which has no ONNX form here.
 */
export async function exportOnnx(tf: TensorFlow, model: LayersModel, options: ExportOnnxOptions = {}): Promise<Uint8Array> {
  if (!(model instanceof tf.LayersModel)) throw tfjsError('TFJS_EXPORT', 'What should be exported is no layers model of this tf.')
  const builder = createModelBuilder({ graphName: options.name ?? model.name, producerName: '@attune/tfjs-adapter', metadata: options.metadata ?? {} })
  const graph = new GraphWriter(builder)
  const names = (kind: 'input' | 'output', ends: readonly SymbolicTensor[]): string[] => ends.map(({ sourceLayer }) => graph.unique(ends.length === 1 ? kind : sourceLayer.name))
  const inputNames = names('input', model.inputs)
  const outputNames = names('output', model.outputs)

  const values = new Map<SymbolicTensor, Value>()
  for (const [index, input] of model.inputs.entries()) {
    if (input.dtype !== 'float32') throw exportError(input.sourceLayer, `it takes ${input.dtype}; float32 is supported`)
    const name = inputNames[index] as string
    builder.input(name, 'float32', dimensions(input.shape, name))
    values.set(input, { name, shape: input.shape, order: 'channelsLast' })
  }
  const outputs: Value[] = []
  for (const output of model.outputs) outputs.push(graph.channelsLast(output.sourceLayer, await valueOf(graph, output, values)))
  for (const [index, { name, shape }] of outputs.entries()) {
    const output = outputNames[index] as string
    builder.node('Identity', [name], { name: `${output}/Identity`, outputs: [output] })
    builder.output(output, 'float32', dimensions(shape, output))
  }
  return builder.toBytes()
}

/** Writes whatever a symbolic tensor depends on, each application of a layer once. */
async function valueOf(graph: GraphWriter, tensor: SymbolicTensor, values: Map<SymbolicTensor, Value>): Promise<Value> {
  const known = values.get(tensor)
  if (known !== undefined) return known
  const layer = tensor.sourceLayer
  const application = layer.inboundNodes[tensor.nodeIndex]
  if (application === undefined) throw exportError(layer, 'it is not connected to an input')
  const inputs: Value[] = []
  for (const input of application.inputTensors) inputs.push(await valueOf(graph, input, values))
  const value = isContainer(layer) ? await writeContainer(graph, layer, inputs, tensor.tensorIndex) : await writeLayer(graph, layer, inputs, tensor.shape)
  values.set(tensor, value)
  return value
}

async function writeLayer(graph: GraphWriter, layer: Layer, inputs: readonly Value[], shape: Value['shape']): Promise<Value> {
  const [first, ...others] = inputs
  const className = layer.getClassName()
  const write = Object.hasOwn(layerWriters, className) ? layerWriters[className] : undefined
  if (write === undefined || first === undefined) throw exportError(layer, `there is no ONNX form for it here; there are ${Object.keys(layerWriters).join(', ')}`)
  return write(graph, layer, [first, ...others], shape)
}

interface Container {
  readonly inputs: readonly SymbolicTensor[]
  readonly outputs: readonly SymbolicTensor[]
}

/** A model used as a layer: its inner graph is written in its place. */
async function writeContainer(graph: GraphWriter, container: Layer & Container, inputs: readonly Value[], output: number): Promise<Value> {
  const values = new Map(container.inputs.map((input, index) => [input, inputs[index] as Value]))
  return valueOf(graph, container.outputs[output] as SymbolicTensor, values)
}

function isContainer(layer: Layer): layer is Layer & Container {
  const { layers, inputs, outputs } = layer as Layer & { readonly layers?: unknown } & Partial<Container>
  return Array.isArray(layers) && Array.isArray(inputs) && Array.isArray(outputs)
}

function dimensions(shape: readonly (number | null)[], name: string): Dimension[] {
  return shape.map((size, axis) => (axis === 0 ? 'N' : (size ?? `${name}_${axis}`)))
}
