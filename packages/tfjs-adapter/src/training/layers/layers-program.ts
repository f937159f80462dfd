import type { Json } from '@attune/core'
import { TFJS_MODEL_KIND } from '../../artifact.ts'
import type { Batch, BatchSource } from '../../data/batch-source.ts'
import { tfjsError } from '../../error.ts'
import { packModel } from '../../format/model-file.ts'
import { seedFor } from '../../keyed-random.ts'
import type { TrainableWeight } from '../../optimizers/step-optimizer.ts'
import type { Layer, LayersModel, Scalar, Tensor, TensorFlow } from '../../tensorflow.ts'
import { gradientsOf } from '../gradients-of.ts'
import type { BatchGradients, BatchPosition, BatchScores, ProgramContext, TrainingProgram } from '../training-program.ts'
import { checkModel, inputPositions } from './check-model.ts'
import { disposeModel } from './dispose-model.ts'
import { layerWeights, trainableWeight, type LayerWeight } from './layer-weights.ts'
import { disposeStates, recurrentMasks, withoutOwnSeeds } from './noise.ts'
import { modelObjective, type ModelObjective } from './objective.ts'
import type { Truth } from './label-smoothing.ts'
import type { ObjectiveOptions } from './options.ts'
import { checkTargets } from './targets.ts'

/** What a trainer that trains layers models in a way of its own may decide. */
export interface LayersProgramOptions<P> {
  /** Not compiled; the program disposes of it, also when it cannot be opened. */
  readonly model: LayersModel
  readonly objective: ObjectiveOptions<P>
  /**
   * The weights that learn in an epoch (from 1), and how fast; called once an epoch. Default: those of layers that are trainable, each as
   * `trainableWeight` makes it. `weights` are all weights of the model, those of frozen layers included: what is listed learns, whatever
   * `layer.trainable` says.
   */
  readonly trainable?: (epoch: number, weights: readonly LayerWeight[]) => readonly TrainableWeight[]
  /**
   * Layers that run in an epoch as when predicting while the others train: batch normalisations then use their statistics, and keep them. Called once an
   * epoch. Default: none.
   */
  readonly frozenStatistics?: (epoch: number) => readonly Layer[]
  /** Gives the model's outputs for a batch, where they need not be computed from its inputs; `training` is false for validation data. Synchronous, in a `tf.tidy`. */
  readonly outputs?: (batch: Batch, training: boolean) => readonly Tensor[]
  /**
   * What is learnt instead of the objective's loss, which goes on judging the validation data: a scalar, differentiable in the outputs (one
   * for each of the model's, as batches have targets). Penalties of regularisers are added to it.
   */
  readonly loss?: (batch: Batch, outputs: readonly Tensor[]) => Scalar
  /**
   * What is reported of each batch besides the objective's metrics: a mean over its samples for each of `names`. Where there are validation data,
   * of these alone: many small operations would cost a small network much of each step.
   */
  readonly scores?: { readonly names: readonly string[]; readonly of: (batch: Batch, outputs: readonly Tensor[]) => readonly Scalar[] }
}

/**
 * The program that trains a layers model: with `training: true`, and so with batch statistics that move as in fit(), and with the penalties of
 * regularisers in the loss. Constraints, which fit() passes over, are kept.
 * @throws AttuneError `TFJS_MODEL`, `TFJS_DATA`, `TFJS_OPTION`; then the model is disposed of.
 */
export function openLayersProgram<P>(context: ProgramContext<P>, options: LayersProgramOptions<P>): TrainingProgram {
  const { tf, trial, data } = context
  const { model } = options
  try {
    const functional = checkModel(tf, model)
    const fit = (set: BatchSource): Fitting => ({ inputs: inputPositions(functional, set), objective: modelObjective(tf, options.objective, trial.params, functional, set) })
    const train = fit(data.train)
    const program = new LayersProgram(tf, trial.seed, options, functional, train, data.validation === undefined ? train : fit(data.validation))
    if (program.trainable(1).length === 0) throw tfjsError('TFJS_MODEL', 'What build() returned has no weights that can be trained.')
    return program
  } catch (error) {
    if (model instanceof tf.LayersModel) {
      disposeStates(model)
      disposeModel(model)
    }
    throw error
  }
}

