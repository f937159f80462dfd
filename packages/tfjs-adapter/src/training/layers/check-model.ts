import type { BatchSource } from '../../data/batch-source.ts'
import { positionsFor } from '../../data/parts.ts'
import { tfjsError } from '../../error.ts'
import type { LayersModel, TensorFlow } from '../../tensorflow.ts'
import { functionalOf } from './functional.ts'
import { requireShape } from './targets.ts'

/**
 * The model to call; refuses what cannot be trained, before tfjs does so in words of its own.
 * @throws AttuneError `TFJS_MODEL`.
 */
export function checkModel(tf: TensorFlow, model: unknown): LayersModel {
  if (!(model instanceof tf.LayersModel)) throw modelError('is no layers model of this tf: return tf.sequential(…) or tf.model(…), made with the tf that build gets')
  if ((model.optimizer as unknown) !== undefined && (model.optimizer as unknown) !== null) {
    throw modelError('is compiled: the trainer owns optimiser, loss and metrics, so that parameters can choose them and checkpoints hold their state. Leave compile() out and pass them to tfjsTrainer()')
  }
  const functional = functionalOf(model)
  if (functional === undefined) throw modelError('has no input shape: give its first layer an inputShape')
  if (model.stateful) throw modelError('has a stateful layer, whose state would run from one batch into the next whatever their order, and is in no checkpoint: leave stateful out')
  return functional
}

/** Where in a batch the inputs of the model are. @throws AttuneError `TFJS_DATA` for inputs that do not fit. */
export function inputPositions(model: LayersModel, data: BatchSource): number[] {
  const positions = positionsFor(model.inputNames, data.inputNames, data.inputShapes.length, `${data.name}.x`)
  for (const [index, position] of positions.entries()) {
    const label = positions.length === 1 ? `${data.name}.x` : `${data.name}.x for "${model.inputNames[index]}"`
    requireShape('input', model.inputs[index]!.shape, label, data.inputShapes[position]!)
  }
  return positions
}

function modelError(problem: string): Error {
  return tfjsError('TFJS_MODEL', `What build() returned ${problem}.`)
}
