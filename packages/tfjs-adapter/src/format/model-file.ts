import type { Json } from '@attune/core'
import type { LayersModel, TensorFlow } from '../tensorflow.ts'
import { formatError, readPackedFile, writePackedFile } from './packed-file.ts'

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

/**
 * The model out of an artefact's bytes, on the active backend, uncompiled; dispose of it after use.
 * @throws AttuneError `TFJS_FORMAT` for bytes that are no such artefact.
 */
export async function loadModel(tf: TensorFlow, bytes: Uint8Array): Promise<LayersModel> {
  const { header, weightSpecs, weightData } = readPackedFile(bytes, 'model')
  const modelTopology = header['modelTopology']
  if (typeof modelTopology !== 'object' || modelTopology === null) throw formatError('model', 'it has no topology')
  try {
    return await tf.loadLayersModel(tf.io.fromMemory({ modelTopology, weightSpecs: [...weightSpecs], weightData }))
  } catch (cause) {
    throw formatError('model', 'TensorFlow.js refuses its topology; custom layers have to be registered first (tf.serialization.registerClass)', cause)
  }
}

/** The two files of TensorFlow.js's own format, as `tf.loadLayersModel('…/model.json')` and the Python converter read them. */
export interface ModelFiles {
  readonly 'model.json': string
  readonly 'weights.bin': Uint8Array
}

/** @throws AttuneError `TFJS_FORMAT` for bytes that are no such artefact. */
export function toModelFiles(bytes: Uint8Array): ModelFiles {
  const { header, weightSpecs, weightData } = readPackedFile(bytes, 'model')
  const model = { format: 'layers-model', generatedBy: 'TensorFlow.js', convertedBy: null, modelTopology: header['modelTopology'], weightsManifest: [{ paths: ['weights.bin'], weights: weightSpecs }] }
  return { 'model.json': JSON.stringify(model), 'weights.bin': new Uint8Array(weightData) }
}
