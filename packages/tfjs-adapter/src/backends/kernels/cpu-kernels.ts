import type { ResizeNearestNeighborGradAttrs } from '@tensorflow/tfjs'
import type { TensorFlow } from '../../tensorflow.ts'
import { kernel, replaceKernels } from './register.ts'
import { resizeNearestNeighborGrad, type CpuMemory } from './resize-nearest-gradient.ts'

/** What tfjs-backend-cpu 4.22 gets wrong. */
export function registerCpuKernels(tf: TensorFlow): void {
  replaceKernels(tf, 'cpu', {
    ResizeNearestNeighborGrad: kernel((memory: CpuMemory, inputs, attributes: ResizeNearestNeighborGradAttrs) => resizeNearestNeighborGrad(memory, inputs, attributes)),
  })
}
