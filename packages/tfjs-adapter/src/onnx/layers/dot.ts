import type { LayerScope, LayerWriter } from '../layer-scope.ts'
import { axisOf, positiveAxis, value, type Value } from '../value.ts'

/** TensorFlow.js's batchDot: inputs of rank 2 or 3; one of rank 2 beside one of rank 3 gets a last axis of size 1, which is taken away again. */
export const dot: LayerWriter = (scope, inputs, [shape]) => {
  const [left, right] = inputs as unknown as readonly [Value, Value]
  const given = scope.config.raw('axes')
  const axes = [left, right].map((each, index) => positiveAxis(each.shape, Array.isArray(given) ? (given[index] as number) : (given as number)))
  if (axes.includes(0)) throw scope.error('it multiplies along the batch', 'Give axes from 1')
  const [x, y] = [left, right].map((each, index) => (scope.config.flag('normalize', false) ? normalized(scope, each, axes[index] as number) : each)) as [Value, Value]
  if (x.shape.length === 2 && y.shape.length === 2) {
    return value(scope.node('ReduceSum', [scope.node('Mul', [scope.natural(x).name, scope.natural(y).name]), scope.integers('axes', [1])]), shape)
  }
  const product = scope.node('MatMul', [matrix(scope, x, axes[0] as number, 'last'), matrix(scope, y, axes[1] as number, 'first')])
  if (x.shape.length === y.shape.length) return value(product, shape)
  return value(scope.node('Squeeze', [product, scope.integers('squeezed', [x.shape.length > y.shape.length ? 2 : 1])]), shape)
}

/** The name of the value as matrices whose first or last axis is the one that is summed over. */
function matrix(scope: LayerScope, from: Value, axis: number, place: 'first' | 'last'): string {
  if (from.shape.length === 2) return scope.node('Unsqueeze', [scope.natural(from).name, scope.integers('unsqueezed', [place === 'last' ? 1 : 2])])
  const other = 3 - axis
  return scope.arranged(from, place === 'last' ? [0, other, axis] : [0, axis, other]).name
}

/** x / √max(Σx², 1e-7) */
function normalized(scope: LayerScope, from: Value, axis: number): Value {
  const squares = scope.node('ReduceSum', [scope.node('Mul', [from.name, from.name]), scope.integers('along', [axisOf(from, axis)])])
  return { ...from, name: scope.node('Div', [from.name, scope.node('Sqrt', [scope.node('Max', [squares, scope.scalar('epsilon', 1e-7)])])]) }
}
