import type { PreparedData } from '../data/training-data.ts'
import { tfjsError } from '../error.ts'
import type { LayersModel, TensorFlow } from '../tensorflow.ts'
import { lossName } from './metric-names.ts'
import type { Loss } from './options.ts'

/**
 * Refuses what cannot be trained with these data, before tfjs does so in words of its own.
 * @throws AttuneError `TFJS_MODEL`, `TFJS_DATA`.
 */
export function checkModel(tf: TensorFlow, model: unknown, data: PreparedData): asserts model is LayersModel {
  if (!(model instanceof tf.LayersModel)) throw modelError('is no layers model of this tf: return tf.sequential(…) or tf.model(…), made with the tf that build gets')
  if ((model.optimizer as unknown) !== undefined && (model.optimizer as unknown) !== null) {
    throw modelError('is compiled: the trainer owns optimiser, loss and metrics, so that parameters can choose them and checkpoints hold their state. Leave compile() out and pass them to tfjsTrainer()')
  }
  if (!Array.isArray(model.inputs) || model.inputs.length === 0) throw modelError('has no input shape: give its first layer an inputShape')
  if (model.inputs.length !== 1 || model.outputs.length !== 1) throw modelError(`has ${model.inputs.length} inputs and ${model.outputs.length} outputs: one of each is supported`)
  if (model.trainableWeights.length === 0) throw modelError('has no weights that can be trained')
  requireShape('input', model.inputs[0]!.shape, 'x', data.train.x.shape)
}

/** The loss to compile with: for class indices, the sparse form of the cross-entropy over classes. */
export function lossFor(loss: Loss, model: LayersModel, data: PreparedData): Loss {
  const output = model.outputs[0]!.shape
  const classes = output.at(-1) ?? 0
  const { train, validation } = data
  const chosen = loss === 'categoricalCrossentropy' && train.singleNumber && classes !== 1 ? 'sparseCategoricalCrossentropy' : loss
  if (chosen === 'sparseCategoricalCrossentropy') {
    const largest = Math.max(train.largestTarget, validation?.largestTarget ?? 0)
    if (!train.singleNumber) throw dataError(`the loss ${lossName(loss)} wants one class index a sample; data.train.y has shape [${train.y.shape.join(', ')}]`)
    if (!train.wholeTargets || validation?.wholeTargets === false) throw dataError('class indices are whole numbers from 0 on')
    if (largest >= classes) throw dataError(`there is a class index ${largest}, the model has outputs for 0 to ${classes - 1}`)
  } else {
    requireShape('output', output, 'y', train.y.shape)
  }
  return chosen
}

function requireShape(side: 'input' | 'output', expected: readonly (number | null)[], part: 'x' | 'y', given: readonly number[]): void {
  const fits = expected.length === given.length && expected.slice(1).every((size, index) => size === null || size === given[index + 1])
  if (!fits) {
    throw dataError(`a sample of data.train.${part} has shape [${given.slice(1).join(', ')}], the model's ${side} is [${expected.slice(1).map((size) => size ?? 'any').join(', ')}]`)
  }
}

function modelError(problem: string): Error {
  return tfjsError('TFJS_MODEL', `What build() returned ${problem}.`)
}

function dataError(problem: string): Error {
  return tfjsError('TFJS_DATA', `Data and model do not fit: ${problem}.`)
}
