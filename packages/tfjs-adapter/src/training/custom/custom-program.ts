import type { Json } from '@attune/core'
import { TFJS_MODEL_KIND, TFJS_WEIGHTS_KIND } from '../../artifact.ts'
import type { Batch } from '../../data/batch-source.ts'
import { tfjsError } from '../../error.ts'
import { packModel } from '../../format/model-file.ts'
import { packWeights } from '../../format/weights-file.ts'
import { seedFor, withSeededRandom } from '../../keyed-random.ts'
import type { TrainableWeight } from '../../optimizers/step-optimizer.ts'
import type { LayersModel, Scalar, Tensor, TensorFlow } from '../../tensorflow.ts'
import { creating } from '../creating.ts'
import { gradientsOf } from '../gradients-of.ts'
import { layerWeights } from '../layers/layer-weights.ts'
import { recurrentMasks, withoutOwnSeeds } from '../layers/noise.ts'
import { checkMetricNames } from '../metric-names.ts'
import type { BatchGradients, BatchPosition, BatchScores, ProgramContext, ProgramWeight, TrainingProgram } from '../training-program.ts'
import type { CustomTrainerOptions, StepResult } from './options.ts'
import { disposeContents, stateContents, trainableWeights, type StateContents } from './state-weights.ts'

/** Opens what a user's `init` makes. @throws AttuneError `TFJS_MODEL` for a state without anything to train. */
export async function openCustomProgram<P, S>({ tf, trial }: ProgramContext<P>, options: CustomTrainerOptions<P, S>): Promise<TrainingProgram> {
  const { params, seed } = trial
  const state = await creating(tf, seed, () => options.init(params, tf, { seed }), (made) => stateContents(tf, made).tensors)
  const contents = stateContents(tf, state)
  try {
    if (!contents.weights.some(({ variable }) => variable.trainable)) throw tfjsError('TFJS_MODEL', 'What init() returned has nothing to train: put tf.variable(…), layers models or built layers into it, as properties of plain objects and lists.')
    return new CustomProgram(tf, seed, params, options, state, contents)
  } catch (error) {
    disposeContents(tf, contents)
    throw error
  }
}

class CustomProgram<P, S> implements TrainingProgram {
  readonly metrics = undefined
  readonly weights: readonly ProgramWeight[]
  readonly topology: Json | undefined
  readonly about: { readonly [key: string]: number }
  readonly #tf: TensorFlow
  readonly #seed: number
  readonly #params: P
  readonly #options: CustomTrainerOptions<P, S>
  readonly #state: S
  readonly #contents: StateContents
  readonly #model: LayersModel | undefined
  readonly #trainable: readonly TrainableWeight[]
  readonly #restoreSeeds: () => void
  readonly #disposeMasks: () => void
  #epoch = 1
  #names: string | undefined

