import type { Variable } from '../tensorflow.ts'

/**
 * The usual rule of what weight decay shrinks: matrices and the kernels of convolutions, not biases nor scales and shifts of normalisations.
 * `name` is the weight's own, without its layer's: `kernel`.
 */
export function decaysByDefault(name: string, variable: Variable): boolean {
  return variable.rank >= 2 && name !== 'bias' && name !== 'gamma' && name !== 'beta'
}
