import type { Scalar, TensorFlow } from '../tensorflow.ts'
import type { BatchScores } from './training-program.ts'

/** What a checkpoint keeps of a meter: sums over samples, exact. */
export interface MeterState {
  readonly samples: number
  readonly sums: { readonly [name: string]: number }
}

/** The values of one batch, of which `loss` was no number. */
export interface BrokenBatch<T> {
  readonly value: number
  readonly at: T
}

interface Pending<T> {
  readonly samples: number
  readonly at: T
  readonly scores: BatchScores
}

/** Batches whose values may be on the device at once. */
const LONGEST = 32

/**
 * Means over samples of what batches give. On backends whose memory is this process's own, each value is read at once; on others
 * that would make the device wait for us after every batch, so values are fetched together, every 32 batches and when they are asked for.
 * Sums are double precision in either case, and the same.
 */
export class Meter<T> {
  readonly #tf: TensorFlow
  readonly #readsAtOnce: boolean
  readonly #pending: Pending<T>[] = []
  #samples = 0
  readonly #sums = new Map<string, number>()

  constructor(tf: TensorFlow) {
    this.#tf = tf
    this.#readsAtOnce = ['cpu', 'wasm'].includes(tf.getBackend())
  }

  /** Takes over the tensors. True if `settle` is to be called now. */
  add(scores: BatchScores, samples: number, at: T): boolean {
    this.#pending.push({ samples, at, scores })
    return this.#readsAtOnce || this.#pending.length >= LONGEST
  }

  /** Fetches what is on the device. Answers the first batch whose loss is no finite number. */
  settle(): BrokenBatch<T> | undefined | Promise<BrokenBatch<T> | undefined> {
    if (this.#pending.length === 0) return undefined
    if (!this.#readsAtOnce) return this.#fetch()
    let broken: BrokenBatch<T> | undefined
    for (const batch of this.#pending.splice(0)) {
      const found = this.#count(batch, Object.values(batch.scores).map((score) => score.dataSync()[0] as number))
      this.#tf.dispose(batch.scores)
      broken ??= found
    }
    return broken
  }

  /** By name, in the order of the batches' scores; call `settle` before. */
  means(): { readonly [name: string]: number } {
    return Object.fromEntries([...this.#sums].map(([name, sum]) => [name, sum / this.#samples]))
  }

  get state(): MeterState {
    return { samples: this.#samples, sums: Object.fromEntries(this.#sums) }
  }

  restore({ samples, sums }: MeterState): void {
    this.reset()
    this.#samples = samples
    for (const [name, sum] of Object.entries(sums)) this.#sums.set(name, sum)
  }

  reset(): void {
    for (const { scores } of this.#pending.splice(0)) this.#tf.dispose(scores)
    this.#samples = 0
    this.#sums.clear()
  }

  async #fetch(): Promise<BrokenBatch<T> | undefined> {
    const tf = this.#tf
    const batches = this.#pending.splice(0)
    const scores = batches.flatMap((batch) => Object.values(batch.scores))
    let all
    try {
      all = tf.tidy(() => tf.stack(scores.map((score): Scalar => tf.cast(score, 'float32'))))
      const values = await all.data()
      let read = 0
      let broken: BrokenBatch<T> | undefined
      for (const batch of batches) {
        const count = Object.keys(batch.scores).length
        const found = this.#count(batch, Array.from(values.subarray(read, read + count)))
        read += count
        broken ??= found
      }
      return broken
    } finally {
      tf.dispose(scores)
      all?.dispose()
    }
  }

  #count({ scores, samples, at }: Pending<T>, values: readonly number[]): BrokenBatch<T> | undefined {
    let broken: BrokenBatch<T> | undefined
    for (const [index, name] of Object.keys(scores).entries()) {
      const value = values[index] as number
      this.#sums.set(name, (this.#sums.get(name) ?? 0) + value * samples)
      if (name === 'loss' && !Number.isFinite(value)) broken = { value, at }
    }
    this.#samples += samples
    return broken
  }
}
