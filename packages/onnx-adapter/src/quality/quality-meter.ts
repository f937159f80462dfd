import { rowSize, type TensorData } from '../tensor-data.ts'
import { classificationMeter } from './classification-meter.ts'
import type { Meter, QualitySettings } from './meter.ts'
import { regressionMeter } from './regression-meter.ts'
import type { TemperatureFit } from './temperature.ts'

/** What the answers are compared with. */
export type Truth = { readonly labels: Int32Array } | { readonly targets: TensorData }

/** Judges answers beside the truth; `fit` is of other rows. */
export function qualityMeter(truth: Truth, settings: QualitySettings, fit?: TemperatureFit): Meter {
  return 'labels' in truth ? classificationMeter(truth.labels, settings, fit) : regressionMeter(truth.targets.data, rowSize(truth.targets), settings)
}
