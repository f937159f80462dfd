import { boolean, float, oneOf, space, type Dimension, type FlatParams, type Metrics, type Objective, type Scalar, type SearchSpace, type StepReport, type StudyEvent, type TrialRecord } from '@attune/core'
import { loggerContext, type TestLoggerContext } from '@attune/testing'

/** A dimension with the given values, or a number; what only samplers need refuses to work. */
export function dimension(path: string, values: readonly Scalar[] | 'number', options: { readonly conditional?: boolean } = {}): Dimension {
  const unused = (): never => {
    throw new Error('a logger has no business here')
  }
  return {
    index: 0,
    path,
    kind: values === 'number' ? 'number' : 'categorical',
    cells: values === 'number' ? Infinity : values.length,
    log: false,
    conditions: options.conditional ? [{ parent: 0, cells: new Set([0]) }] : [],
    dynamic: false,
    weights: undefined,
    hasPrior: false,
    encode: unused,
    decode: unused,
    quantile: unused,
    valueAt: (cell) => (values === 'number' ? unused() : values[cell]!),
    cellOf: unused,
  }
}

export function spaceOf(...dimensions: readonly Dimension[]): SearchSpace {
  return { dimensions, constraints: [], fingerprint: 'f', size: Infinity } as unknown as SearchSpace
}

export const exampleSpace: SearchSpace = space({
  learningRate: float(1e-3, 1, { scale: 'log' }),
  optimizer: oneOf({ sgd: { momentum: float(0, 0.99), nesterov: boolean() }, adam: {} }),
  batchNorm: boolean(),
})

export function context(options: { readonly name?: string; readonly id?: string; readonly space?: SearchSpace; readonly objectives?: readonly Objective[]; readonly definedByRunning?: boolean; readonly trials?: readonly TrialRecord[] } = {}): TestLoggerContext {
  return loggerContext({
    ...(options.id === undefined ? {} : { id: options.id }),
    definition: { name: options.name ?? 'digits', space: options.definedByRunning ? null : {}, ...(options.objectives === undefined ? {} : { objectives: options.objectives }) },
    space: options.space ?? exampleSpace,
    ...(options.trials === undefined ? {} : { trials: options.trials }),
  })
}

type Ending = { readonly state: 'complete' | 'pruned'; readonly metrics: Metrics; readonly values: readonly number[] } | { readonly state: 'failed'; readonly message: string }

/** Writes the history of a study as a storage would: each call makes the next event. */
export class HistoryScript {
  readonly events: StudyEvent[] = []
  /** By number, as they are now. */
  readonly trials: TrialRecord[] = []
  readonly #epoch = 1_700_000_000_000

  #next(type: string, number: number, changes: Partial<TrialRecord>, more: object = {}): this {
    const trial = { ...(this.trials[number] ?? emptyTrial(number, this.#epoch)), ...changes }
    this.trials[number] = trial
    const revision = this.events.length + 1
    this.events.push({ type, revision, time: this.#epoch + revision * 1000, trial, ...more } as unknown as StudyEvent)
    return this
  }

  start(number: number, flatParams: FlatParams = { learningRate: 0.01, 'optimizer.type': 'adam', batchNorm: true }): this {
    const attempt = (this.trials[number]?.attempt ?? 0) + 1
    return this.#next('trial.started', number, { state: 'running', attempt, flatParams, params: flatParams, startedAt: this.#epoch, ...(attempt > 1 ? { reports: [] } : {}) })
  }
  report(number: number, step: number, metrics: Metrics): this {
    const report: StepReport = { step, metrics, time: this.#epoch }
    return this.#next('trial.reported', number, { reports: [...(this.trials[number]?.reports ?? []), report] }, { report })
  }
  end(number: number, ending: Ending): this {
    if (ending.state === 'failed') return this.#next('trial.failed', number, { state: 'failed', endedAt: this.#epoch + (this.events.length + 1) * 1000, failure: { reason: 'error', message: ending.message } })
    const type = ending.state === 'complete' ? 'trial.completed' : 'trial.pruned'
    return this.#next(type, number, { state: ending.state, metrics: ending.metrics, values: ending.values, endedAt: this.#epoch + (this.events.length + 1) * 1000 })
  }
  requeue(number: number): this {
    return this.#next('trial.requeued', number, { state: 'waiting' })
  }
  amend(number: number, changes: Partial<TrialRecord>): this {
    return this.#next('trial.amended', number, changes)
  }
}

/** Twenty trials of ten reports, three at a time, every fifth of them retried from its fourth step. */
export function longHistory(): readonly StudyEvent[] {
  const script = new HistoryScript()
  for (let first = 0; first < 20; first += 3) {
    const numbers = [first, first + 1, first + 2].filter((number) => number < 20)
    for (const number of numbers) script.start(number)
    for (let step = 1; step <= 10; step++) for (const number of numbers) script.report(number, step, { loss: number + step / 16 })
    for (const number of numbers) {
      if (number % 5 === 0) {
        script.requeue(number).start(number)
        for (let step = 4; step <= 12; step++) script.report(number, step, { loss: number + step / 32 })
      }
      script.end(number, { state: 'complete', metrics: { loss: 1 }, values: [1] })
    }
  }
  return script.events
}

function emptyTrial(number: number, createdAt: number): TrialRecord {
  return {
    number, state: 'waiting', attempt: 0, params: {}, flatParams: {}, origin: 'sampler', suggestion: undefined, reports: [], metrics: {}, values: undefined, value: undefined, violation: 0,
    failure: undefined, earlierFailures: [], attributes: {}, artifacts: {}, artifact: () => Promise.resolve(undefined), checkpoint: undefined, earlierCheckpoint: undefined, toStep: undefined, owner: undefined, parent: undefined, voided: undefined, createdAt, startedAt: undefined, endedAt: undefined,
  }
}
