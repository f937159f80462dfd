/**
 * Finds the anchors of normalised regret and stores them in problems/: src/anchors.ts [--problems validation.json] [--stored]
 * Tables: exact. Functions: the known optimum. Surrogates: median of 10,001 random configurations; optimum = the best of a long random search,
 * hill climbing from its best points, and every stored run of anybody. With --stored the search is not repeated: only better stored runs count.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { benchmarksFolder, defaultDataFolder, loadProblems, problemEntries } from './problems/load.ts'
import { functionOptimum } from './problems/functions.ts'
import type { Configuration, Parameter, Problem, ProblemEntry, Value } from './problems/problem.ts'
import { randomConfiguration } from './problems/random-configuration.ts'
import { type Anchors, anchorsOf, type Improvements, isBetter, readAnchors } from './problems/regret.ts'
import { readTable, readTables } from './problems/tables.ts'

const { values: options } = parseArgs({
  options: { data: { type: 'string', default: defaultDataFolder }, problems: { type: 'string', default: 'problems.json' }, stored: { type: 'boolean', default: false } },
})

/** mulberry32: enough for a search whose result is stored. */
function uniformStream(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

async function surrogateAnchors(problem: Problem): Promise<Anchors> {
  const uniform = uniformStream(20261122)
  const draw = (count: number): Configuration[] => Array.from({ length: count }, () => randomConfiguration(problem.parameters, uniform))
  const first = draw(10_001)
  const values = await problem.evaluateMany(first)
  const median = values.slice().sort()[5000] ?? Number.NaN
  let pool = rank(problem, first, values).slice(0, 30)
  for (let round = 0; round < 60; round++) {
    const children = pool.flatMap((one) => Array.from({ length: 40 }, () => mutate(problem.parameters, one.configuration, uniform, 0.3 * 0.9 ** round)))
    const candidates = [...draw(300), ...children]
    const scored = rank(problem, candidates, await problem.evaluateMany(candidates))
    pool = [...pool, ...scored].sort((a, b) => (isBetter(a.value, b.value, problem.direction) ? -1 : 1)).slice(0, 30)
  }
  return { optimum: pool[0]?.value ?? Number.NaN, median }
}

function rank(problem: Problem, configurations: readonly Configuration[], values: Float64Array): { configuration: Configuration; value: number }[] {
  const scored = configurations.map((configuration, index) => ({ configuration, value: values[index] ?? Number.NaN }))
  return scored.sort((a, b) => (isBetter(a.value, b.value, problem.direction) ? -1 : 1))
}

function mutate(parameters: readonly Parameter[], parent: Configuration, uniform: () => number, width: number): Configuration {
  const fresh = randomConfiguration(parameters, uniform)
  const child: Record<string, Value> = {}
  const rate = Math.max(0.35, 1.5 / parameters.length)
  for (const parameter of parameters) {
    if (parameter.when !== undefined && child[parameter.when.parent] !== parameter.when.value) continue
    const old = parent[parameter.name]
    if (old === undefined) {
      const drawn = randomConfiguration([{ ...parameter, when: undefined } as unknown as Parameter], uniform)[parameter.name]
      child[parameter.name] = drawn as Value
    } else if (uniform() >= rate) child[parameter.name] = old
    else if (parameter.kind === 'float' || parameter.kind === 'int') {
      const log = parameter.log ? Math.log : (x: number) => x
      const step = (uniform() + uniform() - 1) * width * (log(parameter.high) - log(parameter.low))
      const moved = parameter.log ? Number(old) * Math.exp(step) : Number(old) + step
      const kept = Math.min(parameter.high, Math.max(parameter.low, moved))
      child[parameter.name] = parameter.kind === 'int' ? Math.round(kept) : kept
    } else child[parameter.name] = fresh[parameter.name] ?? old
  }
  return child
}

function bestOfStoredRuns(id: string, direction: Problem['direction']): number | undefined {
  const folder = join(benchmarksFolder, 'results')
  const files = [folder, join(folder, 'peers')].filter(existsSync).flatMap((one) => readdirSync(one).filter((name) => name.endsWith('.json')).map((name) => join(one, name)))
  let best: number | undefined
  for (const file of files) {
    const { curves } = JSON.parse(readFileSync(file, 'utf8')) as { curves?: Record<string, readonly Improvements[]> }
    for (const curve of curves?.[id] ?? []) {
      const value = curve.at(-1)?.[1]
      if (value !== undefined && (best === undefined || isBetter(value, best, direction))) best = value
    }
  }
  return best
}

async function anchorsOfProblem(problem: Problem, entry: ProblemEntry, known: Anchors | undefined): Promise<Anchors> {
  if (entry.table !== undefined) {
    const sorted = readTable(options.data, readTables(options.data), entry.table, entry.space ?? '').means.sort()
    const middle = ((sorted[(sorted.length - 1) >> 1] ?? 0) + (sorted[sorted.length >> 1] ?? 0)) / 2
    return { optimum: (problem.direction === 'maximize' ? sorted.at(-1) : sorted[0]) ?? Number.NaN, median: middle }
  }
  if (entry.function !== undefined) {
    const uniform = uniformStream(20261122)
    const values = await problem.evaluateMany(Array.from({ length: 10_001 }, () => randomConfiguration(problem.parameters, uniform)))
    return { optimum: functionOptimum(entry), median: values.sort()[5000] ?? Number.NaN }
  }
  const found = known ?? (await surrogateAnchors(problem))
  const stored = bestOfStoredRuns(problem.id, problem.direction)
  if (stored === undefined || !isBetter(stored, found.optimum, problem.direction)) return found
  console.log(`${problem.id}: a stored run is better than what was known, ${stored} instead of ${found.optimum}`)
  return { ...found, optimum: stored }
}

const entries = problemEntries(options.problems)
const file = anchorsOf(options.problems)
const known = options.stored ? readAnchors(file) : {}
const anchors: Record<string, Anchors> = {}
for (const [index, problem] of (await loadProblems(options.data, entries)).entries()) {
  anchors[problem.id] = await anchorsOfProblem(problem, entries[index] as ProblemEntry, known[problem.id])
  console.log(problem.id, anchors[problem.id])
}
const header = { formatVersion: 1, note: 'tables: exact; functions: known; surrogates: best value found by anyone and median of 10,001 random configurations; made by benchmarks/src/anchors.ts' }
writeFileSync(join(benchmarksFolder, 'problems', file), `${JSON.stringify({ ...header, anchors }, null, 1)}\n`)
