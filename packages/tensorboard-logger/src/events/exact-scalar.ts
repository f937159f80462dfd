import type { OtherValue, ScalarValue, SummaryValue, TensorValue } from './event.ts'

/** No plugin of TensorBoard has this name, so its pages leave these tensors out; EventAccumulator gives them. */
const plugin = 'attune_exact'
const prefix = 'attune_exact/'

/** The tensor that carries all 64 bits of a scalar. */
export function exactCompanion({ tag, value }: ScalarValue): TensorValue {
  return { kind: 'tensor', tag: prefix + tag, plugin, shape: [], tensor: { type: 'float64', data: Float64Array.of(value) } }
}

/** Gives scalars the exact values that follow them; a tensor that fits no scalar stays what it is. */
export function joinExact(values: readonly (SummaryValue | OtherValue)[]): readonly (SummaryValue | OtherValue)[] {
  if (!values.some(isCompanion)) return values
  const joined: (SummaryValue | OtherValue)[] = []
  for (const value of values) {
    const last = joined.at(-1)
    if (isCompanion(value) && last?.kind === 'scalar' && value.tag === prefix + last.tag && value.tensor.data.length === 1) {
      const exact = Number(value.tensor.data[0])
      if (Object.is(Math.fround(exact), last.value)) {
        joined[joined.length - 1] = { ...last, value: exact, exact: true }
        continue
      }
    }
    joined.push(value)
  }
  return joined
}

function isCompanion(value: SummaryValue | OtherValue): value is TensorValue {
  return value.kind === 'tensor' && value.plugin === plugin && value.tensor.type === 'float64'
}
