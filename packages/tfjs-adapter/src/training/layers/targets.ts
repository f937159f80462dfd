import type { TargetFacts } from '../../data/batch-source.ts'
import { dataError } from '../../data/data-error.ts'
import { lossName } from '../metric-names.ts'
import type { Loss } from './options.ts'

type Shape = readonly (number | null)[]

/** The loss to use for these targets: for class indices, the sparse form of the cross-entropy over classes. */
export function lossForTargets(loss: Loss, output: Shape, { shape }: Pick<TargetFacts, 'shape'>): Loss {
  const classes = output.at(-1) ?? 0
  return loss === 'categoricalCrossentropy' && classes !== 1 && isSparse(output, shape) ? 'sparseCategoricalCrossentropy' : loss
}

/**
 * Refuses targets that do not fit the output, before tfjs does so in words of its own, or does not.
 * @param label as in messages: `data.train.y`
 * @throws AttuneError `TFJS_DATA`.
 */
export function checkTargets(loss: Loss, output: Shape, { shape, largest, wholeNumbers }: TargetFacts, label: string): void {
  const classes = output.at(-1) ?? 0
  if (loss === 'sparseCategoricalCrossentropy') {
    if (!isSparse(output, shape)) throw misfit(`the loss ${lossName(loss)} wants one class index where the output has ${classes} classes, [${[...output.slice(1, -1), 1].map((size) => size ?? 'any').join(', ')}]; a sample of ${label} has shape [${shape.join(', ')}]`)
    if (!wholeNumbers) throw misfit(`class indices are whole numbers from 0 on, and ${label} has others`)
    if (largest >= classes) throw misfit(`there is a class index ${largest} in ${label}, the model has outputs for 0 to ${classes - 1}`)
    return
  }
  requireShape('output', output, label, shape)
}

/** @throws AttuneError `TFJS_DATA`. */
export function requireShape(side: string, expected: Shape, label: string, given: readonly number[]): void {
  const fits = expected.length === given.length + 1 && expected.slice(1).every((size, index) => size === null || size === given[index])
  if (!fits) throw misfit(`a sample of ${label} has shape [${given.join(', ')}], the model's ${side} is [${expected.slice(1).map((size) => size ?? 'any').join(', ')}]`)
}

/** One index where the output has a probability for each class. */
function isSparse(output: Shape, target: readonly number[]): boolean {
  const places = output.slice(1, -1)
  const indices = target.length === output.length - 1 && target.at(-1) === 1 ? target.slice(0, -1) : target
  return indices.length === places.length && places.every((size, index) => size === null || size === indices[index])
}

function misfit(problem: string): Error {
  return dataError(`Data and model do not fit: ${problem}`)
}
