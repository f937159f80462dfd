import type { Dimension, Scalar } from '@attune/core'

/** A dimension as Optuna 5 writes its distributions, as in `FloatDistribution(high=0.1, log=True, low=0.0001, step=None)`. */
export function distributionText(dimension: Dimension): string {
  if (dimension.kind !== 'number') {
    const choices = Array.from({ length: dimension.cells }, (_, cell) => pythonScalar(dimension.valueAt(cell)))
    return `CategoricalDistribution(choices=(${choices.join(', ')}${choices.length === 1 ? ',' : ''}))`
  }
  const log = dimension.log ? 'True' : 'False'
  if (!Number.isFinite(dimension.cells)) return `FloatDistribution(high=${pythonFloat(Number(dimension.decode(1)))}, log=${log}, low=${pythonFloat(Number(dimension.decode(0)))}, step=None)`
  const [low, second, high] = [0, Math.min(1, dimension.cells - 1), dimension.cells - 1].map((cell) => Number(dimension.valueAt(cell))) as [number, number, number]
  // The difference of the first two values may be off by a rounding: that of all, divided, is closer.
  const step = dimension.cells > 1 ? Number(((high - low) / (dimension.cells - 1)).toPrecision(15)) : 1
  const whole = [low, second, high, step].every(Number.isInteger)
  const text = whole ? String : pythonFloat
  return `${whole ? 'Int' : 'Float'}Distribution(high=${text(high)}, log=${log}, low=${text(low)}, step=${text(step)})`
}

function pythonScalar(value: Scalar): string {
  if (value === null) return 'None'
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : pythonFloat(value)
  const quote = value.includes("'") && !value.includes('"') ? '"' : "'"
  return quote + value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll(quote, `\\${quote}`) + quote
}

/** As Python's `repr` of a float. */
function pythonFloat(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf'
  const size = Math.abs(value)
  if (size !== 0 && (size < 1e-4 || size >= 1e16)) return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2')
  return Number.isInteger(value) ? `${value}.0` : String(value)
}
