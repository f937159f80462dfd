import type { NamedAttrMap, NamedTensorInfoMap, TensorInfo } from '@tensorflow/tfjs'
import type { Tensor, TensorFlow } from '../../tensorflow.ts'

type KernelFunction = Parameters<TensorFlow['registerKernel']>[0]['kernelFunc']

/** Marks our kernels, so that each is registered once. */
const OURS = 'attune'

/** tfjs types neither what a kernel's backend offers nor its attributes: each kernel says what it takes. */
export function kernel<M, A>(compute: (memory: M, inputs: NamedTensorInfoMap, attributes: A) => Tensor | TensorInfo): KernelFunction {
  return ({ inputs, attrs, backend }: { inputs: NamedTensorInfoMap; attrs?: NamedAttrMap; backend: unknown }) => compute(backend as M, inputs, attrs as unknown as A)
}

/** Kernels that a backend may lack; those that it has are left alone. */
export function addKernels(tf: TensorFlow, backendName: string, kernels: { readonly [kernelName: string]: KernelFunction }): void {
  for (const [kernelName, kernelFunc] of Object.entries(kernels)) {
    if (tf.getKernel(kernelName, backendName) === undefined) tf.registerKernel({ kernelName, backendName, kernelFunc })
  }
}

/** Kernels instead of a backend's own, which give wrong numbers. */
export function replaceKernels(tf: TensorFlow, backendName: string, kernels: { readonly [kernelName: string]: KernelFunction }): void {
  for (const [kernelName, kernelFunc] of Object.entries(kernels)) {
    const present = tf.getKernel(kernelName, backendName)
    if (present !== undefined && OURS in present) continue
    if (present !== undefined) tf.unregisterKernel(kernelName, backendName)
    const marked = { kernelName, backendName, kernelFunc, [OURS]: true }
    tf.registerKernel(marked)
  }
}
