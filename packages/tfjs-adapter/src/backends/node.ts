import type { TensorFlow } from '../tensorflow.ts'
import { backendError, expectActive, importOptional, switchTo, type Backend } from './backend.ts'

/**
 * Native TensorFlow through `@tensorflow/tfjs-node`: the fastest on the processor, and on an NVIDIA GPU where it was built against a
 * TensorFlow for CUDA (`npx attune-tfjs-node`).
 */
export function node(): Backend {
  return native('@tensorflow/tfjs-node', () => undefined)
}

/**
 * The same through `@tensorflow/tfjs-node-gpu`, and only with a GPU. As published it needs Linux or Windows, CUDA 11.2 and cuDNN 8.1, which are
 * older than current cards; `npx attune-tfjs-node --package @tensorflow/tfjs-node-gpu` builds it against a newer TensorFlow.
 */
export function nodeGpu(): Backend {
  return native('@tensorflow/tfjs-node-gpu', (tf) => {
    if (nativeBackend(tf).isUsingGpuDevice !== true) {
      throw backendError('tensorflow', 'runs, but on the processor: TensorFlow found no usable GPU', 'As published it needs CUDA 11.2 and cuDNN 8.1 with a driver of version 450 or newer; built by npx attune-tfjs-node, what its TensorFlow needs (pip install "tensorflow[and-cuda]"). Check CUDA_VISIBLE_DEVICES, or use node() or webgpu().')
    }
  })
}

function native(packageName: string, check: (tf: TensorFlow) => void): Backend {
  return {
    name: 'tensorflow',
    async activate(tf) {
      restoreRemovedUtil()
      const version = tf.version_core
      const remedy = `Install it: npm install ${packageName}@${version}. If its native library is missing, run: npm rebuild ${packageName} (it is downloaded or compiled then; npm needs to be allowed to run its install script), or on Linux build it against a current TensorFlow: npx attune-tfjs-node --package ${packageName} --tensorflow <a Python that has TensorFlow>.`
      await importOptional('tensorflow', packageName, tf, () => import(/* @vite-ignore */ packageName), remedy)
      await switchTo(tf, 'tensorflow', remedy)
      check(tf)
    },
    async describe(tf) {
      expectActive(tf, 'tensorflow')
      const { binding, isUsingGpuDevice } = nativeBackend(tf)
      return { backend: 'tensorflow', library: `TensorFlow ${binding?.TF_Version ?? 'of unknown version'}`, gpu: isUsingGpuDevice === true }
    },
  }
}

/** What the backend of tfjs-node says of itself. */
function nativeBackend(tf: TensorFlow): { readonly isUsingGpuDevice?: boolean; readonly binding?: { readonly TF_Version?: string } } {
  return tf.backend() as object
}

/** tfjs-node 4.22 calls two functions that Node 23 removed (tensorflow/tfjs#8425, merged and never released). */
function restoreRemovedUtil(): void {
  // Asked for at run time, so that this file can be part of a browser's bundle.
  const util = globalThis.process?.getBuiltinModule?.('node:util') as { isNullOrUndefined?: (value: unknown) => boolean; isArray?: (value: unknown) => boolean } | undefined
  if (util === undefined) return
  util.isNullOrUndefined ??= (value) => value === null || value === undefined
  util.isArray ??= Array.isArray
}
