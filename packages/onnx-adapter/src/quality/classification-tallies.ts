import { ClassCounts, type Rate } from './class-counts.ts'
import { confidenceBins, expectedCalibrationError, maximumCalibrationError, meanSquaredCalibrationError, type ConfidenceBins, type ReliabilityBin } from './confidence-bins.ts'
import type { JudgedRow, ScoreKind } from './judged-row.ts'
import type { Binning, Measure } from './metric.ts'
import { averagePrecision, rankScores, rocAuc, type RankedScores } from './ranking.ts'
import { UnfitMetric } from './unjudgeable.ts'

/** Takes in judged rows. */
interface Tally {
  add(row: JudgedRow): void
}

/** Scores that are kept at once to rank them, in bytes. */
const maxBytes = 2 ** 30

/** What is counted of a classifier's rows. Metrics that need the same counts share them. */
export class ClassificationTallies {
  readonly counts: ClassCounts
  readonly #labels: Int32Array
  readonly #kind: ScoreKind
  readonly #classes: number | undefined
  readonly #tallies = new Map<string, Tally>()

  /** @param classes How many the model scores; undefined if it answers classes. */
  constructor(labels: Int32Array, kind: ScoreKind, classes: number | undefined, keepsPairs: boolean) {
    this.counts = new ClassCounts(keepsPairs)
    this.#labels = labels
    this.#kind = kind
    this.#classes = classes
  }

  /** That the model scores, or that have occurred. */
  get classes(): number {
    return this.#classes ?? this.counts.classes
  }

  add(row: JudgedRow): void {
    this.counts.add(row)
    for (const tally of this.#tallies.values()) tally.add(row)
  }

  /** Begins to count what a metric needs; its value is asked for when all rows are in. Throws `UnfitMetric` for one that the model does not have. */
  value(measure: Measure): () => number {
    const { counts } = this
    const { metric } = measure
    if (measure.class !== undefined && this.#classes !== undefined && measure.class >= this.#classes) {
      throw new UnfitMetric(`The metric "${measure.name}" is of class ${measure.class}, but the model knows ${this.#classes} classes (0 to ${this.#classes - 1}).`)
    }
    switch (metric) {
      case 'accuracy':
      case 'balancedAccuracy':
      case 'matthewsCorrelation':
        return () => counts[metric]
      case 'precision':
      case 'recall':
      case 'f1':
        return () => this.#ofOneClass(measure, metric)
      case 'precisionMicro':
      case 'recallMicro':
      case 'f1Micro':
        return () => counts.accuracy // with one label a row, all three are the same
      case 'topKAccuracy':
        return this.#topK(measure)
      case 'logLoss':
        return this.#mean('loss', ({ loss }) => loss)
      case 'brierScore':
        return this.#mean('brier', brierScore)
      case 'rocAuc':
        return this.#ranked(measure, rocAuc)
      case 'averagePrecision':
        return this.#ranked(measure, averagePrecision)
      case 'ece':
        return this.#calibration(measure, expectedCalibrationError)
      case 'mce':
        return this.#calibration(measure, maximumCalibrationError)
      case 'msce':
        return this.#calibration(measure, meanSquaredCalibrationError)
      case 'classwiseEce':
        return this.#classwise(measure.bins!)
      case 'calibratedError': {
        const { lambda = 0 } = measure
        return this.#calibration(measure, (bins) => (1 - lambda) * (1 - counts.accuracy) + lambda * expectedCalibrationError(bins))
      }
      default: {
        const average = /^(precision|recall|f1)(Macro|Weighted)$/.exec(metric)
        if (average === null) throw new UnfitMetric(`The metric "${metric}" is not one of classifiers.`)
        return () => counts.average(average[1] as Rate, average[2] === 'Weighted')
      }
    }
  }

  /** The bins of top-label confidence: the probability of the class that the model gives. */
  reliability(bins: number, binning: Binning): () => readonly ReliabilityBin[] {
    const tally = this.#once(`${binning} ${bins}`, () => {
      const sums = confidenceBins(bins, binning, this.#labels.length)
      return { add: ({ probabilities, predicted, label }: JudgedRow) => sums.add(probabilities[predicted]!, predicted === label), result: () => sums.result() }
    })
    return () => tally.result()
  }

