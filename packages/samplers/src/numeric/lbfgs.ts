import { atOnce } from '../in-parts.ts'

/** A function to minimise: writes its gradient at `point` into `gradient`, answers its value. */
export type Differentiable = (point: Float64Array, gradient: Float64Array) => number

export interface LbfgsOptions {
  readonly iterations: number
  /** It ends when no component of the projected gradient is larger than this. */
  readonly gradientTolerance: number
  /** It ends when three iterations together gain less than this. Default 0. */
  readonly leastGain?: number
  /** Length of the first step in its largest component, at most. Default 1. */
  readonly firstStep?: number
}

const memory = 8
const sufficientDecrease = 1e-4
const mostBacktracks = 12

/**
 * Minimises within bounds by projected L-BFGS (Nocedal & Wright 2006, algorithms 7.4 and 7.5; variables at a bound with
 * the gradient pointing outwards are held, as in Bertsekas 1982). Backtracking by quadratic interpolation. Reuses its buffers, so one
 * instance serves many searches of one width, one at a time.
 */
export class Lbfgs {
  readonly #width: number
  readonly #gradient: Float64Array
  readonly #trial: Float64Array
  readonly #trialGradient: Float64Array
  readonly #direction: Float64Array
  readonly #steps: Float64Array[]
  readonly #changes: Float64Array[]
  readonly #curvatures = new Float64Array(memory)
  readonly #factors = new Float64Array(memory)

  constructor(width: number) {
    const vector = (): Float64Array => new Float64Array(width)
    this.#width = width
    this.#gradient = vector()
    this.#trial = vector()
    this.#trialGradient = vector()
    this.#direction = vector()
    this.#steps = Array.from({ length: memory }, vector)
    this.#changes = Array.from({ length: memory }, vector)
  }

  /** Moves `point` to a minimum and answers the value there. A value that is not a number counts as too high; at the start it ends the search. */
  minimise(f: Differentiable, point: Float64Array, lower: Float64Array, upper: Float64Array, options: LbfgsOptions): number {
    return atOnce(this.minimiseInParts(f, point, lower, upper, options))
  }

  /** As `minimise`, with a pause after each iteration. */
  * minimiseInParts(f: Differentiable, point: Float64Array, lower: Float64Array, upper: Float64Array, { iterations, gradientTolerance, leastGain = 0, firstStep = 1 }: LbfgsOptions): Generator<void, number, undefined> {
    const width = this.#width
    const gradient = this.#gradient
    const trial = this.#trial
    const trialGradient = this.#trialGradient
    const direction = this.#direction
    for (let i = 0; i < width; i++) point[i] = Math.min(upper[i] as number, Math.max(lower[i] as number, point[i] as number))
    let value = f(point, gradient)
    if (Number.isNaN(value)) return value
    let checked = value
    let stored = 0
    let next = 0
    for (let iteration = 0; iteration < iterations; iteration++) {
      if (this.#largestFree(point, gradient, lower, upper) <= gradientTolerance) break
      this.#twoLoop(point, gradient, lower, upper, stored, next)
      let slope = dot(direction, gradient)
      if (!(slope < 0)) {
        // The memory misleads: begin anew along the gradient.
        stored = 0
        this.#twoLoop(point, gradient, lower, upper, 0, 0)
        slope = dot(direction, gradient)
        if (!(slope < 0)) break
      }
      let step = stored === 0 ? Math.min(1, firstStep / largest(direction)) : 1
      let reached = NaN
      let decrease = 0
      let found = false
      for (let attempt = 0; attempt < mostBacktracks; attempt++) {
        decrease = 0
        for (let i = 0; i < width; i++) {
          const moved = Math.min(upper[i] as number, Math.max(lower[i] as number, (point[i] as number) + step * (direction[i] as number)))
          trial[i] = moved
          decrease += (moved - (point[i] as number)) * (gradient[i] as number)
        }
        if (!(decrease < 0)) break
        reached = f(trial, trialGradient)
        if (reached <= value + sufficientDecrease * decrease) {
          found = true
          break
        }
        const minimum = (-0.5 * slope * step * step) / (reached - value - slope * step)
        step = minimum >= 0.1 * step && minimum <= 0.5 * step ? minimum : Number.isFinite(reached) ? (minimum < 0.1 * step ? 0.1 : 0.5) * step : 0.2 * step
      }
      if (!found) {
        if (stored === 0) break
        stored = 0
        continue
      }
      const taken = this.#steps[next] as Float64Array
      const change = this.#changes[next] as Float64Array
      let curvature = 0
      let changeSquared = 0
      for (let i = 0; i < width; i++) {
        const s = (trial[i] as number) - (point[i] as number)
        const y = (trialGradient[i] as number) - (gradient[i] as number)
        taken[i] = s
        change[i] = y
        curvature += s * y
        changeSquared += y * y
        point[i] = trial[i] as number
        gradient[i] = trialGradient[i] as number
      }
      if (curvature > 1e-10 * changeSquared) {
        this.#curvatures[next] = curvature
        next = (next + 1) % memory
        stored = Math.min(memory, stored + 1)
      } else if (stored === memory) stored-- // The oldest pair has been written over.
      value = reached
      yield
      if (iteration % 3 !== 2) continue
      if (checked - value <= leastGain) break
      checked = value
    }
    return value
  }

  #isHeld(i: number, point: Float64Array, gradient: Float64Array, lower: Float64Array, upper: Float64Array): boolean {
    const x = point[i] as number
    const g = gradient[i] as number
    return (x <= (lower[i] as number) && g >= 0) || (x >= (upper[i] as number) && g <= 0)
  }

