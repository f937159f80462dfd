import { AttuneError, type TrainerTrial } from '@attune/core'
import type { PreparedData } from '../data/training-data.ts'
import { messageOf, tfjsError } from '../error.ts'
import { checkpointTensors, packCheckpoint, readCheckpoint } from '../format/checkpoint-file.ts'
import { packModel } from '../format/model-file.ts'
import { assignWeights, requireSameShapes } from '../format/model-weights.ts'
import { epochPermutation, withSeededRandom } from '../keyed-random.ts'
import type { LayersModel, Optimizer, Tensor, TensorFlow } from '../tensorflow.ts'
import { bestEpochRule, BestWeights, cloneAll } from './best-epoch.ts'
import { dropoutSeeds, type DropoutSeeds } from './dropout-seeds.ts'
import { validationName } from './metric-names.ts'
import { checkModel, lossFor } from './model-check.ts'
import type { TfjsTrainerOptions } from './options.ts'
import { disposeOptimizer, optimizerState, restoreOptimizerState } from './optimizer.ts'
import type { TrialSettings } from './trial-settings.ts'

/** Metrics of one epoch by the names under which they are reported. */
export type EpochMetrics = { readonly [metric: string]: number }

/** One trial's model, optimiser and progress: everything that has to be saved, and disposed of. */
export class TrainingSession {
  readonly model: LayersModel
  /** Epochs done. */
  step: number = 0
  readonly #tf: TensorFlow
  readonly #optimizer: Optimizer
  readonly #data: PreparedData
  readonly #settings: TrialSettings
  readonly #seed: number
  readonly #shuffle: boolean
  readonly #dropout: DropoutSeeds
  readonly #best: BestWeights | undefined
  #lastMetrics: EpochMetrics | undefined

  private constructor(parts: { tf: TensorFlow; model: LayersModel; optimizer: Optimizer; data: PreparedData; settings: TrialSettings; seed: number; shuffle: boolean; best: BestWeights | undefined }) {
    this.#tf = parts.tf
    this.model = parts.model
    this.#optimizer = parts.optimizer
    this.#data = parts.data
    this.#settings = parts.settings
    this.#seed = parts.seed
    this.#shuffle = parts.shuffle
    this.#best = parts.best
    this.#dropout = dropoutSeeds(parts.model, parts.seed)
  }

