import { nonNegativeLeastSquares, type NonNegativeSolution } from './non-negative-least-squares.ts'
import { dot, product, type Moments } from './tradeoff-moments.ts'

/** Bounds of k: below, the curve of `a` is a parabola within 1 %, and `b` and `c` say the same; above, it is a step next to f = 1, finer than ratios are tried. */
export const lowestK = 0.2
export const highestK = 500

const rates = 69
const places = 40

/** Products of the column 1 − e^(−ku) at one k with u·n/nᵢ, u², the scores and itself. */
interface Products {
  readonly k: number
  readonly own: number
  readonly linear: number
  readonly quadratic: number
  readonly score: number
}

/**
 * Sums of squares that curves of different k, and of different maxima, leave. The columns are 1 − e^(−ku), −u·n/nᵢ and −u², their
 * coefficients a, β = b/n and c; u = 1 − f.
 */
export class TradeoffProfile {
  readonly #moments: Moments
  readonly #squares: Float64Array
  readonly #quadratic: { readonly own: number; readonly linear: number; readonly score: number }
  readonly #grid: readonly Products[]

  constructor(moments: Moments) {
    this.#moments = moments
    this.#squares = moments.u.map((u) => u * u)
    this.#quadratic = { own: product(moments, this.#squares, this.#squares), linear: dot(this.#squares, moments.linear), score: dot(this.#squares, moments.score) }
    this.#grid = Array.from({ length: rates }, (_, i) => this.#products(lowestK * (highestK / lowestK) ** (i / (rates - 1))))
  }

  /** The best curve: θ = (a, β, c). */
  best(): NonNegativeSolution & { readonly k: number } {
    return this.#overK((products) => this.#solve(products, [1, 0, 0, 0, 1, 0, 0, 0, 1]), 50)
  }

  /** The lowest sum of squares of a curve that is highest at u. */
  restAt(u: number): number {
    return this.#overK((products) => this.#solve(products, highestAt(u, products.k)), 12).rest
  }

  /** All f whose `restAt` is below a threshold, from the lowest to the highest. `within` is a u that is known to be. */
  interval(threshold: number, within: number): readonly [low: number, high: number] {
    const us = [...Array.from({ length: places + 1 }, (_, i) => i / places), within].sort((a, b) => a - b)
    const passes = us.map((u) => u === within || this.restAt(u) <= threshold)
    return [1 - this.#edge(us, passes, passes.lastIndexOf(true), 1, threshold), 1 - this.#edge(us, passes, passes.indexOf(true), -1, threshold)]
  }

  /** Halves the gap between the outermost u that passes and its neighbour that does not. */
  #edge(us: readonly number[], passes: readonly boolean[], index: number, towards: 1 | -1, threshold: number): number {
    let inside = us[index]!
    if (passes[index + towards] === undefined) return inside
    let outside = us[index + towards]!
    for (let i = 0; i < 8; i++) {
      const middle = (inside + outside) / 2
      if (this.restAt(middle) <= threshold) inside = middle
      else outside = middle
    }
    return inside
  }

  /** The least over k: the best of the grid, and a golden-section search between its neighbours. */
  #overK(solve: (products: Products) => NonNegativeSolution, refinements: number): NonNegativeSolution & { readonly k: number } {
    let index = 0
    let best = { ...solve(this.#grid[0]!), k: this.#grid[0]!.k }
    for (let i = 1; i < rates; i++) {
      const solution = solve(this.#grid[i]!)
      if (solution.rest < best.rest) [index, best] = [i, { ...solution, k: this.#grid[i]!.k }]
    }
    const at = (logK: number): NonNegativeSolution & { readonly k: number } => {
      const k = Math.exp(logK)
      const solution = { ...solve(this.#products(k)), k }
      if (solution.rest < best.rest) best = solution
      return solution
    }
    const golden = (Math.sqrt(5) - 1) / 2
    let [low, high] = [Math.log(this.#grid[Math.max(0, index - 1)]!.k), Math.log(this.#grid[Math.min(rates - 1, index + 1)]!.k)]
    let [left, right] = [high - golden * (high - low), low + golden * (high - low)]
    let [atLeft, atRight] = [at(left).rest, at(right).rest]
    for (let i = 0; i < refinements; i++) {
      if (atLeft < atRight) {
        ;[high, right, atRight] = [right, left, atLeft]
        left = high - golden * (high - low)
        atLeft = at(left).rest
      } else {
        ;[low, left, atLeft] = [left, right, atRight]
        right = low + golden * (high - low)
        atRight = at(right).rest
      }
    }
    return best
  }

  #products(k: number): Products {
    const column = this.#moments.u.map((u) => -Math.expm1(-k * u))
    return { k, own: product(this.#moments, column, column), linear: dot(column, this.#moments.linear), quadratic: product(this.#moments, column, this.#squares), score: dot(column, this.#moments.score) }
  }

  /** Non-negative least squares in the combinations of the three columns that `mix` lists: (a, β, c) of each. */
  #solve({ own, linear, quadratic, score }: Products, mix: readonly number[]): NonNegativeSolution {
    const { linearLinear, linearScore, scoreScore } = this.#moments
    const full = [own, -linear, -quadratic, -linear, linearLinear, this.#quadratic.linear, -quadratic, this.#quadratic.linear, this.#quadratic.own]
    const answers = [score, -linearScore, -this.#quadratic.score]
    const size = mix.length / 3
    const gram = new Float64Array(size * size)
    const right = new Float64Array(size)
    for (let i = 0; i < size; i++) {
      for (let m = 0; m < 3; m++) {
        right[i]! += mix[3 * i + m]! * answers[m]!
        for (let j = 0; j < size; j++) for (let l = 0; l < 3; l++) gram[i * size + j]! += mix[3 * i + m]! * full[3 * m + l]! * mix[3 * j + l]!
      }
    }
    return nonNegativeLeastSquares({ size, gram, right, total: scoreScore })
  }
}

/**
 * Combinations (a, β, c) whose non-negative sums are the curves that are highest at u. Inside, the slope
 * a·k·e^(−ku) − β − 2cu is 0 there, so that a follows from β and c; at u = 0 it is ≤ 0 and at u = 1 it is ≥ 0, which leaves one more.
 */
function highestAt(u: number, k: number): readonly number[] {
  const slope = k * Math.exp(-k * u)
  if (u === 0) return [1, k, 0, 0, 1, 0, 0, 0, 1]
  const inside = [1, slope, 0, 2 * u, 0, slope]
  return u === 1 ? [...inside, 1, 0, 0] : inside
}
