import { describe, expect, it } from 'vitest'
import { type Differentiable, Lbfgs } from './lbfgs.ts'

const rosenbrock: Differentiable = (x, gradient) => {
  let value = 0
  gradient.fill(0)
  for (let i = 0; i + 1 < x.length; i++) {
    const a = x[i] as number
    const b = x[i + 1] as number
    value += 100 * (b - a * a) ** 2 + (1 - a) ** 2
    gradient[i] = (gradient[i] as number) - 400 * a * (b - a * a) - 2 * (1 - a)
    gradient[i + 1] = (gradient[i + 1] as number) + 200 * (b - a * a)
  }
  return value
}
const vector = (length: number, value: number): Float64Array => new Float64Array(length).fill(value)
const options = { iterations: 200, gradientTolerance: 1e-8 }

describe('L-BFGS', () => {
  it('finds the minimum of Rosenbrock’s function', () => {
    const point = vector(6, -0.7)
    let evaluations = 0
    const counted: Differentiable = (x, gradient) => (evaluations++, rosenbrock(x, gradient))
    expect(new Lbfgs(6).minimise(counted, point, vector(6, -5), vector(6, 5), options)).toBeLessThan(1e-12)
    for (const one of point) expect(one).toBeCloseTo(1, 5)
    expect(evaluations).toBeLessThan(150)
  })

  it('stops at bounds where SciPy does', () => {
    // scipy.optimize.minimize(rosen, [.3] * 4, jac=rosen_der, method='L-BFGS-B', bounds=[(-5, .6), (-5, 5), (.2, .25), (-5, 5)]), SciPy 1.17.1
    const point = vector(4, 0.3)
    const value = new Lbfgs(4).minimise(rosenbrock, point, Float64Array.from([-5, -5, 0.2, -5]), Float64Array.from([0.6, 5, 0.25, 5]), options)
    expect(value).toBeCloseTo(1.4797448914669156, 9)
    expect([...point]).toEqual([0.6, 0.3987236269119976, 0.2, 0.04].map((one) => expect.closeTo(one, 5) as number))
  })

  it('keeps fixed what has one bound', () => {
    const point = Float64Array.from([0.5, 3])
    new Lbfgs(2).minimise(rosenbrock, point, Float64Array.from([0.5, -5]), Float64Array.from([0.5, 5]), options)
    expect([...point]).toEqual([0.5, expect.closeTo(0.25, 6)])
  })

  it('steps back from where a function is not defined', () => {
    // −log x + x: lowest at 1, not defined from 0 down.
    const point = Float64Array.from([20])
    const value = new Lbfgs(1).minimise(([x = 0], gradient) => ((gradient[0] = 1 - 1 / x), x > 0 ? x - Math.log(x) : NaN), point, vector(1, -100), vector(1, 100), { ...options, firstStep: 50 })
    expect(point[0]).toBeCloseTo(1, 6)
    expect(value).toBeCloseTo(1, 10)
    expect(new Lbfgs(1).minimise(() => NaN, point, vector(1, 0), vector(1, 1), options)).toBeNaN()
  })
})
