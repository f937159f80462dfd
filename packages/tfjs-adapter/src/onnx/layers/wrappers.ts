import type { Layer } from '../../tensorflow.ts'
import { fieldOf } from '../layer-config.ts'
import type { LayerScope, LayerWriter } from '../layer-scope.ts'
import { value, type Shape, type Value } from '../value.ts'
import type { Run } from '../recurrent-run.ts'
import { aligned } from './merges.ts'
import { inOrderOfWork, returnsSequences, reversedInTime, runLayer } from './recurrent.ts'

export const bidirectional: LayerWriter = async (scope, inputs, shapes) => {
  const half = (inputs.length - 1) / 2
  const run = async (field: string, states: readonly Value[]): Promise<Run & { readonly layer: Layer }> => {
    const layer = fieldOf(scope.layer, field) as Layer
    return { layer, ...(await runLayer(scope.part(layer, field === 'forwardLayer' ? 'forward' : 'backward'), layer, [inputs[0], ...states])) }
  }
  const forward = await run('forwardLayer', inputs.slice(1, 1 + half))
  const backward = await run('backwardLayer', inputs.slice(1 + half))
  const sequences = returnsSequences(forward.layer)
  const there = sequences ? inOrderOfWork(scope, forward.layer, forward.sequence) : (forward.states[0] as Value)
  // TensorFlow.js turns round what the second layer made; going backwards twice is the order of the input.
  const back = sequences ? (fieldOf(backward.layer, 'goBackwards') === true ? backward.sequence : reversedInTime(scope, backward.sequence)) : (backward.states[0] as Value)
  return [...merged(scope, there, back), ...forward.states, ...backward.states].slice(0, shapes.length)
}

function merged(scope: LayerScope, there: Value, back: Value): readonly Value[] {
  const mode = scope.config.raw('mergeMode')
  if (mode === undefined) return [there, back]
  const [left, right] = aligned(scope, [there, back]) as readonly [Value, Value]
  const units = left.shape.at(-1) as number
  const names = [left.name, right.name]
  if (mode === 'concat') return [{ ...left, name: scope.node('Concat', names, { axis: { int: -1 } }), shape: [...left.shape.slice(0, -1), 2 * units] }]
  if (mode === 'mul') return [{ ...left, name: scope.node('Mul', names) }]
  if (mode === 'sum') return [{ ...left, name: scope.node('Sum', names) }]
  if (mode === 'ave') return [{ ...left, name: scope.node('Mean', names) }]
  throw scope.error(`its mergeMode is ${JSON.stringify(mode)}`, 'Use concat, sum, ave, mul or null')
}

/** Steps become samples, the layer inside does its work, and they become steps again. */
export const timeDistributed: LayerWriter = async (scope, [input]) => {
  const layer = fieldOf(scope.layer, 'layer') as Layer
  const from = scope.natural(input)
  const inner: Shape = [null, ...input.shape.slice(2)]
  const outer = layer.computeOutputShape(inner as (number | null)[]) as Shape
  const steps = input.shape[1] ?? null
  const samples = value(scope.node('Reshape', [from.name, sizes(scope, 'samples', [-1, ...inner.slice(1)], () => scope.node('Concat', [scope.integers('all', [-1]), scope.node('Shape', [from.name], { start: { int: 2 } })], { axis: { int: 0 } }))]), inner, input.type)
  const [made] = await scope.writeInner(layer, [samples], [outer])
  const result = scope.natural(made as Value)
  const target = sizes(scope, 'steps', [-1, steps, ...outer.slice(1)], () => scope.node('Concat', [scope.node('Shape', [from.name], { end: { int: 2 } }), scope.node('Shape', [result.name], { start: { int: 1 } })], { axis: { int: 0 } }))
  return value(scope.node('Reshape', [result.name, target]), [input.shape[0] ?? null, steps, ...outer.slice(1)], result.type)
}

/** A shape as a constant if every size is known, else computed when the model runs. */
function sizes(scope: LayerScope, key: string, known: Shape, computed: () => string): string {
  return known.includes(null) ? computed() : scope.integers(`${key}_shape`, known as readonly number[])
}
