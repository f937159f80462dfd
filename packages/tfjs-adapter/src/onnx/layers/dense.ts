import { activate } from '../activations.ts'
import type { LayerWriter } from '../layer-scope.ts'
import { natural } from '../value.ts'

export const dense: LayerWriter = async (scope, [input], [shape]) => {
  const kernel = await scope.requiredWeight('kernel')
  const bias = await scope.weight('bias')
  const weights = [scope.constant('kernel', () => kernel), ...(bias === undefined ? [] : [scope.constant('bias', () => bias)])]
  const rank = input.shape.length
  // Only the features have to be last: what comes time first out of a recurrent layer can stay so.
  const from = input.layout.at(-1) === rank - 1 ? input : scope.arranged(input, natural(rank))
  let name: string
  if (rank === 2) {
    name = scope.node('Gemm', [from.name, ...weights])
  } else {
    name = scope.node('MatMul', [from.name, weights[0] as string])
    if (weights[1] !== undefined) name = scope.node('Add', [name, weights[1]])
  }
  return activate(scope, scope.activation, { ...from, name, shape })
}
