import type { NamedTensorMap, Tensor, TensorFlow } from '../tensorflow.ts'
import { readPackedFile, writePackedFile } from './packed-file.ts'

/** The bytes of weights by name, without a model. */
export async function packWeights(tf: TensorFlow, weights: readonly { readonly name: string; readonly tensor: Tensor }[]): Promise<Uint8Array> {
  const { data, specs } = await tf.io.encodeWeights([...weights])
  return writePackedFile({ kind: 'weights', header: {}, weightSpecs: specs, weightData: data })
}

/**
 * The weights out of an artefact of `customTrainer`, on the active backend, by their place in the state: `decoder/1/kernel`. Dispose of
 * them after use.
 * @throws AttuneError `TFJS_FORMAT` for bytes that are no such artefact.
 */
export function loadWeights(tf: TensorFlow, bytes: Uint8Array): NamedTensorMap {
  const { weightSpecs, weightData } = readPackedFile(bytes, 'weights')
  return tf.io.decodeWeights(weightData, [...weightSpecs])
}
