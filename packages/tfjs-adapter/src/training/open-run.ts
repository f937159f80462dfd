import type { TrainerTrial } from '@attune/core'
import { checkpointTensors, readCheckpoint } from '../format/checkpoint-file.ts'
import { assignWeights } from '../format/model-weights.ts'
import type { PreparedSets } from '../data/batch-source.ts'
import { tfjsError } from '../error.ts'
import { createSchedule } from '../schedules/create-schedule.ts'
import type { TrainingLength } from '../schedules/rate-schedule.ts'
import type { TensorFlow } from '../tensorflow.ts'
import { BestWeights } from './best-weights.ts'
import { EarlyStop } from './early-stop.ts'
import { KeptCheckpoints } from './kept-checkpoints.ts'
import type { LoopSettings } from './loop-settings.ts'
import { validationName } from './metric-names.ts'
import type { OpenProgram, TrainingProgram } from './training-program.ts'
import type { TrainingParts } from './training-parts.ts'
import { TrainingRun } from './training-run.ts'

/** Opens what a trial trains, and puts it back to where its checkpoint was taken, if it has one. On failure nothing is left in memory. */
export async function openRun<P>(tf: TensorFlow, trial: TrainerTrial<P>, settings: LoopSettings, data: PreparedSets, open: OpenProgram<P>): Promise<TrainingRun> {
  const program = await open({ tf, trial, data })
  let parts: TrainingParts | undefined
  try {
    parts = partsOf(tf, trial, program, settings, data)
    const run = new TrainingRun(parts, trial)
    if (trial.resumeFrom !== undefined) restore(tf, run, parts, trial, trial.resumeFrom.bytes)
    return run
  } catch (error) {
    parts?.best?.dispose()
    parts?.optimizer.dispose()
    program.dispose()
    throw error
  }
}

function partsOf(tf: TensorFlow, trial: TrainerTrial, program: TrainingProgram, settings: LoopSettings, data: PreparedSets): TrainingParts {
  const best = settings.restoreBest === undefined ? undefined : new BestWeights(tf, settings.restoreBest)
  const stopping = settings.earlyStopping === undefined ? undefined : new EarlyStop(settings.earlyStopping)
  const names = program.metrics === undefined ? undefined : ['loss', ...program.metrics]
  const reported = names === undefined || data.validation === undefined ? names : [...names, ...[...names, ...(program.validationMetrics ?? [])].map(validationName)]
  if (reported !== undefined) for (const { judge } of [best, stopping].filter((part) => part !== undefined)) judge.metricOf(reported)
  const kept = new KeptCheckpoints(trial, settings)
  const { optimizer, rate } = settings.openOptimizer()
  try {
    const schedule = createSchedule(settings.schedule, rate, lengthOf(settings, data))
    if (reported !== undefined) schedule.follows?.(reported)
    return { tf, program, optimizer, schedule, data, settings, best, stopping, kept }
  } catch (error) {
    optimizer.dispose()
    throw error
  }
}

function lengthOf({ epochs, batchSize, accumulate, schedule, stepsPerEpoch }: LoopSettings, { train }: PreparedSets): TrainingLength {
  if (stepsPerEpoch !== undefined) return { epochs, stepsPerEpoch }
  if (train.samples !== undefined) return { epochs, stepsPerEpoch: Math.ceil(Math.ceil(train.samples / batchSize) / accumulate) }
  if (schedule.type === 'constant' || schedule.type === 'plateau') {
    if (schedule.warmup === undefined || 'steps' in schedule.warmup) return { epochs, stepsPerEpoch: 1 }
  }
  throw tfjsError('TFJS_OPTION', `The schedule "${schedule.type}" has to know how long training will be, and ${train.name} is a stream: give stepsPerEpoch, the steps of the optimiser in an epoch.`)
}

function restore(tf: TensorFlow, run: TrainingRun, parts: TrainingParts, trial: TrainerTrial, bytes: Uint8Array): void {
  const { program, optimizer, schedule, stopping, best, kept, settings, data } = parts
  const state = readCheckpoint(tf, bytes)
  try {
    assignWeights(program.weights, state.weights)
    if (!optimizer.restore(state.optimizer)) {
      trial.warn(`The checkpoint holds the state of the optimiser ${state.optimizer.id}, this trial uses ${optimizer.id}: its weights are taken over, the optimiser starts afresh.`)
    }
    if (state.schedule !== null && schedule.state() !== null) schedule.restore(state.schedule)
    if (stopping !== undefined && state.stopping !== undefined) stopping.restore(state.stopping)
    if (best !== undefined && state.best !== undefined) best.keep({ step: state.best.step, metric: state.best.metric, value: state.best.value }, state.best.tensors ?? state.weights.map(({ tensor }) => tensor))
    kept.restore(state.kept)
    const { position } = state
    // A fork may have batches of another size: it goes on at the first that has samples not yet seen.
    const batches = state.batchSize === settings.batchSize || data.train.samples === undefined ? position.batches : Math.floor(position.samples / settings.batchSize)
    run.resume({ ...state, position: { ...position, batches } })
  } finally {
    tf.dispose(checkpointTensors(state))
  }
}
