import type { Operation } from '../contracts/change.ts'
import type { Random } from '../contracts/random.ts'
import type { Dimension } from '../contracts/space.ts'
import type { Report, TrainerTrial } from '../contracts/trainer.ts'
import type { Failure } from '../contracts/trial-record.ts'
import type { FlatParams, Json, Scalar } from '../contracts/values.ts'
import { AttuneError } from '../errors.ts'
import { boolean, choice, constant, float, int, ordinal, type NumberOptions } from '../space/builders.ts'
import type { Leaf } from '../space/definition.ts'

/** Why a running trial is asked to end. */
export type StopReason = 'pruned' | 'paused' | 'reached' | 'timeout' | 'aborted' | 'lost'

/** What a trial needs of the study that runs it. */
export interface TrialRuntime {
  readonly random: Random
  /** True if the space is defined by running. */
  readonly dynamic: boolean
  nest(flatParams: FlatParams): unknown
  report(trial: Trial, report: Report): Promise<'continue' | 'stop'>
  warn(source: string, message: string, number: number): void
  setAttribute(number: number, key: string, value: Json): Promise<void>
  /** The dimension of a leaf met while running, and the operation that adds it if it is new. */
  leaf(path: string, leaf: Leaf): { readonly dimension: Dimension; readonly extension: Operation | undefined }
}

/** What the engine knows of a trial that it runs; user code sees the `Trial` alone. */
export interface TrialStart {
  readonly number: number
  readonly attempt: number
  readonly token: string
  readonly flatParams: FlatParams
  readonly toStep: number | undefined
  readonly resumeFrom: { readonly step: number; readonly bytes: Uint8Array } | undefined
}

/**
 * A trial that runs here: its parameters, and what its code may do. Given to objective functions and answered by `ask`.
 */
export class Trial<P = unknown> implements TrainerTrial<P> {
  readonly number: number
  readonly attempt: number
  readonly flatParams: FlatParams
  readonly toStep: number | undefined
  readonly resumeFrom: { readonly step: number; readonly bytes: Uint8Array } | undefined
  /** @internal */ readonly token: string
  readonly #runtime: TrialRuntime
  #params: P | undefined
  #seed: number | undefined
  #controller: AbortController | undefined
  #reason: StopReason | undefined
  #wake: (() => void) | undefined
  #met: { [path: string]: Scalar } | undefined
  #extensions: Operation[] | undefined

  /** @internal */
  constructor(runtime: TrialRuntime, state: TrialStart) {
    this.#runtime = runtime
    this.number = state.number
    this.attempt = state.attempt
    this.token = state.token
    this.flatParams = state.flatParams
    this.toStep = state.toStep
    this.resumeFrom = state.resumeFrom
  }

  /** Nested parameters, typed by the space. */
  get params(): P {
    this.#params ??= this.#runtime.nest(this.flatParams) as P
    return this.#params
  }

