import { totalmem } from 'node:os'
import process from 'node:process'
import { invalidOption } from './errors.ts'
import { executionProviders as knownProviders, graphOptimizationLevels, type ExecutionProvider, type GraphOptimizationLevel } from './execution-provider.ts'
import type { SessionSettings } from './protocol.ts'
import type { OptionNames } from './unknown-options.ts'

/** How ONNX Runtime runs a model. */
export interface SessionOptions {
  /**
   * Where to run, in order of preference (default `['cpu']`). Nothing runs elsewhere: without `'cpu'` at the end of
   * the list, a model that the others cannot run as a whole is refused with ONNX_PROVIDER.
   */
  readonly executionProviders?: readonly ExecutionProvider[]
  /** Threads of one operator (default 1, so that evaluations beside each other do not fight for cores; most: 1024). */
  readonly intraOpThreads?: number
  /** How far the graph is rewritten when it is loaded (default `'all'`, as ONNX Runtime does). */
  readonly graphOptimizationLevel?: GraphOptimizationLevel
  /** Milliseconds after which one evaluation or prediction is given up and its process killed (default 120,000). */
  readonly timeout?: number
  /** Bytes of a model and of its external data together (default and most: 1 GiB; external data may be more if this says so, up to 16 GiB). */
  readonly maxModelBytes?: number
  /** Bytes of memory beyond which the process that runs the model is ended (default: half of the memory that this process may use). */
  readonly maxMemoryBytes?: number
  /**
   * The one directory in which models may keep weights in other files (default: none, such models are refused). Absolute paths, `..` and links
   * out of it are refused.
   */
  readonly externalData?: { readonly directory: string }
}

export const sessionOptionNames: OptionNames<SessionOptions> = { executionProviders: true, intraOpThreads: true, graphOptimizationLevel: true, timeout: true, maxModelBytes: true, maxMemoryBytes: true, externalData: true }

export interface CheckedSessionOptions {
  readonly session: SessionSettings
  readonly timeout: number
  readonly maxModelBytes: number
  readonly maxMemoryBytes: number
}

/** More than this cannot be sent to another process at once. */
export const largestModel: number = 2 ** 30

/** Throws ONNX_OPTION. */
export function checkSessionOptions(options: SessionOptions): CheckedSessionOptions {
  const { executionProviders = ['cpu'], intraOpThreads = 1, graphOptimizationLevel = 'all', timeout = 120_000, maxModelBytes = largestModel, maxMemoryBytes = halfOfMemory(), externalData } = options
  if (!Array.isArray(executionProviders) || executionProviders.length === 0) {
    throw invalidOption(`executionProviders needs at least one name, as in ['cpu'], got ${JSON.stringify(executionProviders)}.`, { executionProviders })
  }
  for (const provider of executionProviders) oneOf('executionProviders', provider, knownProviders)
  // Node's longest timer.
  if (!(timeout > 0 && timeout <= 2 ** 31 - 1)) throw invalidOption(`timeout is in milliseconds, above 0 and at most ${2 ** 31 - 1}, got ${timeout}.`, { timeout })
  const mostBytes = externalData === undefined ? largestModel : 2 ** 34
  if (count('maxModelBytes', maxModelBytes, 1) > mostBytes) throw invalidOption(`maxModelBytes is at most ${mostBytes}${externalData === undefined ? ', more only with externalData' : ''}, got ${maxModelBytes}.`, { maxModelBytes })
  if (externalData !== undefined && (typeof externalData !== 'object' || typeof externalData?.directory !== 'string' || externalData.directory === '')) {
    throw invalidOption(`externalData is { directory }, the one directory that external data may be read from, got ${JSON.stringify(externalData)}.`)
  }
  return {
    session: {
      executionProviders: [...executionProviders],
      intraOpThreads: count('intraOpThreads', intraOpThreads, 1, mostThreads),
      graphOptimizationLevel: oneOf('graphOptimizationLevel', graphOptimizationLevel, graphOptimizationLevels),
      precision: 'float32',
      externalDirectory: externalData?.directory,
      maxModelBytes,
    },
    timeout,
    maxModelBytes: Math.min(maxModelBytes, largestModel),
    maxMemoryBytes: count('maxMemoryBytes', maxMemoryBytes, 1),
  }
}

/** With many more the runtime is busy for minutes to start them, or runs out of memory. */
export const mostThreads = 1024

/** A whole number of at least `least`. Throws ONNX_OPTION. */
export function count(name: string, value: number, least: number, most: number = Infinity): number {
  if (!Number.isSafeInteger(value) || value < least || value > most) throw invalidOption(`${name} is a whole number of at least ${least}${most === Infinity ? '' : ` and at most ${most}`}, got ${value}.`, { [name]: value })
  return value
}

/** One of some names. Throws ONNX_OPTION. */
export function oneOf<T extends string>(option: string, value: T, known: readonly T[]): T {
  if (!known.includes(value)) throw invalidOption(`${option}: ${JSON.stringify(value)} is none of ${known.map((name) => `'${name}'`).join(', ')}.`, { [option]: value })
  return value
}

/** Of the machine, or of the container where it is given less. */
function halfOfMemory(): number {
  const constrained = process.constrainedMemory()
  return Math.floor(Math.min(totalmem(), constrained > 0 ? constrained : Infinity) / 2)
}
