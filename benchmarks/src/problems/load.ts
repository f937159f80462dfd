import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { functionProblem } from './functions.ts'
import { hierarchicalProblem } from './hierarchical.ts'
import type { Problem, ProblemEntry } from './problem.ts'
import { openSurrogate, type Surrogate, surrogateProblem } from './surrogates.ts'
import { readTables, tableProblem } from './tables.ts'

/** benchmarks/ of this checkout. */
export const benchmarksFolder: string = fileURLToPath(new URL('../..', import.meta.url))

/** Where the data of the benchmark problems lies unless a caller names another folder: beside the checkout. */
export const defaultDataFolder: string = join(benchmarksFolder, '..', '..', 'shared', 'bench', 'data')

/** The reason why problems cannot be loaded from here, or undefined when they can. */
export function dataMissing(dataFolder: string = defaultDataFolder): string | undefined {
  return existsSync(join(dataFolder, 'tabular', 'tables.json'))
    ? undefined
    : `no benchmark data under ${dataFolder}: put the tables and surrogates there, or name their folder with --data`
}

export function problemEntries(file = 'problems.json'): readonly ProblemEntry[] {
  const path = join(benchmarksFolder, 'problems', file)
  return (JSON.parse(readFileSync(path, 'utf8')) as { problems: readonly ProblemEntry[] }).problems
}

/** Loads the listed problems; each surrogate model is opened once. Functions need no data. */
export async function loadProblems(dataFolder: string = defaultDataFolder, entries: readonly ProblemEntry[] = problemEntries()): Promise<readonly Problem[]> {
  const missing = dataMissing(dataFolder)
  if (missing !== undefined && entries.some((entry) => entry.function === undefined)) throw new Error(missing)
  const tables = missing === undefined ? readTables(dataFolder) : { tables: {}, spaces: {} }
  const surrogates = new Map<string, Surrogate>()
  const problems: Problem[] = []
  for (const entry of entries) {
    if (entry.function !== undefined) {
      problems.push(entry.function === 'hierarchical' ? hierarchicalProblem(entry) : functionProblem(entry))
      continue
    }
    if (entry.scenario === undefined) {
      problems.push(tableProblem(entry, dataFolder, tables))
      continue
    }
    const surrogate = surrogates.get(entry.scenario) ?? (await openSurrogate(dataFolder, entry.scenario))
    surrogates.set(entry.scenario, surrogate)
    problems.push(surrogateProblem(entry, surrogate))
  }
  return problems
}
