import { messageOf, tfjsError } from '../error.ts'
import { withSeededRandom } from '../keyed-random.ts'
import type { TrainableWeight } from '../optimizers/step-optimizer.ts'
import type { Scalar, Tensor, TensorFlow } from '../tensorflow.ts'
import { disposeTape } from './failures.ts'
import type { BatchGradients, BatchScores } from './training-program.ts'

/** The parts of a batch's work. All run within one `tf.tidy`. */
export interface Pass {
  /** Before anything is recorded for the gradient. */
  readonly prepare?: () => void
  /** What is differentiated; `kept` are tensors that `scores` needs when the gradient has been computed. */
  readonly forward: () => { readonly loss: Scalar; readonly kept: readonly Tensor[] }
  /** What is reported beside the loss: afterwards, since that costs less once nothing is recorded any more. */
  readonly scores: () => BatchScores
}

/**
 * Differentiates the loss of a pass. Whatever asks `Math.random` meanwhile (noise of tfjs that has no seed) is seeded. Leaves nothing but
 * what it returns, whether it returns or throws.
 * @throws AttuneError `TFJS_MODEL` if the loss depends on none of the weights.
 */
export function gradientsOf(tf: TensorFlow, weights: readonly TrainableWeight[], seed: number, { prepare, forward, scores }: Pass): BatchGradients {
  let kept: readonly Tensor[] = []
  try {
    return withSeededRandom(seed, () => tf.tidy(() => {
      prepare?.()
      const { value, grads } = tf.variableGrads(() => {
        const pass = forward()
        // What is kept already is somebody else's.
        kept = pass.kept.filter((tensor) => !tensor.kept)
        for (const tensor of kept) tf.keep(tensor)
        return pass.loss
      }, weights.map(({ variable }) => variable))
      const gradients = Object.fromEntries(weights.flatMap(({ key, variable }): [string, Tensor][] => {
        const gradient = grads[variable.name] as Tensor | null | undefined
        return gradient === null || gradient === undefined ? [] : [[key, gradient]]
      }))
      return { scores: { loss: value, ...scores() }, gradients }
    }))
  } catch (error) {
    disposeTape(tf)
    if (/Cannot find a connection between any variable/.test(messageOf(error))) throw tfjsError('TFJS_MODEL', 'The loss does not depend on any weight that is to be trained, or not by differentiable operations (argMax, round and casts to int32 are none).', { cause: error })
    throw error
  } finally {
    tf.dispose([...kept])
  }
}
