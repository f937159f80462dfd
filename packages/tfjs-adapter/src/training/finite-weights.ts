import type { Tensor, TensorFlow } from '../tensorflow.ts'
import type { ProgramWeight } from './training-program.ts'

/**
 * The first weight that holds what is no finite number, and that number. A loss does not always tell: on wasm, relu makes 0 of NaN, and the clipping in
 * cross-entropies a number. The sum of everything is NaN or infinite if one number is; only then is each looked at, since a sum may also overflow.
 */
export async function brokenWeight(tf: TensorFlow, weights: readonly ProgramWeight[]): Promise<{ readonly key: string; readonly value: number } | undefined> {
  const learning = weights.filter(({ variable }) => variable.trainable)
  if (learning.length === 0) return undefined
  const sum: Tensor = tf.tidy(() => tf.addN(learning.map(({ variable }) => tf.sum(variable))))
  try {
    if (Number.isFinite((await sum.data())[0])) return undefined
  } finally {
    sum.dispose()
  }
  for (const { key, variable } of learning) {
    const value = (await variable.data<'float32'>()).find((number) => !Number.isFinite(number))
    if (value !== undefined) return { key, value }
  }
  return undefined
}