  get seed(): number {
    this.#seed ??= this.#runtime.random.stream(this.number, 'user').bits()
    return this.#seed
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#reason !== undefined) this.#controller.abort(abortError(this.number, this.#reason))
    }
    return this.#controller.signal
  }

  /**
   * Reports the metrics of one step. Answers `'stop'` when the trial should end: return then, the
   * study knows why. Throws INVALID_METRIC and INVALID_STEP.
   */
  async report(report: Report): Promise<'continue' | 'stop'> {
    return this.#runtime.report(this, report)
  }

  warn(message: string): void {
    this.#runtime.warn(`trial ${this.number}`, message, this.number)
  }

  async setAttribute(key: string, value: Json): Promise<void> {
    await this.#runtime.setAttribute(this.number, key, value)
  }

  /** A number between `low` and `high`. Only in studies without a declared space. */
  float(name: string, low: number, high: number, options?: NumberOptions): number {
    return this.#meet(name, float(low, high, options)) as number
  }

  /** A whole number between `low` and `high`, both included. Only in studies without a declared space. */
  int(name: string, low: number, high: number, options?: NumberOptions): number {
    return this.#meet(name, int(low, high, options)) as number
  }

  /** One of some values. Only in studies without a declared space. */
  choice<const T extends Scalar>(name: string, values: readonly T[], options?: { readonly weights?: readonly number[] }): T {
    return this.#meet(name, choice(values, options)) as T
  }

  /** One of some ordered values. Only in studies without a declared space. */
  ordinal<const T extends Scalar>(name: string, values: readonly T[], options?: { readonly weights?: readonly number[] }): T {
    return this.#meet(name, ordinal(values, options)) as T
  }

  /** True or false. Only in studies without a declared space. */
  boolean(name: string, options?: { readonly weight?: number }): boolean {
    return this.#meet(name, boolean(options)) as boolean
  }

  /** A value that is recorded with the trial. Only in studies without a declared space. */
  constant<const T extends Scalar>(name: string, value: T): T {
    return this.#meet(name, constant(value)) as T
  }

  /** @internal */
  isOf(runtime: TrialRuntime): boolean {
    return this.#runtime === runtime
  }

  /** @internal Why the trial should end, if it should. */
  get stopReason(): StopReason | undefined {
    return this.#reason
  }

  /** @internal The first reason holds. */
  stop(reason: StopReason): void {
    if (this.#reason !== undefined) return
    this.#reason = reason
    this.#controller?.abort(abortError(this.number, reason))
    this.#wake?.()
  }

  /** @internal Resolves when the trial is asked to end from outside. */
  stopped(): Promise<void> {
    if (this.#reason !== undefined) return Promise.resolve()
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }

  /** @internal Parameters that a define-by-run trial met, and the leaves it added. */
  get met(): { readonly params: FlatParams; readonly extensions: readonly Operation[] } | undefined {
    return this.#runtime.dynamic ? { params: this.#met ?? {}, extensions: this.#extensions ?? [] } : undefined
  }

  #meet(name: string, leaf: Leaf): Scalar {
    if (!this.#runtime.dynamic) {
      throw new AttuneError('SPACE_DECLARED', `Parameter "${name}" was asked for while running, but this study has a declared space: add it there and read trial.params, or create the study without a space.`, { details: { name } })
    }
    this.#met ??= {}
    const known = this.#runtime.leaf(name, leaf)
    if (known.extension !== undefined && !(name in this.#met)) (this.#extensions ??= []).push(known.extension)
    const value = this.#met[name] ?? this.#given(name, known.dimension.encode(this.flatParams[name] ?? null))
      ?? known.dimension.quantile(this.#runtime.random.stream(this.number, `leaf:${name}`).uniform())
    this.#met[name] = value
    return value
  }

  /** The suggested value of a leaf, if there is one that fits. */
  #given(name: string, coordinate: number): Scalar | undefined {
    return name in this.flatParams && !Number.isNaN(coordinate) ? this.flatParams[name] : undefined
  }
}

function abortError(number: number, reason: StopReason): AttuneError {
  return new AttuneError('TRIAL_STOPPED', `Trial ${number} should end: ${reason}.`, { details: { number, reason } })
}

/** A failure out of whatever was thrown. */
export function failureOf(error: unknown): Failure {
  const { reason, message } = classify(error)
  return error instanceof Error && error.stack !== undefined ? { reason, message, stack: error.stack } : { reason, message }
}

function classify(error: unknown): Pick<Failure, 'reason' | 'message'> {
  if (!(error instanceof Error)) return { reason: 'error', message: String(error) }
  const code = (error as { code?: unknown }).code
  if (code === 'INVALID_METRIC' || code === 'INVALID_STEP') return { reason: 'invalid-metric', message: error.message }
  const message = `${error.name}: ${error.message}`
  const memory = code === 'OUT_OF_MEMORY' || /out of memory|allocation failed/i.test(error.message)
  return { reason: memory ? 'out-of-memory' : 'error', message }
}
