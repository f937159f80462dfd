import { exp, log } from '@attune/core'

/** Learning rate adaptation: the signal-to-noise ratio that is aimed at, and the trust region at the start. */
const aim = 1.5
const firstTrust = 1

/**
 * Independent categorical distributions that follow the natural gradient with a step size of their own, and never lose a category
 * (CatCMA: Hamano, Saito, Nomura, Uchida & Shirakawa 2024, arXiv:2405.09962; its step size is ASNG of Akimoto et al. 2019).
 * Where a parameter was inactive it learns nothing.
 */
export class CategorySearch {
  /** Number of categories of each parameter. */
  readonly #cells: readonly number[]
  /** Probabilities, parameter after parameter. */
  readonly #probabilities: Float64Array
  readonly #offsets: readonly number[]
  readonly #least: readonly number[]
  readonly #gradient: Float64Array
  readonly #direction: Float64Array
  readonly #path: Float64Array
  #pathWeight = 0
  #slowness = 1

  /** @param start probabilities of each parameter; they are raised to the least that is kept */
  constructor(start: readonly Float64Array[]) {
    this.#cells = start.map(({ length }) => length)
    this.#offsets = start.map((_, i) => this.#cells.slice(0, i).reduce((sum, cells) => sum + cells, 0))
    const total = this.#cells.reduce((sum, cells) => sum + cells, 0)
    this.#probabilities = new Float64Array(total)
    this.#gradient = new Float64Array(total)
    this.#direction = new Float64Array(total)
    this.#path = new Float64Array(total)
    const share = start.length === 0 ? 0 : 1 - exp(log(0.73) / start.length) // In 27 % of the draws some category is not its parameter's likeliest.
    this.#least = this.#cells.map((cells) => share / (cells - 1))
    for (const [i, probabilities] of start.entries()) {
      this.#probabilities.set(probabilities, this.#offsets[i])
      this.#keepLeast(i)
    }
  }

  /** Probability of a category. */
  probability(parameter: number, category: number): number {
    return this.#probabilities[(this.#offsets[parameter] as number) + category] as number
  }

  /** The category at a quantile in [0, 1). */
  draw(parameter: number, quantile: number): number {
    const last = (this.#cells[parameter] as number) - 1
    let rest = quantile
    for (let category = 0; category < last; category++) {
      rest -= this.probability(parameter, category)
      if (rest < 0) return category
    }
    return last
  }

  /**
   * Takes in the parents of a generation.
   * @param categories of each parent, best first, one for each parameter: -1 where inactive
   * @param weights of the parents, with sum 1
   */
  update(categories: Int32Array, weights: Float64Array): void {
    const parameters = this.#cells.length
    const gradient = this.#gradient.fill(0)
    for (let parent = 0; parent < weights.length; parent++) {
      const weight = weights[parent] as number
      for (let i = 0; i < parameters; i++) {
        const category = categories[parent * parameters + i] as number
        if (category < 0) continue
        const offset = this.#offsets[i] as number
        for (let c = 0, at = offset; c < (this.#cells[i] as number); c++, at++) gradient[at] = (gradient[at] as number) - weight * (this.#probabilities[at] as number)
        gradient[offset + category] = (gradient[offset + category] as number) + weight
      }
    }
    // The gradient times the root of the Fisher information (Akimoto et al. 2019, appendix B): its length is what a step is measured by.
    const direction = this.#direction.fill(0)
    let square = 0
    let free = 0
    for (let i = 0; i < parameters; i++) {
      const offset = this.#offsets[i] as number
      const last = (this.#cells[i] as number) - 1
      free += last
      let sum = 0
      for (let c = 0; c < last; c++) sum += gradient[offset + c] as number
      const rest = this.#probabilities[offset + last] as number
      for (let c = 0; c < last; c++) {
        const root = Math.sqrt(this.#probabilities[offset + c] as number)
        const one = (gradient[offset + c] as number) / root + (root * sum) / (rest + Math.sqrt(rest))
        direction[offset + c] = one
        square += one * one
      }
    }
    const length = Math.sqrt(square)
    if (length < 1e-12) return // Nothing was active, or all parents are what is expected.
    const trust = firstTrust / this.#slowness
    for (let at = 0; at < gradient.length; at++) this.#probabilities[at] = (this.#probabilities[at] as number) + (trust / length) * (gradient[at] as number)
    const pace = Math.min(1, trust / Math.sqrt(free))
    let squarePath = 0
    for (let at = 0; at < direction.length; at++) {
      const path = (1 - pace) * (this.#path[at] as number) + (Math.sqrt(pace * (2 - pace)) * (direction[at] as number)) / length
      this.#path[at] = path
      squarePath += path * path
    }
    this.#pathWeight = (1 - pace) * (1 - pace) * this.#pathWeight + pace * (2 - pace)
    this.#slowness *= exp(pace * (this.#pathWeight - squarePath / aim))
    for (let i = 0; i < parameters; i++) this.#keepLeast(i)
  }

  #keepLeast(parameter: number): void {
    const cells = this.#cells[parameter] as number
    const least = this.#least[parameter] as number
    const own = this.#probabilities.subarray(this.#offsets[parameter], (this.#offsets[parameter] as number) + cells)
    let sum = 0
    for (let c = 0; c < cells; c++) sum += own[c] = Math.max(least, own[c] as number)
    const excess = (sum - 1) / (sum - least * cells)
    if (sum > 1) for (let c = 0; c < cells; c++) own[c] = (own[c] as number) - excess * ((own[c] as number) - least)
  }
}
