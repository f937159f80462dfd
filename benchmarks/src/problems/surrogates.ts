import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import type { Configuration, Parameter, Problem, ProblemEntry, Value } from './problem.ts'

/** YAHPO Gym (Pfisterer et al. 2022): how to talk to one surrogate. */
interface Scenario {
  readonly batch: 'dynamic' | 1
  readonly x_cat_order: readonly string[]
  readonly x_cont_order: readonly string[]
  readonly y_names: readonly string[]
  readonly instance_param: string
}

interface ConfigSpace {
  readonly hyperparameters: readonly (
    | { readonly name: string; readonly type: 'categorical'; readonly choices: readonly string[] }
    | { readonly name: string; readonly type: 'uniform_float' | 'uniform_int'; readonly log: boolean; readonly lower: number; readonly upper: number }
  )[]
  readonly conditions: readonly { readonly child: string; readonly parent: string; readonly type: 'EQ'; readonly value: string }[]
}

type Encoding = Readonly<Record<string, Readonly<Record<string, number>>>>

export interface Surrogate {
  readonly scenario: Scenario
  readonly space: ConfigSpace
  /** Rows of all targets, in the order of the scenario's y_names. */
  predict(configurations: readonly Configuration[]): Promise<Float32Array[]>
}

export async function openSurrogate(dataFolder: string, name: string): Promise<Surrogate> {
  const folder = join(dataFolder, 'yahpo', name)
  const scenarios = readJson<Record<string, Scenario>>(join(dataFolder, 'yahpo', 'scenarios.json'))
  const found = scenarios[name]
  if (found === undefined) throw new Error(`scenarios.json knows no scenario ${name}`)
  const scenario: Scenario = found
  const encoding = readJson<Encoding>(join(folder, 'encoding.json'))
  const session = await InferenceSession.create(join(folder, 'model.onnx'), { intraOpNumThreads: 1, interOpNumThreads: 1 })
  const output = session.outputNames[0] ?? ''

  async function predictBatch(configurations: readonly Configuration[]): Promise<Float32Array[]> {
    const rows = configurations.length
    const categories = Int32Array.from(configurations.flatMap((c) => scenario.x_cat_order.map((n) => categoryCode(encoding, n, c[n]))))
    const numbers = Float32Array.from(configurations.flatMap((c) => scenario.x_cont_order.map((n) => Number(c[n] ?? 0))))
    const answers = await session.run({
      x_cat: new Tensor('int32', categories, [rows, scenario.x_cat_order.length]),
      x_cont: new Tensor('float32', numbers, [rows, scenario.x_cont_order.length]),
    })
    const flat = answers[output]?.data as Float32Array
    const width = scenario.y_names.length
    return configurations.map((_, row) => flat.slice(row * width, (row + 1) * width))
  }

  return {
    scenario,
    space: readJson<ConfigSpace>(join(folder, 'config_space.json')),
    async predict(configurations) {
      if (scenario.batch !== 1) return predictBatch(configurations)
      const rows: Float32Array[] = []
      for (const configuration of configurations) rows.push(...(await predictBatch([configuration])))
      return rows
    },
  }
}

function categoryCode(encoding: Encoding, name: string, value: Value | undefined): number {
  if (value === undefined) return 0 // "#na#": inactive
  const code = encoding[name]?.[String(value)]
  if (code === undefined) throw new Error(`${name} has no category ${JSON.stringify(value)}`)
  return code
}

export function surrogateParameters(space: ConfigSpace, fixed: Configuration): Parameter[] {
  const conditionOf = new Map(space.conditions.map((condition) => [condition.child, condition]))
  const parameters = space.hyperparameters
    .filter((one) => !(one.name in fixed))
    .map((one): Parameter => {
      const condition = conditionOf.get(one.name)
      const when = condition === undefined ? {} : { when: { parent: condition.parent, value: condition.value } }
      if (one.type === 'categorical') return { name: one.name, kind: 'categorical', choices: one.choices, ...when }
      const kind = one.type === 'uniform_int' ? 'int' : 'float'
      return { name: one.name, kind, low: one.lower, high: one.upper, log: one.log, ...when }
    })
  return [...parameters.filter((one) => one.when === undefined), ...parameters.filter((one) => one.when !== undefined)]
}

export function surrogateProblem(entry: ProblemEntry, surrogate: Surrogate): Problem {
  const target = surrogate.scenario.y_names.indexOf(entry.target ?? '')
  if (target < 0) throw new Error(`${entry.id} has no target ${entry.target}`)
  const fixed: Configuration = { ...entry.fixed, [surrogate.scenario.instance_param]: entry.instance ?? '' }
  const evaluateMany = async (configurations: readonly Configuration[]): Promise<Float64Array> => {
    const rows = await surrogate.predict(configurations.map((one) => ({ ...one, ...fixed })))
    return Float64Array.from(rows, (row) => row[target] ?? Number.NaN)
  }
  return {
    id: entry.id,
    family: entry.family,
    direction: entry.direction,
    parameters: surrogateParameters(surrogate.space, fixed),
    evaluate: async (configuration) => (await evaluateMany([configuration]))[0] ?? Number.NaN,
    evaluateMany,
  }
}

function readJson<T>(path: string): T {
  return JSON.parse(readFileSync(path, 'utf8')) as T
}
