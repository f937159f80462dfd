import type { LayerWriter } from '../layer-scope.ts'
import { value } from '../value.ts'

export const embedding: LayerWriter = async (scope, [input], [shape]) => {
  const table = await scope.requiredWeight('embeddings')
  const from = scope.natural(input).name
  // TensorFlow.js feeds floats to this layer unless the input says int32, and cuts off what is behind the point.
  const rows = input.type === 'int32' ? from : scope.node('Cast', [from], { to: { int: 6 } })
  const embedded = value(scope.node('Gather', [scope.constant('embeddings', () => table), rows]), shape)
  if (!scope.config.flag('maskZero', false)) return embedded
  const zero = input.type === 'int32' ? scope.constant('zero_int32', () => ({ data: Int32Array.of(0), dims: [] })) : scope.scalar('zero', 0)
  const counts = scope.node('Cast', [scope.node('Not', [scope.node('Equal', [from, zero])])], { to: { int: 1 } })
  return { ...embedded, mask: { name: input.shape.length === 2 ? counts : undefined } }
}

/** Sets steps to zero that consist of one value, and masks them. */
export const masking: LayerWriter = (scope, [input], [shape]) => {
  const from = scope.natural(input)
  const differs = scope.node('Cast', [scope.node('Not', [scope.node('Equal', [from.name, scope.scalar('mask_value', scope.config.number('maskValue', 0))])])], { to: { int: 1 } })
  const counts = scope.node('ReduceMax', [differs, scope.integers('axes', [-1])])
  const mask = { name: shape.length === 3 ? scope.node('Squeeze', [counts, scope.integers('axes', [-1])]) : undefined }
  return { ...from, shape, name: scope.node('Mul', [from.name, counts]), mask }
}

export const rescaling: LayerWriter = (scope, [input], [shape]) => {
  const from = input.type === 'float32' ? input.name : scope.node('Cast', [input.name], { to: { int: 1 } })
  const scaled = scope.node('Mul', [from, scope.scalar('scale', scope.config.number('scale', 1))])
  const offset = scope.config.number('offset', 0)
  return { ...input, shape, type: 'float32', name: offset === 0 ? scaled : scope.node('Add', [scaled, scope.scalar('offset', offset)]) }
}
