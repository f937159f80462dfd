import type { StudyDefinition } from '../contracts/storage.ts'
import type { Failure, StepReport } from '../contracts/trial-record.ts'
import type { Metrics } from '../contracts/values.ts'
import { AttuneError } from '../errors.ts'
import { noMetrics } from '../history/trial-entry.ts'
import { show } from '../space/show.ts'
import { didYouMean, nearestName } from './nearest-name.ts'

function invalid(message: string): AttuneError {
  return new AttuneError('INVALID_METRIC', message)
}

const forbidden = new Set(['__proto__', 'prototype', 'constructor'])

/** Checks a set of metrics that user code reported. Throws INVALID_METRIC with what is wrong with which one. */
export function checkMetrics(metrics: { readonly [metric: string]: unknown }, definition: StudyDefinition): Metrics {
  const declared = definition.metrics
  for (const name in metrics) {
    const value = metrics[name]
    if (typeof value !== 'number') throw invalid(`Metric "${name}" is ${isPromise(value) ? 'a promise: await it before you return or report it' : `${show(value)}: metrics are numbers`}.`)
    if (forbidden.has(name)) throw invalid(`"${name}" cannot be the name of a metric.`)
    if (declared !== null && !declared.includes(name)) throw invalid(`Metric "${name}" is not declared: the study has metrics ${list(declared)}.${didYouMean(name, declared)}`)
  }
  return metrics as Metrics
}

export function list(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(', ')
}

/** The metrics of one report, without step and checkpoint. */
export function metricsOfReport(report: { readonly [key: string]: unknown }, definition: StudyDefinition): Metrics {
  const { step: _, checkpoint: __, ...metrics } = report
  return checkMetrics(metrics, definition)
}

/** Checks the step of a report against the last one. Throws INVALID_STEP. */
export function checkStep(step: unknown, last: StepReport | undefined): number {
  if (!Number.isSafeInteger(step)) throw new AttuneError('INVALID_STEP', `A report needs an integer "step", got ${String(step)}: yield { step: epoch, … }.`)
  if (last !== undefined && (step as number) <= last.step) {
    throw new AttuneError('INVALID_STEP', `Step ${String(step)} was reported after step ${last.step}: steps of a trial must grow. Report all metrics of one step together.`)
  }
  return step as number
}

/**
 * Final metrics of a trial: those of its last report under those of its result. An objective that counts its
 * best report gets that value, unless the result names it.
 */
export function finalMetrics(result: Metrics, reports: readonly StepReport[], definition: StudyDefinition): Metrics {
  if (reports.length === 0) return result
  const metrics: { [metric: string]: number } = { ...reports.at(-1)!.metrics }
  for (const { metric, direction, from } of definition.objectives) {
    if (from === 'last') continue
    const sign = direction === 'minimize' ? 1 : -1
    for (const report of reports) {
      const value = report.metrics[metric]
      if (value !== undefined && !Number.isNaN(value) && !(sign * value >= sign * (metrics[metric] ?? NaN))) metrics[metric] = value
    }
  }
  return { ...metrics, ...result }
}

/** What a function or `tell` answered, as metrics. Throws INVALID_METRIC. */
export function metricsOfResult(result: unknown, definition: StudyDefinition, reported: boolean): Metrics {
  if (typeof result === 'number') {
    if (definition.objectives.length > 1) throw invalid(`The study has ${definition.objectives.length} objectives: answer all of them by name, as in { ${definition.objectives.map(({ metric }) => `${metric}: …`).join(', ')} }.`)
    return checkMetrics({ [definition.objectives[0]!.metric]: result }, definition)
  }
  if (result === undefined || result === null) {
    if (reported) return noMetrics
    throw invalid(`The objective returned nothing: return a number, an object with the metric "${definition.objectives[0]!.metric}", or report steps.`)
  }
  if (typeof result === 'object' && Symbol.iterator in result && !Array.isArray(result)) throw invalid('The objective returned a generator that is not asynchronous: write it as async function*.')
  if (typeof result !== 'object' || Array.isArray(result)) throw invalid(`The objective returned a value of type ${Array.isArray(result) ? 'array' : typeof result}: return a number or an object of metrics.`)
  return checkMetrics(result as { readonly [metric: string]: unknown }, definition)
}

function isPromise(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'then' in value
}

/** The metric that was given may be the misspelt one, or the objective. */
function misspelt(metric: string, given: readonly string[]): string {
  const nearest = nearestName(metric, given)
  return nearest === undefined ? '' : ` Should "${nearest}" be "${metric}"?`
}

/** Why these final metrics do not do, or undefined if they do: an objective is missing or NaN. */
export function metricsFailure(metrics: Metrics, definition: StudyDefinition): Failure | undefined {
  for (const { metric } of definition.objectives) {
    const value = metrics[metric]
    if (value === undefined) {
      const names = Object.keys(metrics)
      return { reason: 'invalid-metric', message: `The objective "${metric}" is missing among the metrics ${names.length === 0 ? '(there are none)' : list(names)}.${misspelt(metric, names)}` }
    }
    if (Number.isNaN(value)) return { reason: 'invalid-metric', message: `The objective "${metric}" is NaN: the training diverged, or the metric divides by zero or uses something undefined, as a misspelt name of a parameter is.` }
  }
  return undefined
}
