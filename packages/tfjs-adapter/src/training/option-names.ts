import type { OptionNames } from '../unknown-options.ts'
import type { TrainingOptions } from './options.ts'

/** The options that every trainer of this package has. */
export const trainingOptionNames: OptionNames<TrainingOptions<never>> = {
  tf: true, backend: true, data: true, inputs: true, epochs: true, batchSize: true, accumulate: true, optimizer: true, schedule: true,
  stepsPerEpoch: true, clip: true, shuffle: true, report: true, validate: true, earlyStopping: true, restoreBest: true, checkpoints: true,
}
