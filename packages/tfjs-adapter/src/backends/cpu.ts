import { expectActive, switchTo, type Backend } from './backend.ts'
import { registerCpuKernels } from './kernels/cpu-kernels.ts'

/** Plain JavaScript: everywhere, slow; about a hundred times slower than `wasm()` on convolutions. */
export function cpu(): Backend {
  return {
    name: 'cpu',
    async activate(tf) {
      await switchTo(tf, 'cpu', `It is part of @tensorflow/tfjs; if you inject a smaller namespace, import '@tensorflow/tfjs-backend-cpu' first (npm install @tensorflow/tfjs-backend-cpu@${tf.version_core}).`)
      registerCpuKernels(tf)
    },
    async describe(tf) {
      expectActive(tf, 'cpu')
      return { backend: 'cpu' }
    },
  }
}
