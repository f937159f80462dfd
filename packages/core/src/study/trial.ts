import type { ArtifactOptions } from '../contracts/artifact.ts'
import type { Operation } from '../contracts/change.ts'
import type { Random } from '../contracts/random.ts'
import type { Report, TrainerTrial } from '../contracts/trainer.ts'
import type { Failure } from '../contracts/trial-record.ts'
import type { FlatParams, Json, Scalar } from '../contracts/values.ts'
import { AttuneError, describe, isAttuneError } from '../errors.ts'
import { boolean, choice, constant, float, int, ordinal, type NumberOptions } from '../space/builders.ts'
import type { Leaf } from '../space/definition.ts'
import { leafToJson } from '../space/json.ts'
import type { Space } from '../space/space.ts'

const noLeaves: readonly never[] = []

/** Why a running trial is asked to end. */
export type StopReason = 'pruned' | 'paused' | 'timeout' | 'aborted' | 'lost'

/** What a trial needs of the study that runs it. */
export interface TrialRuntime {
  /** The study's. */
  readonly name: string
  readonly random: Random
  /** True if the space is defined by running. */
  readonly dynamic: boolean
  /** The space now; one defined by running grows. */
  readonly space: Space<unknown>
  nest(flatParams: FlatParams): unknown
  report(trial: Trial, report: Report): Promise<'continue' | 'stop'>
  warn(source: string, message: string, number: number): void
  setAttribute(number: number, key: string, value: Json): Promise<void>
  setArtifact(number: number, name: string, bytes: Uint8Array, options: ArtifactOptions): Promise<void>
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
  /** Leaves that this trial met first, and the space that it knows with them. */
  #added: readonly { readonly path: string; readonly leaf: Leaf }[] = noLeaves
  #grown: { readonly from: Space<unknown>; readonly space: Space<unknown> } | undefined
  #reporting: Promise<void> | undefined
  /** @internal True if its code did not end in time. */
  busy = false
  /** @internal True while its end is being stored. */
  ending = false

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

  /** The name of its study. */
  get study(): string {
    return this.#runtime.name
  }

  /** Nested parameters, typed by the space. */
  get params(): P {
    this.#params ??= this.#runtime.nest(this.flatParams) as P
    return this.#params
  }

  /** See `TrainerTrial`. */
  get seed(): number {
    this.#seed ??= this.#runtime.random.stream(this.number, 'user').bits()
    return this.#seed
  }

