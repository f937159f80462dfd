import type { Json } from '@attune/core'
import type { LayersModel, TensorFlow, WeightSpec } from '../tensorflow.ts'
import { list, optional, record, text } from './header-values.ts'
import { loadExactly } from './load-exactly.ts'
import { formatError, readPackedFile, writePackedFile, type PackedFile } from './packed-file.ts'

/** The bytes of a layers model: topology and weights, without its optimiser. */
export async function packModel(tf: TensorFlow, model: LayersModel): Promise<Uint8Array> {
  let bytes: Uint8Array | undefined
  await model.save(tf.io.withSaveHandler((artifacts) => {
    const weightData = tf.io.concatenateArrayBuffers([artifacts.weightData ?? []].flat())
    bytes = writePackedFile({ kind: 'model', header: { modelTopology: artifacts.modelTopology as Json }, weightSpecs: artifacts.weightSpecs ?? [], weightData })
    return Promise.resolve({ modelArtifactsInfo: tf.io.getModelArtifactsInfoForJSON(artifacts) })
  }))
  if (bytes === undefined) throw new Error('tfjs did not call the save handler')
  return bytes
}

/** Of a checkpoint: the weights that it was taken at, or those of the best report until then. */
export type WhichWeights = 'last' | 'best'

/**
 * The model out of the bytes of an artefact, or of a checkpoint of one, on the active backend, uncompiled; dispose of it after use.
 * @throws AttuneError `TFJS_FORMAT` for bytes that are neither.
 */
export async function loadModel(tf: TensorFlow, bytes: Uint8Array, which: WhichWeights = 'last'): Promise<LayersModel> {
  const { modelTopology, weightSpecs, weightData } = modelParts(bytes, which)
  if (modelTopology === undefined) throw formatError('model', 'it has no topology')
  try {
    return await loadExactly(tf, { modelTopology, weightSpecs: [...weightSpecs], weightData })
  } catch (cause) {
    throw formatError('model', 'TensorFlow.js refuses its topology; custom layers have to be registered first (tf.serialization.registerClass)', cause)
  }
}

/** The two files of TensorFlow.js's own format, as `tf.loadLayersModel('…/model.json')` and the Python converter read them. */
export interface ModelFiles {
  readonly 'model.json': string
  readonly 'weights.bin': Uint8Array
}

/**
 * The files of a model, of a checkpoint (its model alone, or all weights if it is of none), or of weights, which have no topology.
 * @throws AttuneError `TFJS_FORMAT` for bytes that are none of these.
 */
export function toModelFiles(bytes: Uint8Array, which: WhichWeights = 'last'): ModelFiles {
  const { modelTopology, weightSpecs, weightData } = modelParts(bytes, which)
  const weightsManifest = [{ paths: ['weights.bin'], weights: weightSpecs }]
  const about = { generatedBy: 'TensorFlow.js', convertedBy: null }
  return {
    'model.json': JSON.stringify(modelTopology === undefined ? { ...about, weightsManifest } : { format: 'layers-model', ...about, modelTopology, weightsManifest }),
    'weights.bin': new Uint8Array(weightData),
  }
}

interface ModelParts {
  readonly modelTopology: object | undefined
  readonly weightSpecs: readonly WeightSpec[]
  readonly weightData: ArrayBuffer
}

function modelParts(bytes: Uint8Array, which: WhichWeights): ModelParts {
  const file = readPackedFile(bytes, ['model', 'checkpoint', 'weights'])
  const modelTopology = optional(file.header['modelTopology'], (value) => (typeof value === 'object' && value !== null ? value : undefined))
  return { modelTopology, ...(file.kind === 'checkpoint' ? checkpointWeights(file, which, modelTopology !== undefined) : { weightSpecs: file.weightSpecs, weightData: file.weightData }) }
}

/** The weights of a checkpoint under the names that its model has for them; without a model, all of them by key. */
function checkpointWeights({ header, weightSpecs, weightData }: PackedFile, which: WhichWeights, ofModel: boolean): Omit<ModelParts, 'modelTopology'> {
  const best = optional(header['best'], record)
  const group = which === 'best' && best?.['weights'] === true ? 'best' : 'weight'
  const offsets = new Map<string, readonly [from: number, to: number, spec: WeightSpec]>()
  let from = 0
  for (const spec of weightSpecs) {
    const to = from + spec.shape.reduce((product, size) => product * size, spec.dtype === 'bool' ? 1 : 4)
    offsets.set(spec.name, [from, to, spec])
    from = to
  }
  const chosen = list(header['weights']).flatMap((entry, index) => {
    const { key, name } = record(entry)
    const label = ofModel ? optional(name, text) : text(key)
    const found = offsets.get(`${group}/${index}`)
    if (label === undefined) return []
    if (found === undefined) throw formatError('checkpoint', `it has no weight ${index}`)
    return [{ spec: { ...found[2], name: label }, bytes: new Uint8Array(weightData, found[0], found[1] - found[0]) }]
  })
  const data = new Uint8Array(chosen.reduce((sum, { bytes }) => sum + bytes.length, 0))
  let at = 0
  for (const { bytes } of chosen) {
    data.set(bytes, at)
    at += bytes.length
  }
  return { weightSpecs: chosen.map(({ spec }) => spec), weightData: data.buffer }
}
