import type { Random } from '@attune/core'
import type { Sequence } from './sequence.ts'

/**
 * Latin hypercubes one after another (McKay, Beckman & Conover 1979): in each block of `size` successive points, every dimension cut
 * into `size` slices has one point in each. Points lie anywhere in their slices, or in the middle if they are not jittered.
 */
export class LatinHypercube implements Sequence {
  readonly #dimensions: number
  readonly #size: number
  readonly #jitter: boolean
  readonly #random: Random
  /** Slices of the block at hand: those of its points in the first dimension, then in the second … */
  readonly #slices: Int32Array
  #block = -1

  constructor(dimensions: number, size: number, jitter: boolean, random: Random) {
    this.#dimensions = dimensions
    this.#size = size
    this.#jitter = jitter
    this.#random = random
    this.#slices = new Int32Array(dimensions * size)
  }

  point(index: number, out: Float64Array): void {
    const size = this.#size
    const block = Math.floor(index / size)
    if (block !== this.#block) this.#draw(block)
    const within = this.#jitter ? this.#random.stream(index, 'latin-hypercube.jitter') : undefined
    for (let dimension = 0; dimension < this.#dimensions; dimension++) {
      out[dimension] = ((this.#slices[dimension * size + (index % size)] as number) + (within?.uniform() ?? 0.5)) / size
    }
  }

  /** One dimension after another, so that a dimension more changes nothing about the others. */
  #draw(block: number): void {
    const size = this.#size
    const random = this.#random.stream(block, 'latin-hypercube.block')
    for (let dimension = 0; dimension < this.#dimensions; dimension++) {
      const slices = this.#slices.subarray(dimension * size, (dimension + 1) * size)
      for (let i = 0; i < size; i++) {
        const other = random.integer(i + 1)
        slices[i] = slices[other] as number
        slices[other] = i
      }
    }
    this.#block = block
  }
}