  /** Aborts when the trial should end, with an error TRIAL_STOPPED that says why. Made when it is first read. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#reason !== undefined) this.#controller.abort(abortError(this.number, this.#reason))
    }
    return this.#controller.signal
  }

  /**
   * Reports the metrics of one step. Answers `'stop'` when the trial should end: return then, the
   * study knows why. One after the other, in the order of the calls. Throws INVALID_METRIC, INVALID_STEP,
   * INVALID_CHECKPOINT, and TRIAL_ENDED once the trial was told.
   */
  async report(report: Report): Promise<'continue' | 'stop'> {
    const before = this.#reporting
    const turn = before === undefined ? this.#runtime.report(this, report) : before.then(() => this.#runtime.report(this, report))
    const over = turn.then(() => undefined, () => undefined)
    this.#reporting = over
    try {
      return await turn
    } finally {
      if (this.#reporting === over) this.#reporting = undefined
    }
  }

  /** @internal Resolves once what was reported so far is stored or refused; undefined if nothing is under way. */
  get reporting(): Promise<void> | undefined {
    return this.#reporting
  }

  /** Becomes a warning event of the study; each message once. */
  warn(message: string): void {
    this.#runtime.warn('trial', message, this.number)
  }

  /** Keeps plain JSON with the trial. Throws NOT_JSON. */
  async setAttribute(key: string, value: Json): Promise<void> {
    await this.#runtime.setAttribute(this.number, key, value)
  }

  /**
   * Keeps bytes with the trial under a name, as in `trial.setArtifact('confusion.png', bytes, { kind: 'image/png' })`. They stay, whatever becomes of the trial;
   * only the name `model` follows the study's option `keep`. Throws ARTIFACT_NAME, OPTION, NO_ARTIFACT_STORE, NOT_JSON, ARTIFACT_STORE_FULL, ARTIFACT_TOO_LARGE.
   */
  async setArtifact(name: string, bytes: Uint8Array, options: ArtifactOptions = {}): Promise<void> {
    await this.#runtime.setArtifact(this.number, name, bytes, options)
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
    if (!this.#runtime.dynamic) return undefined
    return { params: { ...this.#met }, extensions: this.#added.map(({ path, leaf }) => ({ type: 'extend', path, leaf: leafToJson(leaf) })) }
  }

  /** @internal Why the leaves that this trial added do not fit those that others have added meanwhile, if so. */
  clash(): string | undefined {
    if (this.#added.length === 0) return undefined
    try {
      this.#space()
      return undefined
    } catch (error) {
      if (isAttuneError(error)) return error.message
      throw error
    }
  }

  /** Methods stay with their trial where they are taken out of it: `async ({ params, report }) => …`. Bound when they are first used. */
  static {
    for (const name of ['report', 'warn', 'setAttribute', 'setArtifact', 'float', 'int', 'choice', 'ordinal', 'boolean', 'constant'] as const) {
      const method = this.prototype[name] as (...args: unknown[]) => unknown
      Object.defineProperty(this.prototype, name, {
        configurable: true,
        get(this: Trial) {
          const bound = method.bind(this)
          Object.defineProperty(this, name, { value: bound })
          return bound
        },
      })
    }
  }

  #meet(name: string, leaf: Leaf): Scalar {
    if (!this.#runtime.dynamic) {
      throw new AttuneError('SPACE_DECLARED', `Parameter "${name}" was asked for while running, but this study has a declared space: add it there and read trial.params, or create the study without a space.`, { details: { name } })
    }
    const met = (this.#met ??= Object.create(null) as { [path: string]: Scalar })
    const before = this.#space()
    const space = before.extend(name, leaf)
    if (space !== before) {
      this.#added = [...this.#added, { path: name, leaf }]
      this.#grown = { from: this.#runtime.space, space }
    }
    const known = met[name]
    if (known !== undefined) return known
    const dimension = space.dimensions.find(({ path }) => path === name)!
    const suggested = Object.hasOwn(this.flatParams, name) ? this.flatParams[name] : undefined
    const fits = suggested !== undefined && !Number.isNaN(dimension.encode(suggested))
    return (met[name] = fits ? suggested : dimension.quantile(this.#runtime.random.stream(this.number, `leaf:${name}`).uniform()))
  }

  /** What the study knows by now, with the leaves of this trial. Throws LEAF_CHANGED or DUPLICATE_NAME if they do not fit. */
  #space(): Space<unknown> {
    const from = this.#runtime.space
    if (this.#grown?.from !== from) {
      let space = from
      for (const { path, leaf } of this.#added) space = space.extend(path, leaf)
      this.#grown = { from, space }
    }
    return this.#grown.space
  }
}

function abortError(number: number, reason: StopReason): AttuneError {
  return new AttuneError('TRIAL_STOPPED', `Trial ${number} should end: ${reason}.`, { details: { number, reason } })
}

/** Longer messages and stacks are cut: a history is no place for dumps. */
const longestText = 10_000

/** A failure out of whatever was thrown. */
export function failureOf(error: unknown): Failure {
  try {
    const { reason, message } = classify(error)
    const stack = error instanceof Error ? error.stack : undefined
    return typeof stack === 'string' ? { reason, message: cut(message), stack: cut(stack) } : { reason, message: cut(message) }
  } catch {
    return { reason: 'error', message: describe(error) } // Its name or stack cannot be read.
  }
}

function classify(error: unknown): Pick<Failure, 'reason' | 'message'> {
  const message = describe(error)
  if (!(error instanceof Error)) return { reason: 'error', message }
  const code = (error as { code?: unknown }).code
  if (code === 'INVALID_METRIC' || code === 'INVALID_STEP') return { reason: 'invalid-metric', message }
  if (code === 'TRIAL_CRASHED') return { reason: 'crashed', message }
  if (code === 'OUT_OF_MEMORY') return { reason: 'out-of-memory', message }
  const memory = /out of memory|allocation failed/i.test(message)
  return { reason: memory ? 'out-of-memory' : 'error', message: error.name === 'Error' ? message : `${error.name}: ${message}` }
}

function cut(text: string): string {
  return text.length <= longestText ? text : `${text.slice(0, longestText)}… (${text.length - longestText} more characters)`
}
