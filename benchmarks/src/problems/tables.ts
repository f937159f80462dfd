import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Configuration, Parameter, Problem, ProblemEntry, Value } from './problem.ts'

interface TablesFile {
  readonly tables: Readonly<
    Record<string, { readonly file: string; readonly n_configs: number; readonly n_seeds: number; readonly best_mean: number; readonly median_mean: number }>
  >
  readonly spaces: Readonly<
    Record<string, readonly { readonly name: string; readonly kind: 'ordinal' | 'categorical'; readonly choices: readonly Value[] }[]>
  >
}

export interface Table {
  readonly parameters: readonly Parameter[]
  /** Mean over the measured repetitions of each configuration, row-major, last parameter fastest. */
  readonly means: Float64Array
  /** What was measured with one seed each, of one configuration; none is missing. */
  readonly repetitions: (row: number) => readonly number[]
  /** What the publisher of the table states, for checks. */
  readonly stated: { readonly best: number; readonly median: number }
}

export function readTables(dataFolder: string): TablesFile {
  return JSON.parse(readFileSync(join(dataFolder, 'tabular', 'tables.json'), 'utf8')) as TablesFile
}

export function readTable(dataFolder: string, tables: TablesFile, name: string, space: string): Table {
  const meta = tables.tables[name]
  const parameters = tables.spaces[space]
  if (meta === undefined || parameters === undefined) throw new Error(`tables.json knows no table ${name} with space ${space}`)
  const bytes = readFileSync(join(dataFolder, 'tabular', meta.file))
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const means = new Float64Array(meta.n_configs)
  const repetitions = (row: number): number[] => {
    const values = Array.from({ length: meta.n_seeds }, (_, repetition) => view.getFloat32(4 * (row * meta.n_seeds + repetition), true))
    return values.filter((value) => !Number.isNaN(value)) // some NAS-Bench-201 rows lack a repetition
  }
  for (let row = 0; row < meta.n_configs; row++) {
    let sum = 0
    let count = 0
    for (let repetition = 0; repetition < meta.n_seeds; repetition++) {
      const value = view.getFloat32(4 * (row * meta.n_seeds + repetition), true)
      if (Number.isNaN(value)) continue
      sum += value
      count++
    }
    means[row] = sum / count
  }
  return { parameters, means, repetitions, stated: { best: meta.best_mean, median: meta.median_mean } }
}

export function tableRow(parameters: readonly Parameter[], configuration: Configuration): number {
  let row = 0
  for (const parameter of parameters) {
    if (parameter.kind !== 'ordinal' && parameter.kind !== 'categorical') throw new Error(`a table has no ${parameter.kind} parameter`)
    const value = configuration[parameter.name]
    const position = value === undefined ? -1 : parameter.choices.indexOf(value)
    if (position < 0) throw new Error(`${parameter.name} has no choice ${JSON.stringify(value)}`)
    row = row * parameter.choices.length + position
  }
  return row
}

export function tableProblem(entry: ProblemEntry, dataFolder: string, tables: TablesFile): Problem {
  const { parameters, means, repetitions } = readTable(dataFolder, tables, entry.table ?? '', entry.space ?? '')
  const evaluate = (configuration: Configuration): number => means[tableRow(parameters, configuration)] ?? Number.NaN
  return {
    id: entry.id,
    family: entry.family,
    direction: entry.direction,
    parameters,
    evaluate,
    measureOnce(configuration, uniform) {
      const values = repetitions(tableRow(parameters, configuration))
      return values[Math.floor(uniform() * values.length)] as number
    },
    evaluateMany: (configurations) => Promise.resolve(Float64Array.from(configurations, evaluate)),
  }
}
