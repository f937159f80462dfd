import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { dataMissing, defaultDataFolder, loadProblems, problemEntries } from './load.ts'
import type { Configuration } from './problem.ts'
import { bestAfter, improvements, normalisedRegret, readAnchors } from './regret.ts'
import { openSurrogate } from './surrogates.ts'
import { readTable, readTables } from './tables.ts'

const missing = dataMissing()
if (missing !== undefined) console.warn(`skipped: the benchmark problems (${missing})`)

interface TestVector {
  readonly config: Configuration
  readonly y: readonly number[]
}

describe.skipIf(missing !== undefined)(`benchmark problems${missing === undefined ? '' : ` (not part of the repository: ${missing})`}`, () => {
  it.each(['v1/lcbench', 'v1/rbv2_rpart', 'v0/rbv2_svm'])('%s answers its published test vectors', async (name) => {
    const surrogate = await openSurrogate(defaultDataFolder, name)
    const path = join(defaultDataFolder, 'yahpo', name, 'test_vectors.json')
    const vectors = JSON.parse(readFileSync(path, 'utf8')) as TestVector[]
    expect(vectors).toHaveLength(12)
    const rows = await surrogate.predict(vectors.map((vector) => vector.config))
    for (const [index, vector] of vectors.entries()) {
      for (const [target, expected] of vector.y.entries()) {
        expect(Math.abs((rows[index]?.[target] ?? Number.NaN) - expected)).toBeLessThan(1e-4 * Math.max(1, Math.abs(expected)))
      }
    }
  })

  it('tables have the best and the median that their publisher states', () => {
    const tables = readTables(defaultDataFolder)
    for (const entry of problemEntries().filter((one) => one.table !== undefined)) {
      const { means, stated } = readTable(defaultDataFolder, tables, entry.table ?? '', entry.space ?? '')
      const sorted = means.slice().sort()
      const best = entry.direction === 'maximize' ? sorted.at(-1) : sorted[0]
      const middle = ((sorted[(sorted.length - 1) >> 1] ?? 0) + (sorted[sorted.length >> 1] ?? 0)) / 2
      expect(best).toBeCloseTo(stated.best, 5)
      expect(middle).toBeCloseTo(stated.median, 5)
    }
  })

  it('every problem loads, has anchors on the right side of each other, and refuses an unknown choice', async () => {
    const anchors = readAnchors()
    const problems = await loadProblems()
    expect(problems).toHaveLength(21)
    for (const problem of problems) {
      const { optimum, median } = anchors[problem.id] ?? { optimum: Number.NaN, median: Number.NaN }
      expect(problem.direction === 'maximize' ? optimum > median : optimum < median).toBe(true)
      const categorical = problem.parameters.find((one) => one.kind === 'categorical' || one.kind === 'ordinal')
      if (categorical === undefined) continue
      await expect((async () => problem.evaluate({ [categorical.name]: 'no such choice' }))()).rejects.toThrow('no such choice')
    }
  })
})

describe('regret', () => {
  it('is 0 at the optimum, 1 at the median and clipped, in both directions', () => {
    expect(normalisedRegret(10, { optimum: 10, median: 4 })).toBe(0)
    expect(normalisedRegret(7, { optimum: 10, median: 4 })).toBe(0.5)
    expect(normalisedRegret(1, { optimum: 10, median: 4 })).toBe(1)
    expect(normalisedRegret(0.25, { optimum: 0, median: 1 })).toBe(0.25)
    expect(normalisedRegret(-1, { optimum: 0, median: 1 })).toBe(0)
  })

  it('reads the best value after so many trials out of a curve of improvements', () => {
    const curve = improvements([3, 4, 2, 2, 1], 'minimize')
    expect(curve).toEqual([[1, 3], [3, 2], [5, 1]])
    expect([1, 2, 3, 4, 5].map((trials) => bestAfter(curve, trials))).toEqual([3, 3, 2, 2, 1])
    expect(improvements([1, 2, 2, 3], 'maximize')).toEqual([[1, 1], [2, 2], [4, 3]])
  })
})
