import { AttuneError, type Artifact, type Json } from '@attune/core'
import { loadModel } from './format/model-file.ts'
import type { ExportOrigin } from './onnx/origin.ts'
import type { TensorFlow } from './tensorflow.ts'
import { disposeModel } from './training/layers/dispose-model.ts'

export const TFJS_MODEL_KIND = 'tfjs-layers-model'
/** A checkpoint that is kept with its trial. */
export const TFJS_CHECKPOINT_KIND = 'tfjs-checkpoint'
/** Weights alone, by name. */
export const TFJS_WEIGHTS_KIND = 'tfjs-weights'

/**
 * The artefact of a trained model, from its bytes: those of `tfjsTrainer`, or the same again out of a store.
 * `as('onnx')` loads the model into `tf` for a moment and exports it, with `meta` as the key `attune` of its metadata, and `origin`: which study, trial
 * and parameters the model is of.
 */
export function tfjsArtifact(tf: TensorFlow, bytes: Uint8Array, meta?: Json, origin?: ExportOrigin): Artifact {
  const artifact: Artifact = {
    kind: TFJS_MODEL_KIND,
    ...(meta === undefined ? {} : { meta }),
    bytes: () => bytes,
    as(kind) {
      if (kind === TFJS_MODEL_KIND) return artifact
      if (kind === 'onnx') return toOnnx(tf, bytes, meta, origin)
      throw new AttuneError('UNSUPPORTED', `A TensorFlow.js model has no form "${kind}": there are "${TFJS_MODEL_KIND}" and "onnx".`)
    },
  }
  return artifact
}

/** The artefact of any trainer of this package: what kinds have no forms of their own have their bytes. */
export function artifactOf(tf: TensorFlow, kind: string, bytes: Uint8Array, meta: Json, origin: ExportOrigin): Artifact {
  if (kind === TFJS_MODEL_KIND) return tfjsArtifact(tf, bytes, meta, origin)
  return {
    kind,
    meta,
    bytes: () => bytes,
    as(other) {
      if (other === kind) return this
      throw new AttuneError('UNSUPPORTED', `The artefact has the form "${kind}" alone, not "${other}".`)
    },
  }
}

async function toOnnx(tf: TensorFlow, bytes: Uint8Array, meta: Json | undefined, origin: ExportOrigin | undefined): Promise<Artifact> {
  const { exportOnnx } = await import('./onnx/index.ts')
  const model = await loadModel(tf, bytes)
  try {
    const onnx = await exportOnnx(tf, model, { ...(meta === undefined ? {} : { metadata: { attune: JSON.stringify(meta) } }), ...(origin === undefined ? {} : { origin }) })
    return {
      kind: 'onnx',
      ...(meta === undefined ? {} : { meta }),
      bytes: () => onnx,
      as(kind) {
        if (kind === 'onnx') return this
        throw new AttuneError('UNSUPPORTED', `An exported ONNX model has no form "${kind}"; ask the original artefact.`)
      },
    }
  } finally {
    disposeModel(model)
  }
}