/** How a data set meets the model. */
interface Fitting {
  readonly inputs: readonly number[]
  readonly objective: ModelObjective
}

class LayersProgram implements TrainingProgram {
  readonly metrics: readonly string[]
  readonly validationMetrics: readonly string[]
  readonly weights: readonly LayerWeight[]
  readonly topology: Json
  readonly about: { readonly [key: string]: number }
  readonly #tf: TensorFlow
  readonly #seed: number
  readonly #options: LayersProgramOptions<never>
  readonly #functional: LayersModel
  readonly #train: Fitting
  readonly #judged: Fitting
  readonly #constrained: readonly LayerWeight[]
  readonly #restoreSeeds: () => void
  readonly #disposeMasks: () => void
  #thaw: () => void = () => undefined
  #epoch = 0
  #trainable: readonly TrainableWeight[] = []

  constructor(tf: TensorFlow, seed: number, options: LayersProgramOptions<never>, functional: LayersModel, train: Fitting, judged: Fitting) {
    const { model } = options
    this.#tf = tf
    this.#seed = seed
    this.#options = options
    this.#functional = functional
    this.#train = train
    this.#judged = judged
    const scores = options.scores?.names ?? []
    this.metrics = [...train.objective.metrics, ...(judged === train ? scores : [])]
    this.validationMetrics = judged === train ? [] : scores
    this.weights = layerWeights(model)
    this.#constrained = this.weights.filter(({ constraint }) => constraint !== undefined)
    this.topology = model.toJSON(undefined, false)
    this.about = { parameters: model.countParams() }
    this.#restoreSeeds = withoutOwnSeeds([model])
    this.#disposeMasks = recurrentMasks([model])
  }

