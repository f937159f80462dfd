import type { JudgedRow } from './judged-row.ts'
import { UnfitMetric } from './unjudgeable.ts'

interface Counts {
  /** Rows that have this class. */
  actual: number
  /** Rows that the model gives this class. */
  predicted: number
  /** Rows that have it and get it. */
  both: number
}

/** Precision, recall and F1 of one class, and its rows. */
export interface ClassScores {
  readonly precision: number
  readonly recall: number
  readonly f1: number
  readonly support: number
}

export type Rate = 'precision' | 'recall' | 'f1'

/** The largest confusion matrix that is drawn. */
const maxClasses = 1000

/** 0 / 0 is 0, as scikit-learn's `zero_division` has it. */
const ratio = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole)

/**
 * Counts of classes that rows have and get, of all metrics of decisions. The formulas and the cases without rows are those
 * of scikit-learn.
 */
export class ClassCounts {
  #rows = 0
  #correct = 0
  readonly #classes = new Map<number, Counts>()
  /** Rows by label and predicted class, for a matrix. */
  readonly #pairs: Map<number, Map<number, number>> | undefined

  /** @param keepsPairs Whether what is mistaken for what is kept, in memory for each pair that occurs. */
  constructor(keepsPairs: boolean) {
    this.#pairs = keepsPairs ? new Map() : undefined
  }

  add({ label, predicted }: JudgedRow): void {
    this.#rows++
    this.#of(label).actual++
    this.#of(predicted).predicted++
    if (label === predicted) {
      this.#correct++
      this.#of(label).both++
    }
    if (this.#pairs === undefined) return
    let row = this.#pairs.get(label)
    if (row === undefined) this.#pairs.set(label, (row = new Map()))
    row.set(predicted, (row.get(predicted) ?? 0) + 1)
  }

  get accuracy(): number {
    return this.#correct / this.#rows
  }

  /** The highest class that occurs, and one more. */
  get classes(): number {
    let most = 0
    for (const number of this.#classes.keys()) most = Math.max(most, number)
    return most + 1
  }

  /** Mean recall of the classes that have rows. */
  get balancedAccuracy(): number {
    return mean([...this.#classes.values()].filter(({ actual }) => actual > 0).map(({ both, actual }) => both / actual))
  }

  /** Matthews' correlation coefficient for any number of classes (Gorodkin 2004); 0 where it is 0 / 0. */
  get matthewsCorrelation(): number {
    let products = 0
    let predictedSquares = 0
    let actualSquares = 0
    for (const { actual, predicted } of this.#classes.values()) {
      products += actual * predicted
      predictedSquares += predicted * predicted
      actualSquares += actual * actual
    }
    const all = this.#rows * this.#rows
    return ratio(this.#correct * this.#rows - products, Math.sqrt(all - predictedSquares) * Math.sqrt(all - actualSquares))
  }

  /** Of one class against all others; 0 where there is nothing to divide by. */
  ofClass(number: number): ClassScores {
    const { actual, predicted, both } = this.#classes.get(number) ?? { actual: 0, predicted: 0, both: 0 }
    return { precision: ratio(both, predicted), recall: ratio(both, actual), f1: ratio(2 * both, predicted + actual), support: actual }
  }

  /** The mean over the classes that occur among the labels or the answers; weighted, by their rows. */
  average(rate: Rate, weighted: boolean): number {
    const scores = [...this.#classes.keys()].map((number) => this.ofClass(number))
    return weighted ? scores.reduce((sum, score) => sum + score[rate] * score.support, 0) / this.#rows : mean(scores.map((score) => score[rate]))
  }

  /** Rows by label, then by answer, if pairs are kept. Throws `UnfitMetric` for too many classes to draw. */
  matrix(classes: number): readonly (readonly number[])[] {
    if (classes > maxClasses) throw new UnfitMetric(`A confusion matrix of ${classes} classes is not drawn; at most ${maxClasses} are.`)
    return Array.from({ length: classes }, (_, label) => Array.from({ length: classes }, (__, predicted) => this.#pairs?.get(label)?.get(predicted) ?? 0))
  }

  #of(number: number): Counts {
    let counts = this.#classes.get(number)
    if (counts === undefined) this.#classes.set(number, (counts = { actual: 0, predicted: 0, both: 0 }))
    return counts
  }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
