import type { TensorArray } from '../tensor-data.ts'
import { ClassificationTallies } from './classification-tallies.ts'
import { judgeClass, judgeLogits, judgeProbabilities, readScores, type JudgedRow } from './judged-row.ts'
import { probabilityMetrics, scaledPrefix } from './metric.ts'
import type { Meter, QualitySettings } from './meter.ts'
import type { ClassificationReport, ReliabilityDiagram } from './report.ts'
import { toLogits, type TemperatureFit } from './temperature.ts'
import { UnusableAnswer } from './unjudgeable.ts'

interface Series {
  readonly tallies: ClassificationTallies
  /** Metrics by name. */
  readonly values: ReadonlyMap<string, () => number>
  readonly diagram: (() => ReliabilityDiagram) | undefined
}

/**
 * Judges a classifier. With a temperature, what depends on probabilities is measured a second time at that temperature, as
 * `scaled.ece`, beside the `temperature` itself.
 */
export function classificationMeter(labels: Int32Array, settings: QualitySettings, fit?: TemperatureFit): Meter {
  const { measures, scores: kind, report } = settings
  let series: { readonly raw: Series; readonly scaled: Series | undefined } | undefined
  let first: number | undefined
  let count = 0

  function begin(classes: number | undefined, only?: readonly string[]): Series {
    const tallies = new ClassificationTallies(labels, kind, classes, report !== undefined)
    const wanted = measures.filter(({ metric }) => only === undefined || only.includes(metric))
    const values = new Map(wanted.map((measure) => [measure.name, tallies.value(measure)]))
    if (report === undefined || kind === 'classes') return { tallies, values, diagram: undefined }
    const { bins, binning } = report
    const reliability = tallies.reliability(bins, binning)
    return { tallies, values, diagram: () => ({ binning, bins: reliability() }) }
  }

  return {
    add(values, rows, firstRow) {
      const width = values.length / rows
      if (first !== undefined && width !== first) throw new UnusableAnswer(`${width} numbers per row from row ${firstRow} on, after ${first}`)
      first = width
      const classes = kind === 'classes' ? undefined : width === 1 ? 2 : width
      series ??= { raw: begin(classes), scaled: fit === undefined ? undefined : begin(classes, probabilityMetrics) }
      for (let index = 0; index < rows; index++) {
        const row = firstRow + index
        const [raw, scaled] = judge(values, index, width, row)
        series.raw.tallies.add(raw)
        if (scaled !== undefined) series.scaled?.tallies.add(scaled)
      }
      count += rows
    },
    result() {
      if (series === undefined) throw new UnusableAnswer('no rows')
      const { raw, scaled } = series
      const metrics: { [metric: string]: number } = {}
      for (const [name, value] of raw.values) metrics[name] = value()
      if (fit !== undefined && scaled !== undefined) {
        for (const [name, value] of scaled.values) metrics[scaledPrefix + name] = value()
        metrics['temperature'] = fit.temperature
      }
      return { metrics, ...(fit === undefined ? {} : { fit }), ...(report === undefined ? {} : { report: reportOf(raw, scaled) }) }
    },
  }

  function judge(values: TensorArray, index: number, width: number, row: number): readonly [JudgedRow, JudgedRow?] {
    const label = labels[row]!
    if (kind === 'classes') return [judgeClass(values, index, width, label, row)]
    const isSingle = values instanceof Float32Array
    const scores = readScores(values, index, width, kind, row)
    const raw = kind === 'logits' ? judgeLogits(scores, label, row) : judgeProbabilities(scores, label, row, isSingle ? 2 ** -23 : 2 ** -52)
    return fit === undefined ? [raw] : [raw, judgeLogits(toLogits(scores, kind, isSingle), label, row, fit.temperature)]
  }

  function reportOf({ tallies: { counts, classes }, diagram }: Series, scaled: Series | undefined): ClassificationReport {
    return {
      kind: 'classification',
      rows: count,
      confusionMatrix: counts.matrix(classes),
      classes: Array.from({ length: classes }, (_, number) => counts.ofClass(number)),
      ...(diagram === undefined ? {} : { reliability: diagram() }),
      ...(fit === undefined || scaled?.diagram === undefined ? {} : { scaled: { ...fit, reliability: scaled.diagram() } }),
    }
  }
}
