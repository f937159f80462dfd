import type { LayerScope, LayerWriter } from '../layer-scope.ts'
import { axisOf, inLayout, natural, positiveAxis, type Value } from '../value.ts'
import { filled, reshaped, transposed, type Weight } from '../weight.ts'

export const batchNormalization: LayerWriter = async (scope, [input], [shape]) => {
  const axis = positiveAxis(input.shape, scope.config.number('axis', -1))
  if (axis !== input.shape.length - 1) throw scope.error(`it normalises axis ${axis}, which TensorFlow.js computes wrongly on its cpu backend`, 'Normalise the last axis, and permute before and after')
  const mean = await scope.requiredWeight('moving_mean')
  const variance = await scope.requiredWeight('moving_variance')
  const gamma = (await scope.weight('gamma')) ?? filled(mean.data.length, 1)
  const beta = (await scope.weight('beta')) ?? filled(mean.data.length, 0)
  const epsilon = scope.config.number('epsilon', 1e-3)
  if (axisOf(input, axis) === 1) {
    const parameters = [['gamma', gamma], ['beta', beta], ['moving_mean', mean], ['moving_variance', variance]] as const
    const name = scope.node('BatchNormalization', [input.name, ...parameters.map(([key, weight]) => scope.constant(key, () => weight))], { epsilon: { float: epsilon } })
    return { ...input, name, shape }
  }
  // ONNX's operator wants the axis second; a multiplication and an addition are cheaper than moving it there.
  const scale = mean.data.map((_, index) => at(gamma, index) / Math.sqrt(at(variance, index) + epsilon))
  const offset = mean.data.map((centre, index) => at(beta, index) - (centre * at(gamma, index)) / Math.sqrt(at(variance, index) + epsilon))
  const scaled = scope.node('Mul', [input.name, along(scope, 'scale', { data: scale, dims: mean.dims }, input, [axis])])
  return { ...input, shape, name: scope.node('Add', [scaled, along(scope, 'offset', { data: offset, dims: mean.dims }, input, [axis])]) }
}

export const layerNormalization: LayerWriter = async (scope, [input], [shape]) => {
  const given = scope.config.raw('axis') ?? -1
  const axes = (Array.isArray(given) ? (given as number[]) : [given as number]).map((axis) => positiveAxis(input.shape, axis))
  if (axes.some((axis, index) => index > 0 && axis <= (axes[index - 1] as number))) throw scope.error(`its axes are ${JSON.stringify(given)}`, 'Give them in ascending order')
  const gamma = await scope.weight('gamma')
  const beta = await scope.weight('beta')
  const epsilon = scope.config.number('epsilon', 1e-3)
  const rank = input.shape.length
  if (gamma !== undefined && axes.every((axis, index) => axis === rank - axes.length + index)) {
    const from = input.layout.slice(-axes.length).every((axis, index) => axis === axes[index]) ? input : scope.arranged(input, natural(rank))
    const inputs = [from.name, scope.constant('gamma', () => gamma), ...(beta === undefined ? [] : [scope.constant('beta', () => beta)])]
    return { ...from, shape, name: scope.node('LayerNormalization', inputs, { axis: { int: -axes.length }, epsilon: { float: epsilon } }) }
  }
  const places = axes.map((axis) => axisOf(input, axis)).sort((left, right) => left - right)
  const over = scope.integers('axes', places)
  const centred = scope.node('Sub', [input.name, scope.node('ReduceMean', [input.name, over])])
  const variance = scope.node('ReduceMean', [scope.node('Mul', [centred, centred]), over])
  let name = scope.node('Div', [centred, scope.node('Sqrt', [scope.node('Add', [variance, scope.scalar('epsilon', epsilon)])])])
  if (gamma !== undefined) name = scope.node('Mul', [name, along(scope, 'gamma', gamma, input, axes)])
  if (beta !== undefined) name = scope.node('Add', [name, along(scope, 'beta', beta, input, axes)])
  return { ...input, name, shape }
}

/** A weight that has the given axes of TensorFlow.js, laid out so that it is broadcast against the value. */
export function along(scope: LayerScope, key: string, weight: Weight, against: Value, axes: readonly number[]): string {
  const dims = against.shape.map((_, axis) => (axes.includes(axis) ? (weight.dims[axes.indexOf(axis)] as number) : 1))
  return scope.constant(`${key}_${against.layout.join('')}`, () => transposed(reshaped(weight, dims), inLayout(against, natural(dims.length))))
}

function at(weight: Weight, index: number): number {
  return weight.data[index] as number
}
