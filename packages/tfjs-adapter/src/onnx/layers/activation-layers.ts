import { activate, clip } from '../activations.ts'
import type { LayerWriter } from '../layer-scope.ts'
import { axisOf } from '../value.ts'
import { along } from './normalization.ts'

/** What acts only while training. */
export const identity: LayerWriter = (_scope, [input]) => input

export const activation: LayerWriter = (scope, [input]) => activate(scope, scope.activation, input)

export const relu: LayerWriter = (scope, [input]) => {
  const upper = scope.config.raw('maxValue')
  return { ...input, name: typeof upper === 'number' ? clip(scope, input.name, upper) : scope.node('Relu', [input.name]) }
}

/** With one number as its setting. */
export function parametric(operator: string, key: string, fallback: number): LayerWriter {
  return (scope, [input]) => ({ ...input, name: scope.node(operator, [input.name], { alpha: { float: scope.config.number(key, fallback) } }) })
}

export const prelu: LayerWriter = async (scope, [input]) => {
  const alpha = await scope.requiredWeight('alpha')
  const axes = input.shape.map((_, axis) => axis).slice(1)
  return { ...input, name: scope.node('PRelu', [input.name, along(scope, 'alpha', alpha, input, axes)]) }
}

export const softmax: LayerWriter = (scope, [input]) => {
  const given = scope.config.raw('axis') ?? -1
  const axes = (Array.isArray(given) ? (given as number[]) : [given as number]).map((axis) => axisOf(input, axis))
  if (axes.length === 1) return { ...input, name: scope.node('Softmax', [input.name], { axis: { int: axes[0] as number } }) }
  const total = scope.node('ReduceLogSumExp', [input.name, scope.integers('axes', axes)])
  return { ...input, name: scope.node('Exp', [scope.node('Sub', [input.name, total])]) }
}
