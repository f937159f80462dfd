import type { Artifact, Report, Trainer, TrainerTrial } from '@attune/core'
import { tfjsArtifact } from './artifact.ts'
import { prepareData } from './data/prepare-data.ts'
import type { PreparedData } from './data/training-data.ts'
import { tfjsError } from './error.ts'
import type { TfjsTrainerOptions } from './training/options.ts'
import { TrainingSession } from './training/session.ts'
import { settingsFor } from './training/trial-settings.ts'

/**
 * Trains layers models of TensorFlow.js. Reports `{ step, loss, valLoss, …metrics }` once an epoch, each with a whole
 * checkpoint on demand; returns the model of the best epoch. The same trial seed gives the same numbers, whether a trial
 * runs through or is stopped and restored at any epoch. Exclusive: one trial at a time in a process.
 * @throws AttuneError while training: `TFJS_OPTION`, `TFJS_DATA`, `TFJS_MODEL`, `TFJS_BACKEND`, `TFJS_KERNEL`, `TFJS_CHECKPOINT`,
 * `TFJS_FORMAT`, and `INVALID_METRIC` when the loss becomes NaN.
 */
export function tfjsTrainer<P>(options: TfjsTrainerOptions<P>): Trainer<P> {
  const { tf, backend } = options
  if (typeof (tf as Partial<typeof tf> | undefined)?.getBackend !== 'function') throw tfjsError('TFJS_OPTION', "tf must be the TensorFlow.js namespace: import * as tf from '@tensorflow/tfjs'.")
  if (typeof (backend as Partial<typeof backend> | undefined)?.activate !== 'function') throw tfjsError('TFJS_OPTION', 'backend must be one of cpu(), wasm(), webgpu(), node(), nodeGpu().')

  // A promise: a trial that was given up while the data came must not leave a second copy of them behind.
  let prepared: Promise<PreparedData> | undefined
  async function load(): Promise<PreparedData> {
    return prepareData(tf, typeof options.data === 'function' ? await options.data() : options.data)
  }
  function prepare(): Promise<PreparedData> {
    if (prepared !== undefined) return prepared
    const loading = load()
    prepared = loading
    loading.catch(() => {
      // The next trial tries again.
      if (prepared === loading) prepared = undefined
    })
    return loading
  }

  return {
    specVersion: 'v1',
    id: `tfjs-${backend.name}`,
    concurrency: 'exclusive',
    ...(options.inputs === undefined ? {} : { inputs: options.inputs }),

    async *train(trial: TrainerTrial<P>): AsyncGenerator<Report, Artifact | undefined, void> {
      const settings = settingsFor(options, trial.params)
      await backend.activate(tf)
      const data = await prepare()
      const tensorsBefore = tf.memory().numTensors
      let session: TrainingSession | undefined
      let failed = false
      try {
        session = await TrainingSession.open(options, settings, data, trial)
        const current = session
        const lastStep = Math.min(settings.epochs, trial.toStep ?? settings.epochs)
        while (current.step < lastStep) {
          if (trial.signal.aborted) return undefined
          const metrics = await current.runEpoch(trial.signal)
          if (metrics === undefined) return undefined
          const step = current.step
          yield {
            step,
            ...metrics,
            checkpoint: () => {
              if (current.step !== step) throw tfjsError('TFJS_CHECKPOINT', `The checkpoint of step ${step} was asked for after step ${current.step} began: ask before the next report is pulled.`)
              return current.checkpoint()
            },
          }
        }
        const { bytes, step, best } = await current.finish()
        return tfjsArtifact(tf, bytes, {
          epoch: step,
          ...(best === undefined ? {} : { [best.metric]: best.value }),
          parameters: current.model.countParams(),
          backend: backend.name,
          tfjs: tf.version_core,
        })
      } catch (error) {
        failed = true
        throw error
      } finally {
        session?.dispose()
        const left = tf.memory().numTensors - tensorsBefore
        const reason = failed ? ' TensorFlow.js itself keeps one or two when a batch fails.' : ''
        if (left > 0) trial.warn(`This trial left ${left} tensor${left === 1 ? '' : 's'} in memory: dispose of what build(), losses and metrics create, or wrap it in tf.tidy().${reason}`)
      }
    },

    release() {
      // Data that are still on their way are freed when they come; that they do not come was told to the trial.
      prepared?.then(
        (data) => data.dispose(),
        () => undefined,
      )
      prepared = undefined
    },
  }
}
