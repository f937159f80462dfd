import { describe, expect, it } from 'vitest'
import { functionOptimum } from './functions.ts'
import { loadProblems, problemEntries } from './load.ts'
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
