import type { BatchSource } from '../../data/batch-source.ts'
import { positionsFor } from '../../data/parts.ts'
import { messageOf, tfjsError } from '../../error.ts'
import type { LayersModel, Tensor, TensorFlow } from '../../tensorflow.ts'
import { perTrial } from '../loop-settings.ts'
import { checkLoss, checkMetricNames, metricName, prefixed } from '../metric-names.ts'
import { checkSmoothing, truthOf, type Truth } from './label-smoothing.ts'
import type { Loss, Metric, MetricFunction, ObjectiveOptions, PerOutput } from './options.ts'
import { checkTargets, lossForTargets } from './targets.ts'

/** What one output is trained for. */
export interface OutputObjective {
  readonly output: string
  /** Where its targets are in a batch. */
  readonly target: number
  readonly loss: Loss
  /** The forms of a batch's targets that the functions below want, made once and outside of any gradient. */
  readonly truthOf: (given: Tensor) => Truth
  /** What is learnt, of `truth.learnt`; on validation data, of `truth.judged`. */
  readonly compute: MetricFunction
  readonly weight: number
  readonly metrics: readonly { readonly name: string; readonly compute: (truth: Truth, prediction: Tensor) => Tensor }[]
  /** The name of its own loss among the metrics; undefined for a model's only output, whose loss is all there is. */
  readonly lossName: string | undefined
}

/** What a model is trained for. */
export interface ModelObjective {
  readonly outputs: readonly OutputObjective[]
  /** What is reported besides `loss`, in order. */
  readonly metrics: readonly string[]
}

/**
 * What the options say for this model and these data.
 * @throws AttuneError `TFJS_OPTION`, and `TFJS_DATA` for targets that do not fit.
 */
export function modelObjective<P>(tf: TensorFlow, options: ObjectiveOptions<P>, params: P, model: LayersModel, data: BatchSource): ModelObjective {
  if (typeof options.loss === 'function' && options.loss.length > 1) throw tfjsError('TFJS_OPTION', 'loss is called with the parameters of a trial; for a loss function of your own write loss: () => myLoss.')
  const names = outputNames(model)
  const targets = positionsFor(names, data.targetNames, data.targets.length, `${data.name}.y`)
  const asked = losses(typeof options.loss === 'function' ? options.loss(params) : options.loss, names)
  const chosen = asked.map((loss, index) => lossForTargets(loss, model.outputs[index]!.shape, data.targets[targets[index]!]!))
  for (const [index, loss] of chosen.entries()) checkTargets(loss, model.outputs[index]!.shape, data.targets[targets[index]!]!, names.length === 1 ? `${data.name}.y` : `${data.name}.y for "${names[index]}"`)
  const share = perTrial(options.labelSmoothing ?? 0, params)
  checkSmoothing(share, chosen)
  const weights = perTrial(options.lossWeights ?? {}, params)
  checkNames('lossWeights', weights, names)
  const metrics = metricsPerOutput(perTrial(options.metrics ?? [], params), names)
  const functions = resolveFunctions(tf, model, names, chosen, metrics)
  const several = names.length > 1
  const outputs = chosen.map((loss, index): OutputObjective => {
    const output = names[index]!
    return {
      output,
      target: targets[index]!,
      loss,
      truthOf: truthOf(tf, loss, model.outputs[index]!.shape.at(-1) ?? 1, share),
      compute: functions.losses[index]!,
      weight: lossWeight(output, weights[output] ?? 1),
      metrics: metrics[index]!.map((metric, position) => ({ name: several ? prefixed(output, metricName(metric)) : metricName(metric), compute: functions.metrics[index]![position]! })),
      lossName: several ? prefixed(output, 'loss') : undefined,
    }
  })
  const reported = [...outputs.flatMap(({ lossName }) => lossName ?? []), ...outputs.flatMap((output) => output.metrics.map(({ name }) => name))]
  checkMetricNames(reported)
  return { outputs, metrics: reported }
}

function outputNames(model: LayersModel): readonly string[] {
  const names = model.outputNames
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice === undefined) return names
  throw tfjsError('TFJS_MODEL', `What build() returned has two outputs of the layer "${twice}": give each output a layer of its own, with a name.`)
}