  constructor(tf: TensorFlow, seed: number, params: P, options: CustomTrainerOptions<P, S>, state: S, contents: StateContents) {
    this.#tf = tf
    this.#seed = seed
    this.#params = params
    this.#options = options
    this.#state = state
    this.#contents = contents
    this.#model = options.model?.(state)
    if (this.#model !== undefined && !contents.models.includes(this.#model)) throw tfjsError('TFJS_OPTION', 'model() must return a layers model that is in the state, as it was made by init().')
    const names = new Map((this.#model === undefined ? [] : layerWeights(this.#model)).map(({ variable, name }) => [variable, name]))
    this.weights = contents.weights.map(({ key, variable }) => ({ key, name: names.get(variable), variable }))
    this.topology = this.#model?.toJSON(undefined, false)
    this.about = { parameters: contents.weights.reduce((sum, { variable }) => sum + variable.size, 0) }
    this.#trainable = trainableWeights(contents.weights)
    this.#restoreSeeds = withoutOwnSeeds(contents.models)
    this.#disposeMasks = recurrentMasks(contents.models)
  }

  trainable(): readonly TrainableWeight[] {
    return this.#trainable
  }

  gradients(batch: Batch, { epoch, batch: index }: BatchPosition): BatchGradients {
    this.#epoch = epoch
    try {
      let metrics: { readonly [name: string]: Tensor } = {}
      return gradientsOf(this.#tf, this.#trainable, seedFor(this.#seed, index, `batch.${epoch}`), {
        forward: () => {
          const { loss, ...others } = this.#step(batch, true, seedFor(this.#seed, index, `step.${epoch}`))
          metrics = others
          return { loss, kept: Object.values(others) }
        },
        scores: () => this.#means(metrics),
      })
    } finally {
      this.#disposeMasks()
    }
  }

  evaluate(batch: Batch): BatchScores {
    const seed = seedFor(this.#seed, batch.indices?.[0] ?? 0, 'judge')
    return withSeededRandom(seed, () => this.#tf.tidy(() => this.#means(this.#step(batch, false, seed))))
  }

  async pack(): Promise<{ readonly kind: string; readonly bytes: Uint8Array }> {
    this.#restoreSeeds()
    if (this.#model !== undefined) return { kind: TFJS_MODEL_KIND, bytes: await packModel(this.#tf, this.#model) }
    return { kind: TFJS_WEIGHTS_KIND, bytes: await packWeights(this.#tf, this.weights.map(({ key, variable }) => ({ name: key, tensor: variable }))) }
  }

  dispose(): void {
    this.#restoreSeeds()
    this.#disposeMasks()
    disposeContents(this.#tf, this.#contents)
  }

  /** What the user's step answers, checked; metrics are tensors of its own, not yet averaged. */
  #step(batch: Batch, training: boolean, seed: number): { readonly loss: Scalar; readonly [name: string]: Tensor } {
    const tf = this.#tf
    const { inputs, targets, size, indices } = batch
    const given = { inputs, targets, size, indices, x: inputs[0] as Tensor, y: targets[0] as Tensor }
    const result: Partial<StepResult> | Promise<unknown> | undefined = this.#options.step(this.#state, given, { params: this.#params, tf, training, epoch: this.#epoch, seed })
    if (result instanceof Promise) {
      result.catch(() => undefined) // Whatever becomes of it, the reason is told below.
      throw tfjsError('TFJS_OPTION', 'step() is asynchronous: the gradient follows what it does only until its first await. Do what has to be awaited in init() or in the data.')
    }
    const { loss, metrics = {} } = Object(result) as Partial<StepResult>
    if (!(loss instanceof tf.Tensor) || loss.rank !== 0) throw tfjsError('TFJS_OPTION', `step() must return { loss }, a scalar tensor of this tf; got ${loss instanceof tf.Tensor ? `one of shape [${loss.shape.join(', ')}]: take its mean` : typeof loss}.`)
    this.#checkNames(Object.keys(metrics))
    const scores = Object.entries(metrics).map(([name, value]): [string, Tensor] => {
      if (typeof value === 'number') return [name, tf.scalar(value)]
      if (!(value instanceof tf.Tensor)) throw tfjsError('TFJS_OPTION', `step() returned the metric "${name}" as ${typeof value}: give a tensor of this tf, or a number.`)
      return [name, tf.clone(value)]
    })
    return { loss: loss as Scalar, ...Object.fromEntries(scores) }
  }

  #means(values: { readonly [name: string]: Tensor }): { [name: string]: Scalar } {
    return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, this.#tf.mean<Scalar>(value)]))
  }

  #checkNames(names: readonly string[]): void {
    const all = names.join(', ')
    if (this.#names === undefined) {
      checkMetricNames(names)
      this.#names = all
    }
    if (all !== this.#names) throw tfjsError('TFJS_OPTION', `step() returned the metrics ${all || 'none'} for this batch, and ${this.#names || 'none'} for those before: give the same for every batch, in training and validation.`)
  }
}
