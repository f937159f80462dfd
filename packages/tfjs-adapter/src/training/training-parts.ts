import type { PreparedSets } from '../data/batch-source.ts'
import type { StepOptimizer } from '../optimizers/step-optimizer.ts'
import type { RateSchedule } from '../schedules/rate-schedule.ts'
import type { TensorFlow } from '../tensorflow.ts'
import type { BestWeights } from './best-weights.ts'
import type { EarlyStop } from './early-stop.ts'
import type { KeptCheckpoints } from './kept-checkpoints.ts'
import type { LoopSettings } from './loop-settings.ts'
import type { TrainingProgram } from './training-program.ts'

/** What a training is made of. `TrainingRun` disposes of program, optimiser and best weights. */
export interface TrainingParts {
  readonly tf: TensorFlow
  readonly program: TrainingProgram
  readonly optimizer: StepOptimizer
  readonly schedule: RateSchedule
  readonly data: PreparedSets
  readonly settings: LoopSettings
  readonly stopping: EarlyStop | undefined
  readonly best: BestWeights | undefined
  readonly kept: KeptCheckpoints
}
