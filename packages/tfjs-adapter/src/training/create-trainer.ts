import type { Artifact, Report, Trainer, TrainerTrial } from '@attune/core'
import { artifactOf } from '../artifact.ts'
import type { PreparedSets } from '../data/batch-source.ts'
import { prepareSets } from '../data/prepare-sets.ts'
import { tfjsError } from '../error.ts'
import { explainFailure } from './failures.ts'
import { loopSettings } from './loop-settings.ts'
import { openRun } from './open-run.ts'
import type { TrainingOptions } from './options.ts'
import type { OpenProgram } from './training-program.ts'
import type { TrainingRun } from './training-run.ts'

/**
 * A trainer over any program: one loop for epochs, steps, validation, reports, checkpoints and stopping. It is exclusive: one trial at a
 * time in a process.
 */
export function createTrainer<P>(options: TrainingOptions<P>, open: OpenProgram<P>): Trainer<P> {
  const { tf, backend } = options
  if (typeof (tf as Partial<typeof tf> | undefined)?.getBackend !== 'function') throw tfjsError('TFJS_OPTION', "tf must be the TensorFlow.js namespace: import * as tf from '@tensorflow/tfjs'.")
  if (typeof (backend as Partial<typeof backend> | undefined)?.activate !== 'function') throw tfjsError('TFJS_OPTION', 'backend must be one of cpu(), wasm(), webgpu(), node(), nodeGpu().')

  // A promise: a trial that was given up while the data came must not leave a second copy of them behind.
  let prepared: Promise<PreparedSets> | undefined
  async function load(): Promise<PreparedSets> {
    return prepareSets(tf, typeof options.data === 'function' ? await options.data() : options.data)
  }
  function prepare(): Promise<PreparedSets> {
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
      const settings = loopSettings(options, trial.params)
      await backend.activate(tf)
      let run: TrainingRun | undefined
      let tensorsBefore = tf.memory().numTensors
      try {
        const data = await prepare()
        tensorsBefore = tf.memory().numTensors
        run = await openRun(tf, trial, settings, data, open)
        const current = run
        for await (const { step, metrics } of current.reports()) {
          backend.check?.()
          const pack = current.checkpoint()
          const checkpoint = (): Promise<Uint8Array> => {
            if (current.step !== step || current.underWay || pack === undefined) throw tfjsError('TFJS_CHECKPOINT', `The checkpoint of step ${step} was asked for after the next step began: ask before the next report is pulled.`)
            return pack()
          }
          yield { step, ...metrics, ...(pack === undefined ? {} : { checkpoint }) }
        }
        if (trial.signal.aborted) return undefined
        const { kind, bytes, about } = await current.finish()
        return artifactOf(tf, kind, bytes, { ...about, ...(await backend.describe(tf)), tfjs: tf.version_core }, { ...(trial.study === undefined ? {} : { study: trial.study }), trial: trial.number, parameters: trial.params })
      } catch (error) {
        // What a program awaits while it is opened ends by the same signal.
        if (trial.signal.aborted && (error === trial.signal.reason || (error instanceof Error && error.name === 'AbortError'))) return undefined
        throw explainFailure(error, { batchSize: settings.batchSize, backend: backend.name })
      } finally {
        run?.dispose()
        const left = tf.memory().numTensors - tensorsBefore
        if (left > 0) trial.warn(`This trial left ${left} tensor${left === 1 ? '' : 's'} in memory: dispose of what build(), losses and metrics create, or wrap it in tf.tidy().`)
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
