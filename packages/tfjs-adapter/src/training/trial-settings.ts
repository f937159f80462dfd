import { tfjsError } from '../error.ts'
import type { Optimizer } from '../tensorflow.ts'
import { checkLoss, metricNames } from './metric-names.ts'
import type { Loss, Metric, PerTrial, TfjsTrainerOptions } from './options.ts'
import { createOptimizer } from './optimizer.ts'

/** The options of a trainer for one trial's parameters. */
export interface TrialSettings {
  readonly epochs: number
  readonly batchSize: number
  readonly loss: Loss
  readonly metrics: readonly Metric[]
  /** In the order in which tfjs reports: the loss, then the metrics. */
  readonly names: readonly string[]
  /** Makes the optimiser; called when the model is there, since it holds tensors. */
  createOptimizer(): Optimizer
}

/** @throws AttuneError `TFJS_OPTION` for an option out of range. */
export function settingsFor<P>(options: TfjsTrainerOptions<P>, params: P): TrialSettings {
  const { tf } = options
  const metrics = resolve(options.metrics ?? [], params)
  if (!Array.isArray(metrics)) throw tfjsError('TFJS_OPTION', 'metrics must be a list, or a function of the parameters that returns one.')
  if (typeof options.loss === 'function' && options.loss.length > 1) throw tfjsError('TFJS_OPTION', 'loss is called with the parameters of a trial; for a loss function of your own write loss: () => myLoss.')
  const loss: unknown = typeof options.loss === 'function' ? options.loss(params) : options.loss
  checkLoss(loss)
  return {
    epochs: atLeastOne('epochs', resolve(options.epochs, params)),
    batchSize: atLeastOne('batchSize', resolve(options.batchSize ?? 32, params)),
    loss,
    metrics,
    names: metricNames(metrics),
    createOptimizer() {
      if (options.optimizer !== undefined && options.optimizer instanceof tf.Optimizer) throw tfjsError('TFJS_OPTION', 'An optimiser keeps the state of one training: give a function that makes it, optimizer: (params, tf) => tf.train.adagrad(params.learningRate).')
      const optimizer = typeof options.optimizer === 'function' ? options.optimizer(params, tf) : (options.optimizer ?? { type: 'adam', learningRate: 0.001 })
      return optimizer instanceof tf.Optimizer ? optimizer : createOptimizer(tf, optimizer)
    },
  }
}

function resolve<P, T>(value: PerTrial<P, T>, params: P): T {
  return typeof value === 'function' ? (value as (params: P) => T)(params) : value
}

function atLeastOne(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 1) return value
  throw tfjsError('TFJS_OPTION', `${name} must be a whole number of at least 1, got ${String(value)}.`)
}
