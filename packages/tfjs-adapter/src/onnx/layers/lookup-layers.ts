import type { LayerWriter } from '../layer-scope.ts'
import { value } from '../value.ts'

export const embedding: LayerWriter = async (scope, [input], [shape]) => {
  if (scope.config.flag('maskZero', false)) throw scope.error('it masks zeros, and ONNX\'s recurrent operators take no mask', 'Build it with maskZero: false, and give sequences of equal length')
  const table = await scope.requiredWeight('embeddings')
  const from = scope.natural(input).name
  // TensorFlow.js feeds floats to this layer unless the input says int32, and cuts off what is behind the point.
  const rows = input.type === 'int32' ? from : scope.node('Cast', [from], { to: { int: 6 } })
  return value(scope.node('Gather', [scope.constant('embeddings', () => table), rows]), shape)
}

export const rescaling: LayerWriter = (scope, [input], [shape]) => {
  const from = input.type === 'float32' ? input.name : scope.node('Cast', [input.name], { to: { int: 1 } })
  const scaled = scope.node('Mul', [from, scope.scalar('scale', scope.config.number('scale', 1))])
  const offset = scope.config.number('offset', 0)
  return { ...input, shape, type: 'float32', name: offset === 0 ? scaled : scope.node('Add', [scaled, scope.scalar('offset', offset)]) }
}
