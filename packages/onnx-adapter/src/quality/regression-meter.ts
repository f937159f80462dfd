import type { TensorArray } from '../tensor-data.ts'
import type { Measure } from './metric.ts'
import type { Meter, QualitySettings } from './meter.ts'
import type { OutputErrors } from './report.ts'
import { UnfitMetric, UnusableAnswer } from './unjudgeable.ts'

/** scikit-learn's least divisor of a relative error. */
const epsilon = 2 ** -52

/** More outputs are not reported one by one. */
const maxOutputs = 1000

/** Sums over rows, column by column. */
interface Sums {
  readonly squares: Float64Array
  readonly absolutes: Float64Array
  readonly relatives: Float64Array
  readonly largest: Float64Array
}

/** Judges a regression. Several outputs are measured one by one and weigh the same, as scikit-learn's `uniform_average`. */
export function regressionMeter(targets: TensorArray, width: number, settings: Pick<QualitySettings, 'measures' | 'report'>): Meter {
  const sums: Sums = { squares: new Float64Array(width), absolutes: new Float64Array(width), relatives: new Float64Array(width), largest: new Float64Array(width) }
  let count = 0

  function valueOf({ metric, name }: Measure): number {
    switch (metric) {
      case 'meanSquaredError':
        return mean(sums.squares) / count
      case 'rootMeanSquaredError':
        return mean(sums.squares.map((sum) => Math.sqrt(sum / count)))
      case 'meanAbsoluteError':
        return mean(sums.absolutes) / count
      case 'meanAbsolutePercentageError':
        return mean(sums.relatives) / count
      case 'maxError':
        return sums.largest.reduce((most, error) => Math.max(most, error))
      case 'r2':
        if (count < 2) throw new UnfitMetric(`The metric "${name}" needs at least two rows.`)
        return mean(determination(targets, width, sums.squares))
      default:
        throw new UnfitMetric(`The metric "${metric}" is not one of regressions.`)
    }
  }

  return {
    add(values, rows, firstRow) {
      const columns = values.length / rows
      if (columns !== width) throw new UnusableAnswer(`${columns} numbers per row, but the targets have ${width}`)
      for (let row = 0; row < rows; row++) {
        for (let column = 0; column < width; column++) {
          const answer = Number(values[row * width + column])
          if (!Number.isFinite(answer)) throw new UnusableAnswer(`${answer} in row ${firstRow + row}`)
          const target = Number(targets[(firstRow + row) * width + column])
          const error = Math.abs(answer - target)
          sums.squares[column]! += error * error
          sums.absolutes[column]! += error
          sums.relatives[column]! += error / Math.max(Math.abs(target), epsilon)
          sums.largest[column] = Math.max(sums.largest[column]!, error)
        }
      }
      count += rows
    },
    result() {
      const metrics = Object.fromEntries(settings.measures.map((measure) => [measure.name, valueOf(measure)]))
      if (settings.report === undefined) return { metrics }
      if (width > maxOutputs) throw new UnfitMetric(`Errors of ${width} outputs are not reported one by one; of at most ${maxOutputs} they are.`)
      const r2 = count < 2 ? undefined : determination(targets, width, sums.squares)
      const outputs = Array.from({ length: width }, (_, column): OutputErrors => ({
        meanSquaredError: sums.squares[column]! / count,
        meanAbsoluteError: sums.absolutes[column]! / count,
        maxError: sums.largest[column]!,
        r2: r2?.[column] ?? null,
      }))
      return { metrics, report: { kind: 'regression', rows: count, outputs } }
    },
  }
}

/** R² = 1 − Σ(y − ŷ)² / Σ(y − ȳ)² of each column; where the targets do not vary, 1 for no error and 0 for any (scikit-learn's `force_finite`). */
function determination(targets: TensorArray, width: number, squares: Float64Array): Float64Array {
  const rows = targets.length / width
  return squares.map((residual, column) => {
    const first = Number(targets[column])
    let varies = false
    let sum = 0
    for (let row = 0; row < rows; row++) {
      const target = Number(targets[row * width + column])
      varies ||= target !== first
      sum += target
    }
    let total = 0
    // The mean of equal numbers, rounded, need not be that number: 0.1 three times has the mean 0.10000000000000002.
    if (varies) for (let row = 0; row < rows; row++) total += (Number(targets[row * width + column]) - sum / rows) ** 2
    if (total !== 0) return 1 - residual / total
    return residual === 0 ? 1 : 0
  })
}

function mean(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
