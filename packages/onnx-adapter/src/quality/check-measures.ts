import { nearestName } from '@attune/core'
import { invalidOption } from '../errors.ts'
import type { ScoreKind } from './judged-row.ts'
import { allMetrics, classificationMetrics, decisionMetrics, regressionMetrics, scaledPrefix, type BinOptions, type Binning, type Measure, type MetricOption, type MetricSettings, type QualityMetric } from './metric.ts'
import type { Truth } from './quality-meter.ts'

type Settings = { readonly [key: string]: unknown } & { readonly metric: QualityMetric; readonly name?: string }

/** Bins of a diagram or metric, with defaults. Throws ONNX_OPTION. */
export function checkBins(where: string, { bins = 15, binning = 'width' }: BinOptions): { readonly bins: number; readonly binning: Binning } {
  if (!Number.isSafeInteger(bins) || bins < 1 || bins > 10_000) throw invalidOption(`${where}.bins is a whole number from 1 to 10,000, got ${bins}.`, { bins })
  if (binning !== 'width' && binning !== 'mass') throw invalidOption(`${where}.binning is 'width' or 'mass', got ${JSON.stringify(binning)}.`, { binning })
  return { bins, binning }
}

/** Keys of the options of each metric that has some, besides `metric` and `name`. */
const keys: { readonly [metric in QualityMetric]?: readonly string[] } = {
  topKAccuracy: ['k'],
  precision: ['class'], recall: ['class'], f1: ['class'], rocAuc: ['class'], averagePrecision: ['class'],
  ece: ['bins', 'binning'], mce: ['bins', 'binning'], msce: ['bins', 'binning'],
  classwiseEce: ['bins'],
  calibratedError: ['lambda', 'bins', 'binning'],
}

/** What is measured unless it is said: what every data set allows. */
function usual(truth: Truth, scores: ScoreKind): readonly MetricOption[] {
  if ('targets' in truth) return ['meanSquaredError', 'rootMeanSquaredError', 'meanAbsoluteError']
  return scores === 'classes' ? ['accuracy'] : ['accuracy', 'logLoss', 'ece']
}

/** The metrics to measure, with names and defaults. Throws ONNX_OPTION for what these data cannot tell. */
export function checkMeasures(options: readonly MetricOption[] | undefined, truth: Truth, scores: ScoreKind): readonly Measure[] {
  if (options !== undefined && !Array.isArray(options)) throw invalidOption(`metrics is a list, as in metrics: ['accuracy', 'ece'].`)
  const possible = 'targets' in truth ? regressionMetrics : scores === 'classes' ? decisionMetrics : classificationMetrics
  const measures = (options ?? usual(truth, scores)).map((option) => checkMeasure(option, truth, scores, possible))
  const names = measures.map(({ name }) => name)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw invalidOption(`Two metrics are called "${twice}": give one of them a name, as in { metric: 'ece', binning: 'mass', name: 'eceOfMass' }.`, { metric: twice })
  return measures
}

function checkMeasure(option: MetricOption, truth: Truth, scores: ScoreKind, possible: readonly QualityMetric[]): Measure {
  const settings: Settings | undefined = typeof option === 'string' ? { metric: option } : typeof option === 'object' && option !== null ? (option as MetricSettings & Settings) : undefined
  if (settings === undefined) throw invalidOption(`A metric is a name, as 'accuracy', or { metric, … }, got ${JSON.stringify(option)}.`)
  const { metric, name } = settings
  if (!allMetrics.includes(metric)) {
    const k = /^top(\d+)Accuracy$/.exec(String(metric))?.[1]
    if (k !== undefined) throw invalidOption(`"${String(metric)}" is written { metric: 'topKAccuracy', k: ${k} }.`, { metric })
    if (/^(scaled\.|temperature$)/.test(String(metric))) throw invalidOption(`"${String(metric)}" is not asked for: with the option calibration it comes with the metrics of probabilities.`, { metric })
    const nearest = nearestName(String(metric), allMetrics)
    throw invalidOption(`There is no metric "${String(metric)}".${nearest === undefined ? ` There are ${possible.join(', ')}.` : ` Did you mean "${nearest}"?`}`, { metric })
  }
  if (!possible.includes(metric)) throw invalidOption(`The metric "${metric}" cannot be measured here: with ${'targets' in truth ? 'targets' : `labels and scores: '${scores}'`} there are ${possible.join(', ')}.`, { metric })
  if (name !== undefined) checkName(metric, name)
  const known = keys[metric] ?? []
  const unknown = Object.keys(settings).find((key) => key !== 'metric' && key !== 'name' && !known.includes(key))
  if (unknown !== undefined) throw invalidOption(`The metric "${metric}" has no option "${unknown}"${known.length === 0 ? '' : `; it has ${known.join(', ')}`}.`, { metric, option: unknown })
  const measure = { metric, ...optionsOf(settings, known) }
  checkTruth(measure, truth)
  return { ...measure, name: name ?? nameOf(measure) }
}

