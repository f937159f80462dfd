import type { Scalar, TensorFlow } from '../tensorflow.ts'

/** Numbers as tensors, each a transfer to the device: shared by all weights of a step, and kept while the next step needs them again. */
export class StepScalars {
  readonly #tf: TensorFlow
  #before = new Map<number, Scalar>()
  #now = new Map<number, Scalar>()

  constructor(tf: TensorFlow) {
    this.#tf = tf
  }

  of(value: number): Scalar {
    const known = this.#now.get(value)
    if (known !== undefined) return known
    const scalar = this.#before.get(value) ?? this.#tf.keep(this.#tf.scalar(value))
    this.#before.delete(value)
    this.#now.set(value, scalar)
    return scalar
  }

  /** Lets go of what this step did not need. */
  endStep(): void {
    for (const scalar of this.#before.values()) scalar.dispose()
    this.#before = this.#now
    this.#now = new Map()
  }

  dispose(): void {
    this.endStep()
    this.endStep()
  }
}
