import { tfjsError } from '../error.ts'
import type { LayersModel, Tensor, Variable } from '../tensorflow.ts'

/** Sets weights bit by bit; `setWeights` would apply constraints once more. */
export function assignWeights(model: LayersModel, tensors: readonly Tensor[]): void {
  for (const [index, weight] of model.weights.entries()) (weight.read() as Variable).assign(tensors[index]!)
}

/** @throws AttuneError `TFJS_CHECKPOINT` when saved weights are those of another architecture. */
export function requireSameShapes(model: LayersModel, saved: readonly Tensor[]): void {
  const shapes = (tensors: readonly { readonly shape: readonly (number | null)[] }[]): string => tensors.map(({ shape }) => `[${shape.join(', ')}]`).join(' ')
  const [own, other] = [shapes(model.weights), shapes(saved)]
  if (own !== other) throw tfjsError('TFJS_CHECKPOINT', `The checkpoint is of another architecture: the model has weights ${own}, the checkpoint ${other}. Fork with the same structural parameters, or start without the checkpoint.`)
}
