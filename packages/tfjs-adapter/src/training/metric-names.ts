import { tfjsError } from '../error.ts'
import type { Loss, LossName, Metric, MetricName } from './layers/options.ts'

/** Keys of a record, so that the compiler sees to it that the list is whole. */
const lossNames: Readonly<Record<LossName, true>> = {
  meanSquaredError: true, meanAbsoluteError: true, meanAbsolutePercentageError: true, meanSquaredLogarithmicError: true,
  squaredHinge: true, hinge: true, categoricalHinge: true, logcosh: true, kullbackLeiblerDivergence: true, poisson: true,
  cosineProximity: true, categoricalCrossentropy: true, sparseCategoricalCrossentropy: true, binaryCrossentropy: true,
}

const metricsByName: Readonly<Record<MetricName, true>> = {
  accuracy: true, crossentropy: true, binaryAccuracy: true, categoricalAccuracy: true, precision: true,
  categoricalCrossentropy: true, sparseCategoricalCrossentropy: true, mse: true, mae: true, mape: true, cosine: true,
}

const RESERVED: readonly string[] = ['step', 'checkpoint', 'loss']

/** @throws AttuneError `TFJS_OPTION` for what is neither a known name nor a function. */
export function checkLoss(loss: unknown): asserts loss is Loss {
  if (typeof loss === 'function' || (typeof loss === 'string' && Object.hasOwn(lossNames, loss))) return
  throw tfjsError('TFJS_OPTION', `There is no loss ${String(loss)}; there are ${Object.keys(lossNames).join(', ')}, or () => myLoss.`)
}

/** The name under which a metric is reported. @throws AttuneError `TFJS_OPTION` for one that is unknown or has none. */
export function metricName(metric: Metric): string {
  if (typeof metric !== 'function' && !Object.hasOwn(metricsByName, metric)) throw tfjsError('TFJS_OPTION', `There is no metric ${String(metric)}; there are ${Object.keys(metricsByName).join(', ')}, or a function.`)
  const name = typeof metric === 'function' ? metric.name : metric
  if (name === '') throw tfjsError('TFJS_OPTION', 'A metric function has no name: give it one (function topThree(truth, prediction) { … }), it is reported under that.')
  return name
}

/** @throws AttuneError `TFJS_OPTION` for names that cannot be reported beside each other. */
export function checkMetricNames(metrics: readonly string[]): void {
  const reserved = metrics.find((name) => RESERVED.includes(name))
  if (reserved !== undefined) throw tfjsError('TFJS_OPTION', `A metric cannot be called "${reserved}": that name is taken.`)
  const twice = metrics.find((name, index) => metrics.indexOf(name) !== index)
  if (twice !== undefined) throw tfjsError('TFJS_OPTION', `The metric "${twice}" is given twice.`)
  const names = ['loss', ...metrics]
  const clash = names.find((name) => names.includes(validationName(name)))
  if (clash !== undefined) throw tfjsError('TFJS_OPTION', `A metric cannot be called "${validationName(clash)}": that is the name of "${clash}" on the validation data.`)
}

export function validationName(name: string): string {
  return prefixed('val', name)
}

/** As in `digitAccuracy`. */
export function prefixed(prefix: string, name: string): string {
  return `${prefix}${name.charAt(0).toUpperCase()}${name.slice(1)}`
}

/** What is told apart in messages: a loss by its name. */
export function lossName(loss: Loss): string {
  return typeof loss === 'function' ? loss.name || 'a function' : loss
}
