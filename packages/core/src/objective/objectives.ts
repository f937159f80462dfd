import type { Objective, OutcomeConstraint } from '../contracts/objective.ts'
import { AttuneError } from '../errors.ts'
import { show } from '../space/show.ts'

/** Options of `minimize` and `maximize`. */
export interface ObjectiveOptions {
  /** Which report of an iterative trial counts: its last (the default) or its best. */
  readonly from?: 'last' | 'best'
}

function objective<const M extends string>(metric: M, direction: Objective['direction'], options: ObjectiveOptions): Objective<M> {
  if (typeof metric !== 'string' || metric === '' || metric === 'step' || metric === 'checkpoint') {
    throw new AttuneError('METRIC_NAME', `An objective needs the name of a metric, got ${JSON.stringify(metric)}: any text but "step" and "checkpoint", which reports use themselves.`)
  }
  const { from = 'last' } = options
  if (from !== 'last' && from !== 'best') throw new AttuneError('OPTION', `from must be "last" or "best", got ${show(from)}.`)
  return Object.freeze({ metric, direction, from })
}

/** The metric should become small. */
export function minimize<const M extends string>(metric: M, options: ObjectiveOptions = {}): Objective<M> {
  return objective(metric, 'minimize', options)
}

/** The metric should become large. */
export function maximize<const M extends string>(metric: M, options: ObjectiveOptions = {}): Objective<M> {
  return objective(metric, 'maximize', options)
}

/** A limit on a metric, given by name in `constraints: { latencyMs: atMost(5) }`. */
export interface OutcomeBound {
  readonly bound: OutcomeConstraint['bound']
  readonly limit: number
}

function outcomeBound(bound: OutcomeConstraint['bound'], limit: number): OutcomeBound {
  if (!Number.isFinite(limit)) throw new AttuneError('OUTCOME_LIMIT', `${bound}(${limit}): the limit must be a finite number.`)
  return Object.freeze({ bound, limit })
}

/** A trial is feasible only if the metric is at most this. */
export function atMost(limit: number): OutcomeBound {
  return outcomeBound('atMost', limit)
}

/** A trial is feasible only if the metric is at least this. */
export function atLeast(limit: number): OutcomeBound {
  return outcomeBound('atLeast', limit)
}
