import type { Awaitable } from '@attune/core'
import { withSeededRandom } from '../keyed-random.ts'
import type { Tensor, TensorFlow, Variable } from '../tensorflow.ts'

/** What tfjs knows of what was made; its types hide it. */
interface EngineState {
  readonly activeScope: { readonly track: readonly Tensor[] }
  readonly registeredVariables: { readonly [name: string]: Variable }
}

/**
 * Runs a user's function that makes a model or variables, with `Math.random` seeded until its first `await`. If it throws before that, whatever
 * it made is freed, weights included. `keeps` names the tensors in what it returned: others are freed then, unless it is asynchronous and may
 * still need them. Without `keeps`, all stay.
 */
export function creating<T>(tf: TensorFlow, seed: number, make: () => Awaitable<T>, keeps?: (made: T) => readonly Tensor[]): Awaitable<T> {
  const { state } = tf.engine() as unknown as { readonly state: EngineState }
  const known = new Set(Object.values(state.registeredVariables))
  let made: { readonly value: Awaitable<T> } | undefined
  try {
    tf.tidy(() => {
      const value = withSeededRandom(seed, make)
      made = { value }
      return [...(keeps === undefined || value instanceof Promise ? state.activeScope.track : keeps(value as T))]
    })
    return made!.value
  } catch (error) {
    for (const variable of Object.values(state.registeredVariables)) if (!known.has(variable)) variable.dispose()
    throw error
  }
}
