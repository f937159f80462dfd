import type { LayerScope, LayerWriter } from '../layer-scope.ts'
import { axisOf, natural, sameLayout, value, type Layout, type Value } from '../value.ts'

export function merge(operator: 'Sum' | 'Mul' | 'Mean' | 'Max' | 'Min'): LayerWriter {
  return (scope, inputs, [shape]) => {
    const values = aligned(scope, inputs.map((input) => widened(scope, input, shape.length)))
    const names = values.map(({ name }) => name)
    // Mul takes two inputs, the others any number.
    const name = operator === 'Mul' ? names.slice(1).reduce((left, right) => scope.node(operator, [left, right]), names[0] as string) : scope.node(operator, names)
    return { ...(values[0] as Value), name, shape }
  }
}

export const concatenate: LayerWriter = (scope, inputs, [shape]) => {
  const values = aligned(scope, inputs)
  const result = { ...(values[0] as Value), shape }
  return { ...result, name: scope.node('Concat', values.map(({ name }) => name), { axis: { int: axisOf(result, scope.config.number('axis', -1)) } }) }
}

/** Values in one order: the one that takes the fewest transpositions, and of those not the one of TensorFlow.js, since what follows is likely to want the same. */
export function aligned(scope: LayerScope, values: readonly Value[]): readonly Value[] {
  let best: { readonly layout: Layout; readonly cost: number } | undefined
  for (const { layout } of values) {
    const plain = sameLayout(layout, natural(layout.length))
    const cost = values.filter((each) => !scope.isArranged(each, layout)).length + (plain ? 0.5 : 0)
    if (best === undefined || cost < best.cost) best = { layout, cost }
  }
  return values.map((each) => scope.arranged(each, (best as { layout: Layout }).layout))
}

/** As TensorFlow.js does with inputs of different rank, new axes of size 1 behind the batch. */
function widened(scope: LayerScope, input: Value, rank: number): Value {
  const missing = rank - input.shape.length
  if (missing === 0) return input
  const axes = natural(missing + 1).slice(1)
  return value(scope.node('Unsqueeze', [scope.natural(input).name, scope.integers('axes', axes)]), [input.shape[0] ?? null, ...axes.map(() => 1), ...input.shape.slice(1)], input.type)
}
