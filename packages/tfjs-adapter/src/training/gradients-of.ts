import { messageOf, tfjsError } from '../error.ts'
import { withSeededRandom } from '../keyed-random.ts'
import type { TrainableWeight } from '../optimizers/step-optimizer.ts'
import type { Scalar, Tensor, TensorFlow } from '../tensorflow.ts'
import { disposeTape } from './failures.ts'
import type { BatchGradients } from './training-program.ts'

/**
 * Differentiates what `forward` answers. It may put scalars into `scores`, which are kept beside the loss. Whatever asks `Math.random` meanwhile
 * (noise of tfjs that has no seed) is seeded. Leaves nothing but what it returns, whether it returns or throws.
 * @throws AttuneError `TFJS_MODEL` if the loss depends on none of the weights.
 */
export function gradientsOf(tf: TensorFlow, weights: readonly TrainableWeight[], seed: number, forward: (scores: { [name: string]: Scalar }) => Scalar): BatchGradients {
  const scores: { [name: string]: Scalar } = {}
  try {
    return withSeededRandom(seed, () => tf.tidy(() => {
      const { value, grads } = tf.variableGrads(() => {
        const loss = forward(scores)
        for (const score of Object.values(scores)) tf.keep(score)
        return loss
      }, weights.map(({ variable }) => variable))
      const gradients = Object.fromEntries(weights.flatMap(({ key, variable }): [string, Tensor][] => {
        const gradient = grads[variable.name] as Tensor | null | undefined
        return gradient === null || gradient === undefined ? [] : [[key, gradient]]
      }))
      return { scores: { loss: value, ...scores }, gradients }
    }))
  } catch (error) {
    disposeTape(tf)
    tf.dispose(scores)
    if (/Cannot find a connection between any variable/.test(messageOf(error))) throw tfjsError('TFJS_MODEL', 'The loss does not depend on any weight that is to be trained, or not by differentiable operations (argMax, round and casts to int32 are none).', { cause: error })
    throw error
  }
}
