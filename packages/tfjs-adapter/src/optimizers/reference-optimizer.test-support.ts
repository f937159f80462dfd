import type { OptimizerSpec } from './optimizer-spec.ts'

/** Slow and obvious: one weight in double precision, by the formulas of the papers, averages kept as averages. */
export class ReferenceOptimizer {
  readonly #spec: OptimizerSpec
  readonly #decays: boolean
  #t = 0
  #m: number[]
  #v: number[]
  #extra: number[]
  weight: number[]

  constructor(spec: OptimizerSpec, weight: readonly number[], decays: boolean) {
    this.#spec = spec
    this.#decays = decays || spec.decayAll === true
    this.weight = [...weight]
    this.#m = weight.map(() => 0)
    this.#v = weight.map(() => (spec.type === 'adagrad' ? (spec.initialAccumulator ?? 0.1) : 0))
    this.#extra = weight.map(() => 0)
  }

  step(raw: readonly number[], rate: number): void {
    const spec = this.#spec
    const l2 = this.#decays ? (spec.l2 ?? 0) : 0
    const decay = this.#decays ? (spec.weightDecay ?? (spec.type === 'adamw' ? 0.004 : 0)) : 0
    const t = (this.#t += 1)
    const w = this.weight
    const g = raw.map((value, i) => value + l2 * w[i]!)
    const direction = w.map((_, i) => this.#direction(i, g[i]!, t))
    if (spec.type === 'lamb' && this.#decays) {
      const u = direction.map((value, i) => value + decay * w[i]!)
      const [weightNorm, uNorm] = [norm(w), norm(u)]
      const ratio = weightNorm > 0 && uNorm > 0 ? weightNorm / uNorm : 1
      this.weight = w.map((value, i) => value - rate * ratio * u[i]!)
    } else {
      this.weight = w.map((value, i) => value - rate * (direction[i]! + decay * value))
    }
  }

  /** What the rate multiplies; moves the averages of number i on. */
  #direction(i: number, g: number, t: number): number {
    const spec = this.#spec
    switch (spec.type) {
      case 'sgd':
      case 'momentum':
      case 'nesterov': {
        const mu = spec.momentum ?? (spec.type === 'sgd' ? 0 : 0.9)
        const velocity = (this.#m[i] = mu * this.#m[i]! + g)
        return spec.type === 'nesterov' || (spec.type === 'sgd' && spec.nesterov === true) ? g + mu * velocity : velocity
      }
      case 'adam':
      case 'adamw':
      case 'lamb': {
        const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7 } = spec
        const m = (this.#m[i] = beta1 * this.#m[i]! + (1 - beta1) * g)
        const v = (this.#v[i] = beta2 * this.#v[i]! + (1 - beta2) * g * g)
        return m / (1 - beta1 ** t) / (Math.sqrt(v / (1 - beta2 ** t)) + epsilon)
      }
      case 'adamax': {
        const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7 } = spec
        const m = (this.#m[i] = beta1 * this.#m[i]! + (1 - beta1) * g)
        const u = (this.#v[i] = Math.max(beta2 * this.#v[i]!, Math.abs(g)))
        return m / (1 - beta1 ** t) / (u + epsilon)
      }
      case 'rmsprop': {
        const { rho = 0.9, momentum = 0, epsilon = 1e-7, centered = false } = spec
        const square = (this.#v[i] = rho * this.#v[i]! + (1 - rho) * g * g)
        const mean = (this.#extra[i] = rho * this.#extra[i]! + (1 - rho) * g)
        return (this.#m[i] = momentum * this.#m[i]! + g / Math.sqrt((centered ? square - mean ** 2 : square) + epsilon))
      }
      case 'adagrad': {
        const sum = (this.#v[i] = this.#v[i]! + g * g)
        return g / Math.sqrt(sum + (spec.epsilon ?? 1e-7))
      }
      case 'lion': {
        const { beta1 = 0.9, beta2 = 0.99 } = spec
        const direction = Math.sign(beta1 * this.#m[i]! + (1 - beta1) * g)
        this.#m[i] = beta2 * this.#m[i]! + (1 - beta2) * g
        return direction
      }
    }
  }
}

function norm(values: readonly number[]): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0))
}
