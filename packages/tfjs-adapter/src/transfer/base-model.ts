import type { Awaitable } from '@attune/core'
import { messageOf, tfjsError } from '../error.ts'
import { loadExactly } from '../format/load-exactly.ts'
import { loadModel, packModel, type ModelFiles } from '../format/model-file.ts'
import type { LayersModel, TensorFlow, WeightSpec } from '../tensorflow.ts'
import { disposedLayer, disposeModel } from '../training/layers/dispose-model.ts'

/** A trained layers model: itself, the bytes of an artefact of this package, or the two files of TensorFlow.js's own format. */
export type BaseModel = LayersModel | Uint8Array | ModelFiles

/**
 * What is transferred. A model that is given stays the user's: it is copied and left as it is, compiled or not. One that a function
 * returns is disposed of when it has been copied.
 */
export type Base = BaseModel | (() => Awaitable<BaseModel>)

/** Copies of a base, which is asked for once a process: not again for the next trial, but again after it failed. */
export class BaseCopies {
  readonly #tf: TensorFlow
  readonly #base: Base
  #bytes: Promise<Uint8Array> | undefined

  constructor(tf: TensorFlow, base: Base) {
    this.#tf = tf
    this.#base = base
  }

  /** A copy, uncompiled, on the active backend; the caller disposes of it. @throws AttuneError `TFJS_MODEL`, `TFJS_FORMAT`. */
  async copy(): Promise<LayersModel> {
    const bytes = (this.#bytes ??= this.#read())
    try {
      return await loadModel(this.#tf, await bytes)
    } catch (error) {
      if (this.#bytes === bytes) this.#bytes = undefined
      throw error
    }
  }

  async #read(): Promise<Uint8Array> {
    const given = typeof this.#base === 'function' ? await this.#base() : this.#base
    if (given instanceof Uint8Array) return given
    if (given instanceof this.#tf.LayersModel) {
      if (disposedLayer(given) !== undefined) throw tfjsError('TFJS_MODEL', 'base has been disposed of: keep the model until the study is done, or give its bytes.')
      try {
        return await packModel(this.#tf, given)
      } finally {
        if (given !== this.#base) disposeModel(given)
      }
    }
    if (typeof (given as Partial<ModelFiles> | undefined)?.['model.json'] !== 'string') {
      throw tfjsError('TFJS_MODEL', 'base is neither a layers model of this tf, nor the bytes of an artefact, nor { "model.json", "weights.bin" }: give one of these, or a function that loads one, as in base: () => tf.loadLayersModel(url).')
    }
    const model = await fromFiles(this.#tf, given)
    try {
      return await packModel(this.#tf, model)
    } finally {
      disposeModel(model)
    }
  }
}

async function fromFiles(tf: TensorFlow, files: ModelFiles): Promise<LayersModel> {
  try {
    const { modelTopology, weightsManifest } = JSON.parse(files['model.json']) as { readonly modelTopology: object; readonly weightsManifest: readonly { readonly weights: readonly WeightSpec[] }[] }
    const weights = files['weights.bin']
    return await loadExactly(tf, { modelTopology, weightSpecs: weightsManifest.flatMap((group) => group.weights), weightData: weights.slice().buffer })
  } catch (cause) {
    throw tfjsError('TFJS_FORMAT', `The files of the base are no layers model that can be read: ${messageOf(cause)}`, { cause })
  }
}
