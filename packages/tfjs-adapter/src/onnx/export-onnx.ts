import { createModelBuilder, type Dimension } from '@attune/onnx-format'
import { tfjsError } from '../error.ts'
import type { LayersModel, SymbolicTensor, TensorFlow } from '../tensorflow.ts'
import { disposedLayer } from '../training/layers/dispose-model.ts'
import { exportError } from './export-error.ts'
import { GraphWriter } from './graph-writer.ts'
import { isMadeUp } from './layer-names.ts'
import { masksIn } from './masks.ts'
import { newContext, writeLogits, writeTensor } from './model-writer.ts'
import { originMetadata, type ExportOrigin } from './origin.ts'
import { natural, value, type Shape } from './value.ts'

export interface ExportOnnxOptions {
  /** Name of the graph; default the model's, or `model` where TensorFlow.js made that up. */
  readonly name?: string
  /** Key-value pairs kept in the file. */
  readonly metadata?: Readonly<Record<string, string>>
  /** Where the model comes from; kept in the file beside `metadata`. */
  readonly origin?: ExportOrigin
  /** Names of the inputs and outputs, in the order of `model.inputs` and `model.outputs`, instead of the model's own. */
  readonly inputNames?: readonly string[]
  readonly outputNames?: readonly string[]
  /** `'logits'` leaves off the softmax or sigmoid that ends an output's last layer, if one does. Default `'model'`: what the model puts out. */
  readonly output?: 'model' | 'logits'
}

/**
 * The ONNX file of a trained layers model, Sequential or functional, nested ones included: IR version 10, operator set 21,
 * float32, batch size free (`N`). Inputs and outputs have the shapes of TensorFlow.js, channels last, and the names of
 * their layers; where TensorFlow.js made those up they are called `input` and `output` (`input_1`, … if there are several).
 * What acts only while training is left out. The same model gives the same bytes in every process.
 * @throws AttuneError `TFJS_OPTION` for names or metadata that make no sense; `TFJS_EXPORT` that names the layer which has no ONNX form here, its class, and what to do.
 */
export async function exportOnnx(tf: TensorFlow, model: LayersModel, options: ExportOnnxOptions = {}): Promise<Uint8Array> {
  if (!(model instanceof tf.LayersModel)) throw tfjsError('TFJS_EXPORT', 'What should be exported is no layers model of this tf.')
  const gone = disposedLayer(model)
  if (gone !== undefined) throw exportError(gone, 'its weights have been disposed of', 'Export the model before model.dispose(), or load it again')
  checkOptions(model, options)
  const metadata = { framework: `TensorFlow.js ${tf.version.tfjs}`, ...originMetadata(options.origin), ...options.metadata }
  const graphName = options.name ?? (isMadeUp(model.name) ? 'model' : model.name)
  const builder = createModelBuilder({ graphName, producerName: '@attune/tfjs-adapter', metadata })
  const graph = new GraphWriter(builder, masksIn(model.layers))
  const inputNames = endNames(graph, 'input', model.inputs, options.inputNames)
  const outputNames = endNames(graph, 'output', model.outputs, options.outputNames)

  const context = newContext()
  for (const [index, input] of model.inputs.entries()) {
    const name = inputNames[index] as string
    const type = input.dtype
    if (type !== 'float32' && type !== 'int32' && type !== 'bool') throw exportError(input.sourceLayer, `it takes ${type}`, 'Declare the input as float32 or int32')
    builder.input(name, type, dimensions(input.shape, name))
    context.values.set(input, value(name, input.shape, type))
  }
  for (const [index, output] of model.outputs.entries()) {
    const name = outputNames[index] as string
    const written = await (options.output === 'logits' ? writeLogits : writeTensor)(graph, output, context)
    const last = graph.arranged(graph.label(output.sourceLayer), written, natural(written.shape.length))
    builder.node('Identity', [last.name], { name: graph.unique(`${name}/Identity`), outputs: [name] })
    builder.output(name, last.type, dimensions(last.shape, name))
  }
  return builder.toBytes()
}

function endNames(graph: GraphWriter, kind: 'input' | 'output', ends: readonly SymbolicTensor[], given: readonly string[] | undefined): string[] {
  const own = ends.map(({ sourceLayer }) => (isMadeUp(sourceLayer.name) ? undefined : sourceLayer.name))
  return ends.map((_, index) => graph.unique(given?.[index] ?? own[index] ?? (ends.length === 1 ? kind : `${kind}_${index + 1}`)))
}

function checkOptions(model: LayersModel, { output, metadata, inputNames, outputNames }: ExportOnnxOptions): void {
  const wrong = (problem: string): Error => tfjsError('TFJS_OPTION', problem)
  if (output !== undefined && output !== 'model' && output !== 'logits') throw wrong(`output must be "model" or "logits", got ${JSON.stringify(output)}.`)
  for (const [key, text] of Object.entries(metadata ?? {})) if (typeof text !== 'string') throw wrong(`metadata["${key}"] must be a string, got ${JSON.stringify(text)}.`)
  for (const [kind, names, ends] of [['input', inputNames, model.inputs], ['output', outputNames, model.outputs]] as const) {
    if (names === undefined) continue
    if (names.length !== ends.length || names.includes('') || new Set(names).size !== names.length) throw wrong(`${kind}Names must be ${ends.length} different names, one for each ${kind} of the model; got ${JSON.stringify(names)}.`)
  }
  const both = inputNames?.find((name) => outputNames?.includes(name) === true)
  if (both !== undefined) throw wrong(`"${both}" is among inputNames and outputNames; an input and an output need different names.`)
}

function dimensions(shape: Shape, name: string): Dimension[] {
  return shape.map((size, axis) => (axis === 0 ? 'N' : (size ?? `${name}_${axis}`)))
}