function losses(given: Loss | PerOutput<Loss>, names: readonly string[]): Loss[] {
  if (typeof given !== 'object' || given === null) {
    checkLoss(given)
    if (names.length > 1) throw tfjsError('TFJS_OPTION', `The model has the outputs ${names.join(', ')}: give a loss for each by these names, loss: { ${names.map((name) => `${name}: …`).join(', ')} }, and name the layers in build() (tfjs's own names change from trial to trial).`)
    return [given]
  }
  checkNames('loss', given, names)
  return names.map((name) => {
    const loss = given[name]
    if (loss === undefined) throw tfjsError('TFJS_OPTION', `loss has nothing for the output "${name}"; there are ${names.join(', ')}.`)
    checkLoss(loss)
    return loss
  })
}

function metricsPerOutput(given: readonly Metric[] | PerOutput<readonly Metric[]>, names: readonly string[]): (readonly Metric[])[] {
  if (isList(given)) return names.map(() => given)
  if (typeof given !== 'object' || given === null) throw tfjsError('TFJS_OPTION', 'metrics must be a list, or lists by the names of outputs, or a function of the parameters that returns them.')
  checkNames('metrics', given, names)
  return names.map((name) => {
    const own: unknown = given[name] ?? []
    if (!Array.isArray(own)) throw tfjsError('TFJS_OPTION', `metrics.${name} must be a list.`)
    return own as readonly Metric[]
  })
}

function isList(value: readonly Metric[] | PerOutput<readonly Metric[]>): value is readonly Metric[] {
  return Array.isArray(value)
}

function checkNames(option: string, given: PerOutput<unknown>, names: readonly string[]): void {
  const unknown = Object.keys(given).find((name) => !names.includes(name))
  if (unknown !== undefined) throw tfjsError('TFJS_OPTION', `${option} names the output "${unknown}", which the model does not have; there are ${names.join(', ')}.`)
}

function lossWeight(output: string, weight: number): number {
  if (Number.isFinite(weight) && weight >= 0) return weight
  throw tfjsError('TFJS_OPTION', `lossWeights.${output} must be a number of at least 0, got ${String(weight)}.`)
}

/** tfjs hands out what stands behind its names only to compiled models; so what it makes of them is what fit() would use. */
function resolveFunctions(tf: TensorFlow, model: LayersModel, names: readonly string[], chosen: readonly Loss[], metrics: readonly (readonly Metric[])[]): { readonly losses: readonly MetricFunction[]; readonly metrics: readonly (readonly OutputObjective['metrics'][number]['compute'][])[] } {
  metrics.flat().forEach(metricName)
  const optimizer = tf.train.sgd(1)
  const inner = model as unknown as { lossFunctions: MetricFunction[]; metricsTensors: [MetricFunction, number][]; optimizer_: unknown }
  try {
    model.compile({ optimizer, loss: [...chosen] as string[], metrics: Object.fromEntries(names.map((name, index) => [name, [...metrics[index]!]])) as never })
  } catch (cause) {
    throw tfjsError('TFJS_OPTION', `TensorFlow.js refuses loss or metrics: ${messageOf(cause)}`, { cause })
  } finally {
    optimizer.dispose()
    inner.optimizer_ = undefined
  }
  // With several outputs their losses come first.
  const resolved = inner.metricsTensors.slice(names.length > 1 ? names.length : 0)
  return {
    // For class indices their rows are made, which is all that the sparse form does besides.
    losses: inner.lossFunctions.map((compute, index) => (chosen[index] === 'sparseCategoricalCrossentropy' ? tf.metrics.categoricalCrossentropy : compute)),
    metrics: names.map((_, output) => resolved.filter((metric) => metric[1] === output).map(([compute], index): OutputObjective['metrics'][number]['compute'] => {
      // A function of the user's gets what the user gave.
      return typeof metrics[output]![index] === 'function' ? (truth, prediction) => compute(truth.given, prediction) : (truth, prediction) => compute(truth.numbers, prediction)
    })),
  }
}
