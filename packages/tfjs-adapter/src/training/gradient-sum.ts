import type { Tensor, TensorFlow } from '../tensorflow.ts'

type Gradients = { readonly [key: string]: Tensor }

/**
 * The gradient of up to `batches` batches together: Σ nᵢ·gᵢ / Σ nᵢ with nᵢ samples each. As losses are means over samples, that is the
 * gradient of one batch that has all of these samples.
 */
export class GradientSum {
  readonly #tf: TensorFlow
  readonly #batches: number
  #added = 0
  #samples = 0
  #sum: { [key: string]: Tensor } = {}

  constructor(tf: TensorFlow, batches: number) {
    this.#tf = tf
    this.#batches = batches
  }

  get full(): boolean {
    return this.#added === this.#batches
  }

  get empty(): boolean {
    return this.#added === 0
  }

  /** Takes over the tensors. A single batch's stay what they are, bit for bit. */
  add(gradients: Gradients, samples: number): void {
    this.#added++
    this.#samples += samples
    if (this.#batches === 1) {
      this.#sum = gradients
      return
    }
    const tf = this.#tf
    try {
      for (const [key, gradient] of Object.entries(gradients)) {
        const before = this.#sum[key]
        this.#sum[key] = tf.tidy(() => (before === undefined ? tf.mul(gradient, samples) : tf.add(before, tf.mul(gradient, samples))))
        before?.dispose()
      }
    } finally {
      tf.dispose(gradients)
    }
  }

  /** The mean; its tensors are the caller's. A new sum begins. */
  take(): Gradients {
    const tf = this.#tf
    const [samples, sum] = [this.#samples, this.#sum]
    this.#begin()
    if (this.#batches === 1) return sum
    try {
      return tf.tidy(() => Object.fromEntries(Object.entries(sum).map(([key, tensor]) => [key, tf.div(tensor, samples)])))
    } finally {
      tf.dispose(sum)
    }
  }

  dispose(): void {
    this.#tf.dispose(this.#sum)
    this.#begin()
  }

  #begin(): void {
    this.#added = 0
    this.#samples = 0
    this.#sum = {}
  }
}
