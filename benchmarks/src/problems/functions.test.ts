import { describe, expect, it } from 'vitest'
import { functionOptimum } from './functions.ts'
import { loadProblems, problemEntries } from './load.ts'
import type { Configuration, Parameter, Problem } from './problem.ts'
import { readAnchors } from './regret.ts'

const entries = problemEntries('functions.json')
/** Where the published optimum lies, in the box of problems/functions.json; the moved ones are found by their centre. */
const best: Readonly<Record<string, readonly number[]>> = {
  'branin/2': [Math.PI, 2.275 - 5],
  'hartmann6/6': [0.20169, 0.150011, 0.476874, 0.275332, 0.311652, 0.6573],
}

describe('standard functions', () => {
  it('have the published optimum at the published place', async () => {
    const problems = await loadProblems('/nowhere', entries)
    for (const [index, problem] of problems.entries()) {
      const entry = entries[index]
      if (entry === undefined) throw new Error('a problem without an entry')
      const place = best[entry.id] ?? problem.parameters.map((parameter, at) => (entry.function === 'rosenbrock' ? 1 : moved(parameter, at)))
      const value = await problem.evaluate(Object.fromEntries(place.map((x, at) => [`x${at}`, x])))
      expect(value, entry.id).toBeCloseTo(functionOptimum(entry), 5)
      expect(value, entry.id).toBeGreaterThan(functionOptimum(entry) - 1e-9)
    }
  })

  it('have anchors that tell a random point from the best', () => {
    const anchors = readAnchors('functions-anchors.json')
    for (const entry of entries) expect(anchors[entry.id]?.median, entry.id).toBeGreaterThan(functionOptimum(entry) + 1)
  })
})

function moved(parameter: object, index: number): number {
  const { low, high } = parameter as { readonly low: number; readonly high: number }
  return low + (high - low) * (0.2 + 0.6 * (((index + 1) * 0.6180339887498949) % 1))
}

it('the hierarchical problems have their optimum at 0, below one learner only', async () => {
  for (const problem of await loadProblems('/nowhere', problemEntries('hierarchical.json'))) {
    const [choice] = problem.parameters
    const learners = choice !== undefined && 'choices' in choice ? choice.choices : []
    const bests: number[] = []
    for (const [k, learner] of learners.entries()) bests.push(await descend(problem, { learner, scaler: `s${k % 3}`, select: k % 2 === 0 ? 'none' : 'some', balance: 0.5, ...(k % 2 === 0 ? {} : { share: 0.5 }) }))
    bests.sort((a, b) => a - b)
    expect(bests[0], problem.id).toBeLessThan(1e-6)
    expect(bests[0], problem.id).toBeGreaterThanOrEqual(0)
    expect(bests[1], problem.id).toBeGreaterThan(0.05)
  }
})

/** Best value of one learner, by trying each of its parameters in turn on a grid that gets finer. */
async function descend(problem: Problem, start: Configuration): Promise<number> {
  const free = problem.parameters.filter(({ name, when }) => name === 'balance' || when?.value === start['learner'])
  let best: Configuration = { ...start, ...Object.fromEntries(free.map((parameter) => [parameter.name, 'choices' in parameter ? (parameter.choices[0] as string) : parameter.low])) }
  let value = await problem.evaluate(best)
  for (let round = 0; round < 25; round++) {
    for (const parameter of free) {
      for (const candidate of candidates(parameter, best[parameter.name], 0.7 ** round)) {
        const next = { ...best, [parameter.name]: candidate }
        const found = await problem.evaluate(next)
        if (found < value) [best, value] = [next, found]
      }
    }
  }
  return value
}

function candidates(parameter: Parameter, at: unknown, width: number): readonly (number | string)[] {
  if ('choices' in parameter) return parameter.choices
  const { low, high, log, kind } = parameter
  const here = log ? Math.log(Number(at) / low) / Math.log(high / low) : (Number(at) - low) / (high - low)
  return Array.from({ length: 41 }, (_, index) => {
    const u = Math.min(1, Math.max(0, here + (width * (index - 20)) / 20))
    const value = Math.min(high, Math.max(low, log ? low * (high / low) ** u : low + u * (high - low)))
    return kind === 'int' ? Math.round(value) : value
  })
}
