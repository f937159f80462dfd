import { tfjsError } from '../error.ts'
import type { Tensor } from '../tensorflow.ts'
import type { ProgramWeight } from '../training/training-program.ts'

interface SavedWeight {
  readonly key: string
  readonly tensor: Tensor
}

/**
 * Sets weights bit by bit (`setWeights` would apply constraints once more), or none of them.
 * @throws AttuneError `TFJS_CHECKPOINT` when saved weights are those of another architecture.
 */
export function assignWeights(weights: readonly Pick<ProgramWeight, 'key' | 'variable'>[], saved: readonly SavedWeight[]): void {
  const tensors = new Map(saved.map(({ key, tensor }) => [key, tensor]))
  const fits = weights.length === saved.length && weights.every(({ key, variable }) => tensors.get(key)?.shape.join() === variable.shape.join())
  if (!fits) {
    const [own, other] = [described(weights.map(({ key, variable }) => ({ key, tensor: variable }))), described(saved)]
    throw tfjsError('TFJS_CHECKPOINT', `The checkpoint is of another architecture: the model has weights ${own}, the checkpoint ${other}. Fork with the same structural parameters, or start without the checkpoint.`)
  }
  for (const { key, variable } of weights) variable.assign(tensors.get(key) as Tensor)
}

function described(weights: readonly SavedWeight[]): string {
  return weights.map(({ key, tensor }) => `${key} [${tensor.shape.join(', ')}]`).join(', ')
}
