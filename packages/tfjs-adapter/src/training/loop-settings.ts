import { tfjsError } from '../error.ts'
import { checkGradientClip, type GradientClip } from '../optimizers/clip-gradients.ts'
import { baseRateOf, createStepOptimizer } from '../optimizers/create-step-optimizer.ts'
import type { ScheduleSpec } from '../schedules/schedule-spec.ts'
import type { StepOptimizer } from '../optimizers/step-optimizer.ts'
import { refuseUnknownOptions, type OptionNames } from '../unknown-options.ts'
import type { EarlyStopping, Interval, Judgement, PerTrial, TrainingOptions } from './options.ts'

/** The options of the loop for one trial's parameters. */
export interface LoopSettings {
  readonly epochs: number
  readonly batchSize: number
  readonly accumulate: number
  readonly schedule: ScheduleSpec
  readonly stepsPerEpoch: number | undefined
  readonly clip: GradientClip | undefined
  readonly shuffle: boolean
  readonly report: Interval
  readonly validate: Interval
  readonly earlyStopping: EarlyStopping | undefined
  readonly restoreBest: Judgement | undefined
  readonly keep: { readonly best: number; readonly last: boolean; readonly judgement: Judgement }
  readonly maxBytes: number
  /** Makes the optimiser; called once, when there is a model, since it may hold tensors. */
  openOptimizer(): { readonly optimizer: StepOptimizer; readonly rate: number }
}

const judgementNames: OptionNames<Judgement> = { metric: true, direction: true }
const earlyStoppingNames: OptionNames<EarlyStopping> = { patience: true, minDelta: true, ...judgementNames }

/** @throws AttuneError `TFJS_OPTION` for an option out of range. */
export function loopSettings<P>(options: TrainingOptions<P>, params: P): LoopSettings {
  const { tf } = options
  const clip = perTrial(options.clip, params)
  if (clip !== undefined) checkGradientClip(clip)
  const stepsPerEpoch = perTrial(options.stepsPerEpoch, params)
  const given = { report: perTrial(options.report, params), validate: perTrial(options.validate, params) }
  const report = interval('report', given.report ?? given.validate ?? 'epoch')
  const validate = interval('validate', given.validate ?? report)
  if (report === 'epoch' && validate !== 'epoch') throw tfjsError('TFJS_OPTION', 'validate counts steps and report epochs: give report in steps too, or leave it out.')
  return {
    epochs: atLeast(1, 'epochs', perTrial(options.epochs, params)),
    batchSize: atLeast(1, 'batchSize', perTrial(options.batchSize ?? 32, params)),
    accumulate: atLeast(1, 'accumulate', perTrial(options.accumulate ?? 1, params)),
    schedule: perTrial(options.schedule, params) ?? { type: 'constant' },
    stepsPerEpoch: stepsPerEpoch === undefined ? undefined : atLeast(1, 'stepsPerEpoch', stepsPerEpoch),
    clip,
    shuffle: options.shuffle ?? true,
    report,
    validate,
    earlyStopping: earlyStopping(perTrial(options.earlyStopping, params)),
    restoreBest: restoreBest(options.restoreBest),
    keep: { best: atLeast(0, 'checkpoints.keep.best', options.checkpoints?.keep?.best ?? 0), last: options.checkpoints?.keep?.last ?? false, judgement: typeof options.restoreBest === 'object' ? options.restoreBest : {} },
    maxBytes: atLeast(0, 'checkpoints.maxBytes', options.checkpoints?.maxBytes ?? 2 ** 30),
    openOptimizer() {
      if (options.optimizer !== undefined && options.optimizer instanceof tf.Optimizer) throw tfjsError('TFJS_OPTION', 'An optimiser keeps the state of one training: give a function that makes it, optimizer: (params, tf) => tf.train.adagrad(params.learningRate).')
      const chosen = typeof options.optimizer === 'function' ? options.optimizer(params, tf) : (options.optimizer ?? { type: 'adam', learningRate: 0.001 })
      return { optimizer: createStepOptimizer(tf, chosen), rate: baseRateOf(tf, chosen) }
    },
  }
}

export function perTrial<P, T>(value: PerTrial<P, T>, params: P): T {
  return typeof value === 'function' ? (value as (params: P) => T)(params) : value
}

function atLeast(least: number, name: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= least) return value
  throw tfjsError('TFJS_OPTION', `${name} must be a whole number of at least ${least}, got ${String(value)}.`)
}

function interval(name: string, value: Interval): Interval {
  if (value === 'epoch') return value
  if (typeof value !== 'object' || value === null) throw tfjsError('TFJS_OPTION', `${name} is 'epoch' or { steps }, got ${JSON.stringify(value)}.`)
  return { steps: atLeast(1, `${name}.steps`, value.steps) }
}

/** Whose reports are compared; undefined where the last weights are taken. */
function restoreBest(value: boolean | Judgement | undefined): Judgement | undefined {
  if (value === false) return undefined
  if (value === undefined || value === true) return {}
  refuseUnknownOptions('restoreBest', value, judgementNames)
  return value
}

function earlyStopping(value: EarlyStopping | undefined): EarlyStopping | undefined {
  if (value === undefined) return undefined
  refuseUnknownOptions('earlyStopping', value, earlyStoppingNames)
  atLeast(1, 'earlyStopping.patience', value.patience)
  const { minDelta = 0 } = value
  if (!(Number.isFinite(minDelta) && minDelta >= 0)) throw tfjsError('TFJS_OPTION', `earlyStopping.minDelta must be a number of at least 0, got ${String(minDelta)}.`)
  return value
}
