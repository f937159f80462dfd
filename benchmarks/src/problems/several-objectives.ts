import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { benchmarksFolder, dataMissing, defaultDataFolder } from './load.ts'
import type { Configuration, Direction, Parameter } from './problem.ts'
import { openSurrogate, type Surrogate, surrogateParameters } from './surrogates.ts'
import { readTable, readTables, tableRow } from './tables.ts'
import { type TestFront, testFronts } from './test-fronts.ts'

export type FrontFamily = 'zdt' | 'dtlz' | 'tables' | 'numeric' | 'conditional'

/** A deterministic problem of two or three objectives. */
export interface FrontProblem {
  readonly id: string
  readonly family: FrontFamily
  readonly directions: readonly Direction[]
  readonly parameters: readonly Parameter[]
  /** Objective values in their own direction; times and sizes as their decimal logarithm. */
  evaluate(configuration: Configuration): Promise<readonly number[]>
  readonly testFront?: TestFront
  /** Every configuration, of a table. */
  readonly everything?: () => Iterable<Configuration>
}

/** Accuracy of a table, against the number of weights of the net that a configuration describes. */
interface TableEntry {
  readonly id: string
  readonly table: string
  readonly space: 'hpobench' | 'hpolib' | 'nasbench201'
  readonly direction: Direction
  /** Columns of the data set, and outputs of the net. */
  readonly inputs?: number
  readonly outputs?: number
}

/** Targets of a surrogate. */
interface SurrogateEntry {
  readonly id: string
  readonly scenario: string
  readonly instance: string
  readonly fixed: Readonly<Record<string, number>>
  readonly family: FrontFamily
  readonly objectives: readonly { readonly target: string; readonly direction: Direction; readonly log?: boolean; readonly least?: number }[]
}

/** Loss of a value: lower is better. */
export function lossesOf(values: readonly number[], directions: readonly Direction[]): readonly number[] {
  return values.map((value, i) => (directions[i] === 'maximize' ? -value : value))
}

/** The problems of problems/several-objectives.json and the test functions. Those with data are left out where there is none. */
export async function loadFrontProblems(dataFolder: string = defaultDataFolder): Promise<readonly FrontProblem[]> {
  const problems: FrontProblem[] = testFronts.map(functionProblem)
  if (dataMissing(dataFolder) !== undefined) return problems
  const listed = JSON.parse(readFileSync(join(benchmarksFolder, 'problems', 'several-objectives.json'), 'utf8')) as { readonly tables: readonly TableEntry[]; readonly surrogates: readonly SurrogateEntry[] }
  const tables = readTables(dataFolder)
  for (const entry of listed.tables) {
    const { parameters, means } = readTable(dataFolder, tables, entry.table, entry.space)
    problems.push({
      id: entry.id,
      family: 'tables',
      directions: [entry.direction, 'minimize'],
      parameters,
      evaluate: (configuration) => {
        const mean = means[tableRow(parameters, configuration)] as number
        return Promise.resolve([entry.space === 'hpolib' ? Math.log10(mean) : mean, Math.log10(weightsOf(entry, configuration))])
      },
      everything: () => everyConfiguration(parameters),
    })
  }
  const opened = new Map<string, Surrogate>()
  for (const entry of listed.surrogates) {
    const surrogate = opened.get(entry.scenario) ?? (await openSurrogate(dataFolder, entry.scenario))
    opened.set(entry.scenario, surrogate)
    problems.push(surrogateProblem(entry, surrogate))
  }
  return problems
}

function functionProblem(testFront: TestFront): FrontProblem {
  const { id, family, bounds, objectives, evaluate } = testFront
  const parameters = bounds.map(([low, high], i): Parameter => ({ name: `x${i}`, kind: 'float', low, high, log: false }))
  return { id, family, parameters, directions: Array.from({ length: objectives }, () => 'minimize' as const), evaluate: (x) => Promise.resolve(evaluate(parameters.map(({ name }) => Number(x[name])))), testFront }
}

function surrogateProblem({ id, family, objectives, instance, fixed }: SurrogateEntry, surrogate: Surrogate): FrontProblem {
  const columns = objectives.map(({ target }) => {
    const column = surrogate.scenario.y_names.indexOf(target)
    if (column < 0) throw new Error(`${id} has no target ${target}`)
    return column
  })
  const all: Configuration = { ...fixed, [surrogate.scenario.instance_param]: instance }
  return {
    id,
    family,
    directions: objectives.map(({ direction }) => direction),
    parameters: surrogateParameters(surrogate.space, all),
    async evaluate(configuration) {
      const [row] = await surrogate.predict([{ ...configuration, ...all }])
      return columns.map((column, i) => {
        const { least = -Infinity, log = false } = objectives[i] ?? {}
        const value = Math.max(least, row?.[column] ?? Number.NaN)
        return log ? Math.log10(value) : value
      })
    },
  }
}

function* everyConfiguration(parameters: readonly Parameter[], from = 0, chosen: Configuration = {}): Iterable<Configuration> {
  const parameter = parameters[from]
  if (parameter === undefined) yield chosen
  else if ('choices' in parameter) for (const choice of parameter.choices) yield* everyConfiguration(parameters, from + 1, { ...chosen, [parameter.name]: choice })
}

/** Weights and biases of the net that a configuration describes. */
function weightsOf({ space, inputs = 0, outputs = 0 }: TableEntry, configuration: Configuration): number {
  const number = (name: string): number => Number(configuration[name])
  if (space === 'hpobench') return dense([inputs, ...Array.from({ length: number('depth') }, () => number('width')), outputs])
  if (space === 'hpolib') return dense([inputs, number('n_units_1'), number('n_units_2'), outputs])
  return cellWeights(Object.values(configuration))
}

function dense(widths: readonly number[]): number {
  return widths.slice(1).reduce((sum, width, i) => sum + ((widths[i] as number) + 1) * width, 0)
}

/** NAS-Bench-201 (Dong & Yang 2020): three stages of five cells with 16, 32 and 64 channels, and 73,306 weights outside of them; a convolution is followed by a batch normalisation. */
function cellWeights(operations: readonly unknown[]): number {
  let sum = 73_306
  for (const channels of [16, 32, 64]) {
    for (const operation of operations) {
      const kernel = operation === 'nor_conv_3x3' ? 9 : operation === 'nor_conv_1x1' ? 1 : 0
      if (kernel > 0) sum += 5 * (kernel * channels * channels + 2 * channels)
    }
  }
  return sum
}
