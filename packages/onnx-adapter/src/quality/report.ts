import type { ClassScores } from './class-counts.ts'
import type { ReliabilityBin } from './confidence-bins.ts'
import type { Binning } from './metric.ts'
import type { TemperatureFit } from './temperature.ts'

/** How well confidence and accuracy agree, to be drawn: confidence across, accuracy up, beside the diagonal. */
export interface ReliabilityDiagram {
  readonly binning: Binning
  readonly bins: readonly ReliabilityBin[]
}

/** What is to be told of a classifier beyond single numbers. Plain JSON. */
export interface ClassificationReport {
  readonly kind: 'classification'
  readonly rows: number
  /** Rows by label (down), then by the class that the model gives (across). */
  readonly confusionMatrix: readonly (readonly number[])[]
  /** By class; `support` counts its rows. */
  readonly classes: readonly ClassScores[]
  /** Of top-label confidence; absent where the model answers classes alone. */
  readonly reliability?: ReliabilityDiagram
  /** With calibration data: the temperature, and the diagram of the same rows at that temperature. */
  readonly scaled?: TemperatureFit & { readonly reliability: ReliabilityDiagram }
}

/** Errors of one column of the targets. */
export interface OutputErrors {
  readonly meanSquaredError: number
  readonly meanAbsoluteError: number
  readonly maxError: number
  /** Null for fewer than two rows. */
  readonly r2: number | null
}

/** What is to be told of a regression beyond single numbers. Plain JSON. */
export interface RegressionReport {
  readonly kind: 'regression'
  readonly rows: number
  /** By column of the targets. */
  readonly outputs: readonly OutputErrors[]
}

export type QualityReport = ClassificationReport | RegressionReport
