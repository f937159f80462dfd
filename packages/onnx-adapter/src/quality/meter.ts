import type { TensorArray } from '../tensor-data.ts'
import type { Binning, Measure } from './metric.ts'
import type { ScoreKind } from './judged-row.ts'
import type { QualityReport } from './report.ts'
import type { TemperatureFit } from './temperature.ts'

/** What is told of a model's answers. */
export interface Quality {
  readonly metrics: { readonly [metric: string]: number }
  readonly report?: QualityReport
  /** With calibration data. */
  readonly fit?: TemperatureFit
}

/** Takes in a model's answers, batch after batch. */
export interface Meter {
  /** `values` holds `rows` rows of the same width; the first is row `firstRow` of the data. */
  add(values: TensorArray, rows: number, firstRow: number): void
  result(): Quality
}

/** What is to be measured. */
export interface QualitySettings {
  readonly measures: readonly Measure[]
  readonly scores: ScoreKind
  /** The bins of the report's diagram; undefined for no report. */
  readonly report: { readonly bins: number; readonly binning: Binning } | undefined
}
