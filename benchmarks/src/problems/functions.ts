/**
 * Standard test functions. Those whose best point lies in the middle of their box are moved, each coordinate by another share,
 * so that nobody wins by trying the middle. peers/problems.py has the same.
 */
import type { Configuration, Parameter, Problem, ProblemEntry } from './problem.ts'

interface TestFunction {
  readonly low: number
  readonly high: number
  readonly optimum: number
  /** Coordinates are moved so that the best point of value(z) at z = 0 lies elsewhere. */
  readonly moved: boolean
  readonly value: (x: Float64Array) => number
}

const hartmannA = [[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14]]
const hartmannP = [[1312, 1696, 5569, 124, 8283, 5886], [2329, 4135, 8307, 3736, 1004, 9991], [2348, 1451, 3522, 2883, 3047, 6650], [4047, 8828, 8732, 5743, 1091, 381]]
const hartmannAlpha = [1, 1.2, 3, 3.2]

const at = (values: ArrayLike<number>, index: number): number => values[index] as number
const sum = (count: number, term: (index: number) => number): number => {
  let total = 0
  for (let index = 0; index < count; index++) total += term(index)
  return total
}

const functions: Readonly<Record<string, TestFunction>> = {
  // Branin in its usual box [-5, 10] × [0, 15]; the second coordinate comes 5 lower.
  branin: {
    low: -5, high: 10, optimum: 0.397887357729738, moved: false,
    value: (z) => {
      const x = at(z, 0)
      const y = at(z, 1) + 5
      return (y - (5.1 / (4 * Math.PI ** 2)) * x * x + (5 / Math.PI) * x - 6) ** 2 + 10 * (1 - 1 / (8 * Math.PI)) * Math.cos(x) + 10
    },
  },
  hartmann6: {
    low: 0, high: 1, optimum: -3.322368011415515, moved: false,
    value: (x) => -sum(4, (i) => at(hartmannAlpha, i) * Math.exp(-sum(6, (j) => at(hartmannA[i] as number[], j) * (at(x, j) - 1e-4 * at(hartmannP[i] as number[], j)) ** 2))),
  },
  rosenbrock: { low: -2.048, high: 2.048, optimum: 0, moved: false, value: (x) => sum(x.length - 1, (i) => 100 * (at(x, i + 1) - at(x, i) ** 2) ** 2 + (1 - at(x, i)) ** 2) },
  rastrigin: { low: -5.12, high: 5.12, optimum: 0, moved: true, value: (x) => sum(x.length, (i) => 10 + at(x, i) ** 2 - 10 * Math.cos(2 * Math.PI * at(x, i))) },
  ackley: {
    low: -32.768, high: 32.768, optimum: 0, moved: true,
    value: (x) => 20 - 20 * Math.exp(-0.2 * Math.sqrt(sum(x.length, (i) => at(x, i) ** 2) / x.length)) + Math.E - Math.exp(sum(x.length, (i) => Math.cos(2 * Math.PI * at(x, i))) / x.length),
  },
  sphere: { low: -5, high: 5, optimum: 0, moved: true, value: (x) => sum(x.length, (i) => at(x, i) ** 2) },
}

function functionNamed(entry: ProblemEntry): TestFunction {
  const found = functions[entry.function ?? '']
  if (found === undefined) throw new Error(`${entry.id}: there is no function ${entry.function}, only ${Object.keys(functions).join(', ')}`)
  return found
}

/** The known optimum. */
export function functionOptimum(entry: ProblemEntry): number {
  return entry.function === 'hierarchical' ? 0 : functionNamed(entry).optimum
}

export function functionProblem(entry: ProblemEntry): Problem {
  const { low, high, moved, value } = functionNamed(entry)
  const count = entry.dimensions ?? 0
  const parameters: readonly Parameter[] = Array.from({ length: count }, (_, index) => ({ name: `x${index}`, kind: 'float', low, high, log: false }))
  const centre = Float64Array.from({ length: count }, (_, index) => (moved ? low + (high - low) * (0.2 + 0.6 * (((index + 1) * 0.6180339887498949) % 1)) : 0))
  const evaluate = (configuration: Configuration): number => value(centre.map((middle, index) => Number(configuration[`x${index}`]) - middle))
  return { id: entry.id, family: entry.family, direction: 'minimize', parameters, evaluate, evaluateMany: (configurations) => Promise.resolve(Float64Array.from(configurations, evaluate)) }
}
