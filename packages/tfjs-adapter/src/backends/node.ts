import type { TensorFlow } from '../tensorflow.ts'
import { backendError, importOptional, switchTo, type Backend } from './backend.ts'

/** Native TensorFlow on the processor, through `@tensorflow/tfjs-node`: the fastest without a GPU. */
export function node(): Backend {
  return native('@tensorflow/tfjs-node', async () => undefined)
}

/** Native TensorFlow on an NVIDIA GPU, through `@tensorflow/tfjs-node-gpu` (Linux and Windows, CUDA 11.2, cuDNN 8.1). */
export function nodeGpu(): Backend {
  return native('@tensorflow/tfjs-node-gpu', async (tf) => {
    const backend = tf.backend() as { readonly isUsingGpuDevice?: boolean }
    if (backend.isUsingGpuDevice !== true) {
      throw backendError('tensorflow', 'runs, but on the processor: TensorFlow found no usable GPU', 'Install CUDA 11.2 and cuDNN 8.1 with a driver of version 450 or newer, check CUDA_VISIBLE_DEVICES, or use node() or webgpu().')
    }
  })
}

function native(packageName: string, check: (tf: TensorFlow) => Promise<void>): Backend {
  return {
    name: 'tensorflow',
    async activate(tf) {
      restoreRemovedUtil()
      const version = tf.version_core
      const remedy = `Install it: npm install ${packageName}@${version}. If its native library is missing, run: npm rebuild ${packageName} (it is downloaded or compiled then; npm needs to be allowed to run its install script).`
      await importOptional('tensorflow', packageName, tf, () => import(/* @vite-ignore */ packageName), remedy)
      await switchTo(tf, 'tensorflow', remedy)
      await check(tf)
    },
  }
}

/** tfjs-node 4.22 calls two functions that Node 23 removed (tensorflow/tfjs#8425, merged and never released). */
function restoreRemovedUtil(): void {
  // Asked for at run time, so that this file can be part of a browser's bundle.
  const util = globalThis.process?.getBuiltinModule?.('node:util') as { isNullOrUndefined?: (value: unknown) => boolean; isArray?: (value: unknown) => boolean } | undefined
  if (util === undefined) return
  util.isNullOrUndefined ??= (value) => value === null || value === undefined
  util.isArray ??= Array.isArray
}
