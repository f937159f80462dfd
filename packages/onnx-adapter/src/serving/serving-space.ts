import { availableParallelism } from 'node:os'
import { choice, ordinal, type LevelLeaf } from '@attune/core'
import { invalidOption } from '../errors.ts'
import { executionProviders, graphOptimizationLevels, precisions, type ExecutionProvider, type GraphOptimizationLevel, type Precision } from '../execution-provider.ts'
import { count, mostThreads, oneOf } from '../session-options.ts'
import { refuseUnknownOptions, type OptionNames } from '../unknown-options.ts'

/** What a serving space chooses from. One value is a constant. */
export interface ServingSpaceOptions {
  /** Default `['cpu']`; `listExecutionProviders()` tells which can be used. */
  readonly providers?: readonly ExecutionProvider[]
  /** Threads of one operator, ascending. Default: powers of 2 up to the cores that this process may use. */
  readonly threads?: readonly number[]
  /** Default: all five, from `disabled` to `all`. */
  readonly graphOptimizationLevels?: readonly GraphOptimizationLevel[]
  /** Rows of one run, ascending. Default: 1, 2, 4, … 64. */
  readonly batchSizes?: readonly number[]
  /** Default: `float32`, `float16` and `int8`. */
  readonly precisions?: readonly Precision[]
}

const optionNames: OptionNames<ServingSpaceOptions> = { providers: true, threads: true, graphOptimizationLevels: true, batchSizes: true, precisions: true }

/** Parameters of how a model is served, to be put into a space under a name of its own; their values are `ServingParams`. An alias, since a group of a space needs an index signature. */
export type ServingSpace = {
  readonly provider: LevelLeaf<ExecutionProvider>
  readonly threads: LevelLeaf<number>
  readonly graphOptimizationLevel: LevelLeaf<GraphOptimizationLevel>
  readonly batchSize: LevelLeaf<number>
  readonly precision: LevelLeaf<Precision>
}

/**
 * A space of how to serve a model: `space: { …, serving: servingSpace() }`, and in the evaluator `serving: (params) => params.serving`. With
 * `servedModel` a study tunes the serving of one model alone. Throws ONNX_OPTION.
 */
export function servingSpace(options: ServingSpaceOptions = {}): ServingSpace {
  refuseUnknownOptions('servingSpace', options, optionNames)
  const cores = availableParallelism()
  const {
    providers = ['cpu'],
    threads = [1, 2, 4, 8, 16, 32, 64].filter((number) => number <= cores),
    graphOptimizationLevels: levels = graphOptimizationLevels,
    batchSizes = [1, 2, 4, 8, 16, 32, 64],
    precisions: kinds = precisions,
  } = options
  return {
    provider: choice(named('providers', providers, executionProviders)),
    threads: ordinal(ascending('threads', threads, mostThreads)),
    graphOptimizationLevel: ordinal(named('graphOptimizationLevels', levels, graphOptimizationLevels)),
    batchSize: ordinal(ascending('batchSizes', batchSizes)),
    precision: choice(named('precisions', kinds, precisions)),
  }
}

function named<T extends string>(option: string, values: readonly T[], known: readonly T[]): readonly T[] {
  return distinct(option, values).map((value) => oneOf(option, value, known))
}

function ascending(option: string, values: readonly number[], most?: number): readonly number[] {
  return distinct(option, values).map((value) => count(option, value, 1, most)).toSorted((a, b) => a - b)
}

function distinct<T>(option: string, values: readonly T[]): readonly T[] {
  if (!Array.isArray(values) || values.length === 0) throw invalidOption(`${option} of servingSpace needs at least one value, got ${JSON.stringify(values)}.`, { [option]: values })
  if (new Set(values).size !== values.length) throw invalidOption(`${option} of servingSpace has a value twice: ${JSON.stringify(values)}.`, { [option]: values })
  return values
}
