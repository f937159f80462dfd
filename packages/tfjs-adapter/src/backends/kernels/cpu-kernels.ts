import type { ResizeNearestNeighborGradAttrs, TensorInfo } from '@tensorflow/tfjs'
import type { TensorFlow } from '../../tensorflow.ts'
import { kernel, replaceKernels } from './register.ts'
import { resizeNearestNeighborGrad, type CpuMemory } from './resize-nearest-gradient.ts'

/** What tfjs-backend-cpu 4.22 gets wrong. */
export function registerCpuKernels(tf: TensorFlow): void {
  const theirBilinear = tf.getKernel('ResizeBilinearGrad', 'cpu')?.kernelFunc
  replaceKernels(tf, 'cpu', {
    // Theirs computes it well, and says that it has the columns of the image as rows.
    ...(theirBilinear === undefined ? {} : { ResizeBilinearGrad: (call) => ({ ...(theirBilinear(call) as TensorInfo), shape: call.inputs['images']!.shape }) }),
    ResizeNearestNeighborGrad: kernel((memory: CpuMemory, inputs, attributes: ResizeNearestNeighborGradAttrs) => resizeNearestNeighborGrad(memory, inputs, attributes)),
  })
}