/** Names that say something else already. */
function checkName(metric: QualityMetric, name: unknown): void {
  if (typeof name !== 'string' || !/^[a-z][\w.-]*$/i.test(name)) throw invalidOption(`The name of a metric is made of letters, digits, dots, hyphens and underscores, and begins with a letter; got ${JSON.stringify(name)}.`, { metric, name })
  const taken = name !== metric && (allMetrics.includes(name as QualityMetric) || name === 'temperature' || name === 'modelBytes' || name.startsWith(scaledPrefix))
  if (taken) throw invalidOption(`The metric "${metric}" cannot be called "${name}": that is something else.`, { metric, name })
}

function optionsOf(settings: Settings, known: readonly string[]): Omit<Measure, 'name' | 'metric'> {
  const { metric, k, class: number, lambda } = settings
  if (known.includes('k') && !(Number.isSafeInteger(k) && (k as number) >= 1)) throw invalidOption(`The metric "${metric}" needs a whole number k of at least 1, as in { metric: '${metric}', k: 5 }, got ${String(k)}.`)
  if (number !== undefined && !(Number.isSafeInteger(number) && (number as number) >= 0)) throw invalidOption(`The class of the metric "${metric}" is a whole number from 0, got ${JSON.stringify(number)}.`)
  if (known.includes('lambda') && !((lambda as number) >= 0 && (lambda as number) <= 1)) throw invalidOption(`The metric "${metric}" needs a lambda from 0 to 1, as in { metric: '${metric}', lambda: 0.5 }, got ${String(lambda)}.`)
  return {
    ...(known.includes('k') ? { k: k as number } : {}),
    ...(number === undefined ? {} : { class: number as number }),
    ...(known.includes('lambda') ? { lambda: lambda as number } : {}),
    ...(known.includes('bins') ? checkBins(metric, settings as BinOptions) : {}),
  }
}

function nameOf({ metric, k, class: number }: Omit<Measure, 'name'>): string {
  if (k !== undefined) return `top${k}Accuracy`
  return number === undefined ? metric : `${metric}.${number}`
}

/** What the labels alone show, so that it is known before the first training. */
function checkTruth({ metric, class: number }: Omit<Measure, 'name'>, truth: Truth): void {
  if ('targets' in truth) {
    if (metric === 'r2' && truth.targets.dims[0]! < 2) throw invalidOption('The metric "r2" needs at least two rows.', { metric })
    return
  }
  if (metric !== 'rocAuc' && metric !== 'averagePrecision') return
  const present = new Set(truth.labels)
  if (present.size < 2) throw invalidOption(`The metric "${metric}" ranks rows of one class against others, but all labels are ${truth.labels[0]}.`, { metric })
  const needed = number === undefined ? truth.labels.reduce((most, label) => Math.max(most, label)) : number
  const missing = number === undefined ? Array.from({ length: Math.min(needed, truth.labels.length) + 1 }, (_, label) => label).find((label) => !present.has(label)) : present.has(number) ? undefined : number
  if (missing !== undefined) throw invalidOption(`The metric "${metric}" needs rows of class ${missing}, but there are none: take rows of all classes, or { metric: '${metric}', class: … }.`, { metric, class: missing })
}
