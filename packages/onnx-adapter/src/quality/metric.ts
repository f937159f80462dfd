type Average = '' | 'Macro' | 'Micro' | 'Weighted'

/** What can be told of a classifier from the classes that it chooses. */
export type DecisionMetric = 'accuracy' | 'balancedAccuracy' | 'matthewsCorrelation' | `${'precision' | 'recall' | 'f1'}${Average}`

/** What needs a score for each class. */
export type ScoreMetric = 'topKAccuracy' | 'rocAuc' | 'averagePrecision' | 'logLoss' | 'brierScore'

/** How far a classifier's confidence can be believed. */
export type CalibrationMetric = 'ece' | 'mce' | 'msce' | 'classwiseEce' | 'calibratedError'

export type ClassificationMetric = DecisionMetric | ScoreMetric | CalibrationMetric

export type RegressionMetric = 'meanSquaredError' | 'rootMeanSquaredError' | 'meanAbsoluteError' | 'meanAbsolutePercentageError' | 'maxError' | 'r2'

/** What the evaluator can tell of a model's answers, as a metric of this name. */
export type QualityMetric = ClassificationMetric | RegressionMetric

/** How confidences are put into bins: `width` gives bins of equal width, `mass` bins of as equal numbers of rows as ties allow. */
export type Binning = 'width' | 'mass'

/** Bins of confidence. */
export interface BinOptions {
  /** Whole number from 1 to 10,000 (default 15). */
  readonly bins?: number
  /** Default `width`. */
  readonly binning?: Binning
}

interface Named {
  /** What the metric is called in the results (default: as the metric). */
  readonly name?: string
}

/** Metrics that need no options. */
type PlainMetric = Exclude<QualityMetric, 'topKAccuracy' | 'calibratedError'>

/** A metric with a name or options of its own. */
export type MetricSettings =
  | (Named & { readonly metric: PlainMetric })
  /** Share of rows whose label is among the `k` highest scores; called `top5Accuracy` for k = 5. */
  | (Named & { readonly metric: 'topKAccuracy'; readonly k: number })
  /** Of one class against all others; called `recall.3` for class 3. */
  | (Named & { readonly metric: 'precision' | 'recall' | 'f1' | 'rocAuc' | 'averagePrecision'; readonly class: number })
  | (Named & BinOptions & { readonly metric: 'ece' | 'mce' | 'msce' })
  /** Equal width alone. */
  | (Named & { readonly metric: 'classwiseEce'; readonly bins?: number })
  /** (1 − λ)(1 − accuracy) + λ · ECE, with λ from 0 to 1. */
  | (Named & BinOptions & { readonly metric: 'calibratedError'; readonly lambda: number })

/** A metric by its name, or with options. */
export type MetricOption = PlainMetric | MetricSettings

/** A metric with all that it needs to be measured. */
export interface Measure {
  readonly name: string
  readonly metric: QualityMetric
  readonly k?: number
  readonly class?: number
  readonly bins?: number
  readonly binning?: Binning
  readonly lambda?: number
}

export type Direction = 'minimize' | 'maximize'

/** Which way each metric is better. */
export const metricDirections: { readonly [metric in QualityMetric]: Direction } = {
  accuracy: 'maximize', balancedAccuracy: 'maximize', matthewsCorrelation: 'maximize', topKAccuracy: 'maximize',
  precision: 'maximize', precisionMacro: 'maximize', precisionMicro: 'maximize', precisionWeighted: 'maximize',
  recall: 'maximize', recallMacro: 'maximize', recallMicro: 'maximize', recallWeighted: 'maximize',
  f1: 'maximize', f1Macro: 'maximize', f1Micro: 'maximize', f1Weighted: 'maximize',
  rocAuc: 'maximize', averagePrecision: 'maximize', logLoss: 'minimize', brierScore: 'minimize',
  ece: 'minimize', mce: 'minimize', msce: 'minimize', classwiseEce: 'minimize', calibratedError: 'minimize',
  meanSquaredError: 'minimize', rootMeanSquaredError: 'minimize', meanAbsoluteError: 'minimize',
  meanAbsolutePercentageError: 'minimize', maxError: 'minimize', r2: 'maximize',
}

export const regressionMetrics: readonly RegressionMetric[] = ['meanSquaredError', 'rootMeanSquaredError', 'meanAbsoluteError', 'meanAbsolutePercentageError', 'maxError', 'r2']

const scoreMetrics: readonly QualityMetric[] = ['topKAccuracy', 'rocAuc', 'averagePrecision', 'logLoss', 'brierScore', 'ece', 'mce', 'msce', 'classwiseEce', 'calibratedError']

/** Metrics of probabilities as such, which temperature scaling is there to better. */
export const probabilityMetrics: readonly QualityMetric[] = ['logLoss', 'brierScore', 'ece', 'mce', 'msce', 'classwiseEce', 'calibratedError']

/** What comes before the names of metrics at the fitted temperature. */
export const scaledPrefix = 'scaled.'

export const allMetrics: readonly QualityMetric[] = Object.keys(metricDirections) as QualityMetric[]

/** The metrics of classifiers that answer scores, and of those that answer classes alone. */
export const classificationMetrics: readonly QualityMetric[] = allMetrics.filter((metric) => !regressionMetrics.includes(metric as RegressionMetric))
export const decisionMetrics: readonly QualityMetric[] = classificationMetrics.filter((metric) => !scoreMetrics.includes(metric))
