import type { LayerScope } from './layer-scope.ts'
import { axisOf, type Value } from './value.ts'

type WriteActivation = (scope: LayerScope, value: Value) => string

const simple = (operator: string): WriteActivation => (scope, value) => scope.node(operator, [value.name])

/** By the names that TensorFlow.js gives its activations. */
const activations: { readonly [name: string]: WriteActivation } = {
  relu: simple('Relu'),
  relu6: (scope, value) => clip(scope, value.name, 6),
  elu: simple('Elu'),
  selu: simple('Selu'),
  sigmoid: simple('Sigmoid'),
  tanh: simple('Tanh'),
  softplus: simple('Softplus'),
  softsign: simple('Softsign'),
  hardSigmoid: (scope, value) => scope.node('HardSigmoid', [value.name], { alpha: { float: 0.2 }, beta: { float: 0.5 } }),
  softmax: (scope, value) => scope.node('Softmax', [value.name], { axis: { int: axisOf(value, -1) } }),
  logSoftmax: (scope, value) => scope.node('LogSoftmax', [value.name], { axis: { int: axisOf(value, -1) } }),
  swish: (scope, value) => scope.node('Mul', [value.name, scope.node('Sigmoid', [value.name])]),
  mish: simple('Mish'),
  gelu: simple('Gelu'),
  gelu_new: (scope, value) => scope.node('Gelu', [value.name], { approximate: { string: 'tanh' } }),
}

/** Applies an activation by name; `linear` writes nothing. */
export function activate(scope: LayerScope, name: string, value: Value): Value {
  if (name === 'linear') return value
  const write = Object.hasOwn(activations, name) ? activations[name] : undefined
  if (write === undefined) throw scope.error(`the activation "${name}" has no form here; there are linear, ${Object.keys(activations).join(', ')}`)
  return { ...value, name: write(scope, value) }
}

/** min(max(value, 0), upper) */
export function clip(scope: LayerScope, name: string, upper: number): string {
  return scope.node('Clip', [name, scope.scalar('zero', 0), scope.scalar('upper', upper)])
}