  #largestFree(point: Float64Array, gradient: Float64Array, lower: Float64Array, upper: Float64Array): number {
    let most = 0
    for (let i = 0; i < this.#width; i++) if (!this.#isHeld(i, point, gradient, lower, upper)) most = Math.max(most, Math.abs(gradient[i] as number))
    return most
  }

  /** The direction −H g over the variables that are not held (algorithm 7.4). */
  #twoLoop(point: Float64Array, gradient: Float64Array, lower: Float64Array, upper: Float64Array, stored: number, next: number): void {
    const width = this.#width
    const direction = this.#direction
    for (let i = 0; i < width; i++) direction[i] = this.#isHeld(i, point, gradient, lower, upper) ? 0 : -(gradient[i] as number)
    for (let back = 1; back <= stored; back++) {
      const at = (next - back + memory) % memory
      const factor = dot(this.#steps[at] as Float64Array, direction) / (this.#curvatures[at] as number)
      this.#factors[at] = factor
      addScaled(direction, -factor, this.#changes[at] as Float64Array)
    }
    if (stored > 0) {
      const last = (next - 1 + memory) % memory
      const change = this.#changes[last] as Float64Array
      const scale = (this.#curvatures[last] as number) / dot(change, change)
      for (let i = 0; i < width; i++) direction[i] = (direction[i] as number) * scale
    }
    for (let back = stored; back >= 1; back--) {
      const at = (next - back + memory) % memory
      const factor = dot(this.#changes[at] as Float64Array, direction) / (this.#curvatures[at] as number)
      addScaled(direction, (this.#factors[at] as number) - factor, this.#steps[at] as Float64Array)
    }
    for (let i = 0; i < width; i++) if (this.#isHeld(i, point, gradient, lower, upper)) direction[i] = 0
  }
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number)
  return sum
}

function addScaled(target: Float64Array, factor: number, source: Float64Array): void {
  for (let i = 0; i < target.length; i++) target[i] = (target[i] as number) + factor * (source[i] as number)
}

function largest(vector: Float64Array): number {
  let most = 0
  for (let i = 0; i < vector.length; i++) most = Math.max(most, Math.abs(vector[i] as number))
  return most
}