  trainable(epoch: number): readonly TrainableWeight[] {
    if (epoch !== this.#epoch) {
      this.#epoch = epoch
      this.#thaw()
      this.#thaw = freezeStatistics(this.#options.frozenStatistics?.(epoch) ?? [])
      this.#trainable = this.#options.trainable?.(epoch, this.weights) ?? this.#ofTrainableLayers()
      // tfjs gives gradients only of variables that say they are trainable.
      const learning = new Set(this.#trainable.map(({ variable }) => variable))
      for (const { variable } of this.weights) variable.trainable = learning.has(variable)
    }
    return this.#trainable
  }

  gradients(batch: Batch, { epoch, batch: index }: BatchPosition): BatchGradients {
    const trainable = this.trainable(epoch)
    this.#checkStream(batch, this.#train)
    const tf = this.#tf
    const { inputs, objective } = this.#train
    let [truths, outputs, losses]: [readonly Truth[], readonly Tensor[], readonly Scalar[]] = [[], [], []]
    try {
      return gradientsOf(tf, trainable, seedFor(this.#seed, index, `batch.${epoch}`), {
        prepare: () => {
          truths = objective.outputs.map(({ truthOf, target }) => truthOf(batch.targets[target]!))
        },
        forward: () => {
          outputs = this.#outputs(batch, inputs, true)
          const own = this.#options.loss?.(batch, outputs)
          // Of several outputs, the losses are reported one by one.
          if (own === undefined || outputs.length > 1) losses = objective.outputs.map(({ compute }, output) => tf.mean<Scalar>(compute(truths[output]!.learnt, outputs[output]!)))
          let loss = own ?? this.#total(objective, losses)
          for (const penalty of this.#functional.calculateLosses()) loss = tf.add(loss, penalty)
          // A batch that is its own output lives longer than this.
          return { loss, kept: [...outputs.filter((output) => !batch.inputs.includes(output)), ...(losses.length > 1 ? losses : [])] }
        },
        scores: () => this.#scores(objective, truths, losses, batch, outputs, true),
      })
    } finally {
      this.#disposeMasks()
    }
  }

  evaluate(batch: Batch): BatchScores {
    const tf = this.#tf
    this.#checkStream(batch, this.#judged)
    const { inputs, objective } = this.#judged
    return tf.tidy(() => {
      const outputs = this.#outputs(batch, inputs, false)
      const truths = objective.outputs.map(({ truthOf, target }) => truthOf(batch.targets[target]!))
      const losses = objective.outputs.map(({ compute }, index) => tf.mean<Scalar>(compute(truths[index]!.judged, outputs[index]!)))
      return { loss: this.#total(objective, losses), ...this.#scores(objective, truths, losses, batch, outputs, false) }
    })
  }

  afterStep(): void {
    const tf = this.#tf
    // What does not learn stays as it is to the last bit.
    for (const { variable, constraint } of this.#constrained) if (variable.trainable) tf.tidy(() => variable.assign(constraint!.apply(variable)))
  }

  async pack(): Promise<{ readonly kind: string; readonly bytes: Uint8Array }> {
    this.#restoreSeeds()
    return { kind: TFJS_MODEL_KIND, bytes: await packModel(this.#tf, this.#options.model) }
  }

  dispose(): void {
    this.#restoreSeeds()
    this.#thaw()
    this.#disposeMasks()
    disposeModel(this.#options.model)
  }

  #ofTrainableLayers(): TrainableWeight[] {
    const learning = new Set<Tensor>(this.#options.model.trainableWeights.map((weight) => weight.read()))
    return this.weights.filter(({ variable }) => learning.has(variable)).map(trainableWeight)
  }

  #outputs(batch: Batch, inputs: readonly number[], training: boolean): readonly Tensor[] {
    return this.#options.outputs?.(batch, training) ?? (this.#functional.call(inputs.map((position) => batch.inputs[position]!), { training }) as Tensor[])
  }

  #scores({ outputs: objectives }: ModelObjective, truths: readonly Truth[], losses: readonly Scalar[], batch: Batch, outputs: readonly Tensor[], training: boolean): { [name: string]: Scalar } {
    const tf = this.#tf
    const scores: { [name: string]: Scalar } = {}
    for (const [index, { lossName }] of objectives.entries()) if (lossName !== undefined) scores[lossName] = tf.clone(losses[index]!)
    for (const [index, { metrics }] of objectives.entries()) {
      for (const { name, compute } of metrics) scores[name] = tf.mean(compute(truths[index]!, outputs[index]!))
    }
    const { scores: more } = this.#options
    if (more !== undefined && (!training || this.#judged === this.#train)) for (const [index, value] of more.of(batch, outputs).entries()) scores[more.names[index]!] = value
    return scores
  }

  #total({ outputs }: ModelObjective, losses: readonly Scalar[]): Scalar {
    const tf = this.#tf
    return losses.map((loss, index): Scalar => (outputs[index]!.weight === 1 ? loss : tf.mul(loss, outputs[index]!.weight))).reduce((sum, loss) => tf.add(sum, loss))
  }

  #checkStream({ targetFacts }: Batch, { objective }: Fitting): void {
    if (targetFacts === undefined) return
    for (const [index, { loss, target, output }] of objective.outputs.entries()) checkTargets(loss, this.#functional.outputs[index]!.shape, targetFacts[target]!, objective.outputs.length === 1 ? 'this batch' : `this batch for "${output}"`)
  }
}

/** Layers that are called as when predicting, whatever the model is called for. Returns what makes them ordinary again. */
function freezeStatistics(layers: readonly Layer[]): () => void {
  for (const layer of layers) {
    const call = layer.call.bind(layer)
    layer.call = (inputs, kwargs) => call(inputs, { ...kwargs, training: false })
  }
  return () => {
    for (const layer of layers) delete (layer as Partial<Pick<Layer, 'call'>>).call
  }
}