  #once<T extends Tally>(key: string, create: () => T): T {
    const known = this.#tallies.get(key) as T | undefined
    if (known !== undefined) return known
    const tally = create()
    this.#tallies.set(key, tally)
    return tally
  }

  #mean(key: string, valueOf: (row: JudgedRow) => number): () => number {
    const tally = this.#once(key, () => {
      let sum = 0
      let rows = 0
      return {
        add: (row: JudgedRow) => {
          sum += valueOf(row)
          rows++
        },
        mean: () => sum / rows,
      }
    })
    return () => tally.mean()
  }

  #calibration({ bins, binning }: Measure, error: (bins: readonly ReliabilityBin[]) => number): () => number {
    const result = this.reliability(bins!, binning!)
    return () => error(result())
  }

  /** Mean over classes of the calibration error of each class's probability (Nixon et al. 2019; Kull et al. 2019), bins of equal width. */
  #classwise(bins: number): () => number {
    const classes = this.#classes!
    const tally = this.#once(`classwise ${bins}`, () => {
      const sums: readonly ConfidenceBins[] = Array.from({ length: classes }, () => confidenceBins(bins, 'width', 0))
      return {
        add: ({ probabilities, label }: JudgedRow) => sums.forEach((ofClass, number) => ofClass.add(probabilities[number]!, number === label)),
        error: () => sums.reduce((sum, ofClass) => sum + expectedCalibrationError(ofClass.result()), 0) / classes,
      }
    })
    return () => tally.error()
  }

  #ofOneClass(measure: Measure, rate: Rate): number {
    const { classes } = this
    if (measure.class === undefined && classes > 2) {
      throw new UnfitMetric(`The metric "${rate}" is of the second of two classes, but there are ${classes}: take "${rate}Macro", "${rate}Micro", "${rate}Weighted", or { metric: '${rate}', class: 1 }.`)
    }
    return this.counts.ofClass(measure.class ?? 1)[rate]
  }

  /** Of equal scores the last class comes first, as in scikit-learn's `top_k_accuracy_score`. */
  #topK({ name, k = 1 }: Measure): () => number {
    if (k >= this.#classes!) throw new UnfitMetric(`The metric "${name}" is always 1 where the model knows ${this.#classes} classes: k must be less.`)
    return this.#mean(`top ${k}`, ({ scores, label }) => {
      const own = scores[label]!
      let better = 0
      for (let number = 0; number < scores.length; number++) if (scores[number]! > own || (number > label && scores[number] === own)) better++
      return better < k ? 1 : 0
    })
  }

  /** Of one class against the others; by default the second of two, or the mean over all. Keeps a score for each row and class that is ranked. */
  #ranked(measure: Measure, area: (ranked: RankedScores) => number): () => number {
    const classes = this.#classes!
    const isBinary = classes === 2
    const wanted = measure.class === undefined ? (isBinary ? [1] : Array.from({ length: classes }, (_, number) => number)) : [measure.class]
    for (const number of wanted) {
      const rows = this.#labels.reduce((sum, label) => sum + (label === number ? 1 : 0), 0)
      if (rows === 0 || rows === this.#labels.length) {
        throw new UnfitMetric(`The metric "${measure.name}" ranks rows of class ${number} against others, but ${rows === 0 ? 'none' : 'each'} of the ${rows === 0 ? `${this.#labels.length} ` : ''}rows is of that class: take rows of all classes, or { metric: '${measure.metric}', class: … }.`)
      }
    }
    const bytes = wanted.length * this.#labels.length * 8
    if (bytes > maxBytes) throw new UnfitMetric(`The metric "${measure.name}" would keep ${bytes} bytes of scores; at most ${maxBytes} are kept. Take fewer rows, or one class.`)
    const columns = wanted.map((number) => this.#once(`scores ${number}`, () => this.#column(number, isBinary)))
    return () => columns.reduce((sum, column) => sum + area(column.ranked()), 0) / wanted.length
  }

  /** The difference of two logits ranks rows that their probabilities, rounded to 1, do not. */
  #column(number: number, isBinary: boolean): Tally & { ranked(): RankedScores } {
    const scores = new Float64Array(this.#labels.length)
    let ranked: RankedScores | undefined
    const byLogits = isBinary && this.#kind === 'logits'
    return {
      ranked: () => (ranked ??= rankScores(scores, this.#labels, number)),
      add: ({ row, scores: logits, probabilities }) => {
        scores[row] = byLogits ? logits[number]! - logits[1 - number]! : probabilities[number]!
      },
    }
  }
}

/** Σ over classes of (probability − truth)²; half of it for two classes, which is the square for the second one (Brier 1950, and scikit-learn's `scale_by_half`). */
function brierScore({ probabilities, label }: JudgedRow): number {
  let sum = 0
  for (let number = 0; number < probabilities.length; number++) sum += (probabilities[number]! - (number === label ? 1 : 0)) ** 2
  return probabilities.length === 2 ? sum / 2 : sum
}