  /** Builds, compiles and, if the trial has a checkpoint, restores. On failure nothing is left behind. */
  static async open<P>(options: TfjsTrainerOptions<P>, settings: TrialSettings, data: PreparedData, trial: TrainerTrial<P>): Promise<TrainingSession> {
    const { tf } = options
    const { seed } = trial
    const model: unknown = await withSeededRandom(seed, () => options.build(trial.params, tf, { seed }))
    let optimizer: Optimizer | undefined
    try {
      checkModel(tf, model, data)
      const loss = lossFor(settings.loss, model, data)
      const rule = bestEpochRule(options.restoreBest, data.validation === undefined ? settings.names : [...settings.names, ...settings.names.map(validationName)])
      optimizer = settings.createOptimizer()
      compile(model, optimizer, loss, settings)
      const session = new TrainingSession({ tf, model, optimizer, data, settings, seed, shuffle: options.shuffle ?? true, best: rule === undefined ? undefined : new BestWeights(rule) })
      if (session.#dropout.unseeded.length > 0) trial.warn(`TensorFlow.js cannot seed the noise of ${session.#dropout.unseeded.join(', ')}: this trial will not repeat exactly.`)
      if (trial.resumeFrom !== undefined) session.#restore(trial.resumeFrom.bytes, trial)
      return session
    } catch (error) {
      if (optimizer !== undefined) disposeOptimizer(tf, optimizer)
      if (model instanceof tf.LayersModel) model.dispose()
      throw error
    }
  }

  /** Trains one epoch; undefined if the signal ended it early. Looks at the signal before every batch. */
  async runEpoch(signal: AbortSignal): Promise<EpochMetrics | undefined> {
    const epoch = this.step + 1
    const { train, validation } = this.#data
    const tf = this.#tf
    const shuffled: Tensor[] = []
    try {
      if (this.#shuffle) shuffled.push(...shuffle(tf, [train.x, train.y], epochPermutation(train.x.shape[0] ?? 0, this.#seed, epoch)))
      const [x, y] = [shuffled[0] ?? train.x, shuffled[1] ?? train.y]
      const history = await this.model.fit(x, y, {
        epochs: 1,
        batchSize: this.#settings.batchSize,
        shuffle: false,
        verbose: 0,
        ...(validation === undefined ? {} : { validationData: [validation.x, validation.y] as [Tensor, Tensor] }),
        callbacks: {
          onBatchBegin: (batch: number) => {
            if (signal.aborted) this.model.stopTraining = true
            this.#dropout.beginBatch(epoch, batch)
          },
        },
      })
      if (signal.aborted) return undefined
      const metrics = this.#metricsOf(history.history)
      this.#requireNumbers(metrics, epoch)
      this.step = epoch
      this.#lastMetrics = metrics
      if (this.#best !== undefined) this.#best.offer(this.model, epoch, metrics[this.#best.metric] as number)
      return metrics
    } catch (error) {
      disposeTape(tf)
      throw kernelError(error) ?? error
    } finally {
      this.#dropout.restore()
      tf.dispose(shuffled)
    }
  }

  async checkpoint(): Promise<Uint8Array> {
    const best = this.#best
    const optimizer = this.#optimizer
    return packCheckpoint(this.#tf, {
      step: this.step,
      seed: this.#seed,
      weights: this.model.weights.map((weight) => weight.read()),
      optimizer: { className: optimizer.getClassName(), iterations: optimizer.iterations, entries: optimizerState(this.#tf, optimizer) },
      best: best === undefined || best.step === 0 ? undefined : { step: best.step, value: best.value, weights: best.step === this.step ? undefined : best.weights },
    })
  }

  /** The model of the best epoch (or the last), and what to say of it. Training cannot go on afterwards. */
  async finish(): Promise<{ readonly bytes: Uint8Array; readonly step: number; readonly best: { readonly metric: string; readonly value: number } | undefined }> {
    const best = this.#best === undefined || this.#best.step === 0 ? undefined : this.#best
    best?.restoreTo(this.model)
    return { bytes: await packModel(this.#tf, this.model), step: best?.step ?? this.step, best: best === undefined ? undefined : { metric: best.metric, value: best.value } }
  }

  dispose(): void {
    this.#best?.dispose()
    disposeOptimizer(this.#tf, this.#optimizer)
    this.model.dispose()
  }

  #metricsOf(history: { readonly [key: string]: readonly unknown[] }): EpochMetrics {
    const entries = this.#settings.names.flatMap((name, index): [string, number][] => {
      const key = this.model.metricsNames[index] as string
      const own: [string, number] = [name, history[key]?.[0] as number]
      return this.#data.validation === undefined ? [own] : [own, [validationName(name), history[`val_${key}`]?.[0] as number]]
    })
    return Object.fromEntries(entries)
  }

  #requireNumbers(metrics: EpochMetrics, epoch: number): void {
    const broken = ['loss', 'valLoss'].find((name) => Number.isNaN(metrics[name]))
    if (broken === undefined) return
    const last = this.#lastMetrics
    const before = last === undefined ? 'It was so from the first epoch that this attempt trained.' : `The last good values, at step ${this.step}: ${Object.entries(last).map(([name, value]) => `${name} ${Number(value.toPrecision(6))}`).join(', ')}.`
    throw new AttuneError('INVALID_METRIC', `Training diverged: ${broken} is NaN at step ${epoch}. ${before} A smaller learning rate usually helps.`, { details: { metric: broken, step: epoch, lastStep: this.step, lastMetrics: last } })
  }

  #restore(bytes: Uint8Array, trial: TrainerTrial): void {
    const tf = this.#tf
    const checkpoint = readCheckpoint(tf, bytes)
    try {
      requireSameShapes(this.model, checkpoint.weights)
      assignWeights(this.model, checkpoint.weights)
      const { className, entries, iterations } = checkpoint.optimizer
      if (className !== this.#optimizer.getClassName() || !restoreOptimizerState(tf, this.#optimizer, entries, iterations)) {
        trial.warn(`The checkpoint holds the state of the optimiser ${className}, this trial uses ${this.#optimizer.getClassName()}: its weights are taken over, the optimiser starts afresh.`)
      }
      this.step = checkpoint.step
      if (this.#best !== undefined && checkpoint.best !== undefined) this.#best.keep(checkpoint.best.step, checkpoint.best.value, cloneAll(tf, checkpoint.best.weights ?? checkpoint.weights))
    } finally {
      tf.dispose(checkpointTensors(checkpoint))
    }
  }
}

function compile(model: LayersModel, optimizer: Optimizer, loss: TrialSettings['loss'], settings: TrialSettings): void {
  try {
    model.compile({ optimizer, loss, metrics: [...settings.metrics] })
  } catch (cause) {
    throw tfjsError('TFJS_OPTION', `TensorFlow.js refuses loss or metrics: ${messageOf(cause)}`, { cause })
  }
  if (new Set(model.metricsNames).size !== model.metricsNames.length) throw tfjsError('TFJS_OPTION', `Two metrics are the same to TensorFlow.js: ${settings.names.join(', ')}.`)
}

function shuffle(tf: TensorFlow, tensors: readonly Tensor[], order: Int32Array): Tensor[] {
  const indices = tf.tensor1d(order, 'int32')
  try {
    return tensors.map((tensor) => tf.gather(tensor, indices))
  } finally {
    indices.dispose()
  }
}

/** tfjs keeps what a gradient needs until it has been computed, and so for ever if that fails. */
function disposeTape(tf: TensorFlow): void {
  const { state } = tf.engine() as unknown as { readonly state?: { readonly activeTape?: readonly { readonly saved?: readonly (Tensor | null)[] }[] | null } }
  for (const { saved } of state?.activeTape ?? []) for (const tensor of saved ?? []) tensor?.dispose()
}

function kernelError(error: unknown): Error | undefined {
  const [, kernel, backend] = /Kernel '(\w+)' not registered for backend '(\w+)'/.exec(messageOf(error)) ?? []
  if (kernel === undefined) return undefined
  return tfjsError('TFJS_KERNEL', `The backend "${backend}" has no kernel ${kernel}, which this model needs for training. Use node() (npm install @tensorflow/tfjs-node) or cpu(), or another layer.`, { cause: error, details: { kernel, backend } })
}
