import type { TensorArray } from './tensor-data.ts'

/** What the evaluator can tell of a model's answers, as a metric of this name. */
export type QualityMetric = 'accuracy' | 'logLoss' | 'meanSquaredError' | 'meanAbsoluteError' | 'rootMeanSquaredError'

/** What the output of a classifier holds: one probability or logit per class (or one for the second of two classes), or the class itself. */
export type ScoreKind = 'probabilities' | 'logits' | 'classes'

/** Takes in a model's answers, batch after batch. */
export interface Meter {
  /** `values` holds `rows` rows of the same width; the first is row `firstRow` of the data. */
  add(values: TensorArray, rows: number, firstRow: number): void
  result(): { readonly [metric in QualityMetric]?: number }
}

/** A model's answer that cannot be judged. The message completes "The model answered …". */
export class UnusableAnswer extends Error {
  override readonly name = 'UnusableAnswer'
}

/** A label beyond the classes that the model knows. */
export class LabelOutOfRange extends Error {
  override readonly name = 'LabelOutOfRange'
}

/**
 * Accuracy (the share of rows whose highest score is the label's; of equal scores the first counts) and log loss
 * (mean negative logarithm of the label's probability, in nats; probabilities are clipped to [e, 1 - e] with the
 * machine epsilon e of the output's type, as scikit-learn's `log_loss` does since 1.3).
 */
export function classificationMeter(labels: ArrayLike<number>, kind: ScoreKind): Meter {
  let correct = 0
  let loss = 0
  let count = 0
  return {
    add(values, rows, firstRow) {
      const width = values.length / rows
      const classes = width === 1 ? 2 : width
      const epsilon = values instanceof Float32Array ? 2 ** -23 : 2 ** -52
      for (let row = 0; row < rows; row++) {
        const label = labels[firstRow + row]!
        const scores = finiteRow(values, row, width, firstRow)
        if (kind === 'classes') {
          if (width !== 1) throw new UnusableAnswer(`${width} numbers per row where one class was expected`)
          correct += scores[0] === label ? 1 : 0
          continue
        }
        if (label >= classes) throw new LabelOutOfRange(`row ${firstRow + row} has the label ${label}, but the model knows ${classes} classes (0 to ${classes - 1})`)
        if (kind === 'probabilities') checkProbabilities(scores, firstRow + row)
        correct += highest(scores, kind) === label ? 1 : 0
        loss += kind === 'logits' ? logitLoss(scores, label) : -Math.log(clip(probabilityOf(scores, label), epsilon))
      }
      count += rows
    },
    result: () => (kind === 'classes' ? { accuracy: correct / count } : { accuracy: correct / count, logLoss: loss / count }),
  }
}

/** Mean squared error, its root, and mean absolute error over all elements of the output. */
export function regressionMeter(targets: TensorArray, targetRowSize: number): Meter {
  let squares = 0
  let absolutes = 0
  let count = 0
  return {
    add(values, rows, firstRow) {
      const width = values.length / rows
      if (width !== targetRowSize) throw new UnusableAnswer(`${width} numbers per row, but the targets have ${targetRowSize}`)
      for (let row = 0; row < rows; row++) {
        const answers = finiteRow(values, row, width, firstRow)
        for (let column = 0; column < width; column++) {
          const difference = answers[column]! - Number(targets[(firstRow + row) * width + column])
          squares += difference * difference
          absolutes += Math.abs(difference)
        }
      }
      count += rows * width
    },
    result: () => ({ meanSquaredError: squares / count, rootMeanSquaredError: Math.sqrt(squares / count), meanAbsoluteError: absolutes / count }),
  }
}

/** The value below which a share of the sorted values lies, linear between neighbours (numpy's default; type 7 of Hyndman and Fan). */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  const position = (sorted.length - 1) * share
  const below = sorted[Math.floor(position)]!
  return below + (sorted[Math.ceil(position)]! - below) * (position - Math.floor(position))
}

function finiteRow(values: TensorArray, row: number, width: number, firstRow: number): readonly number[] {
  const numbers = Array.from({ length: width }, (_, column) => Number(values[row * width + column]))
  const bad = numbers.find((value) => !Number.isFinite(value))
  if (bad !== undefined) throw new UnusableAnswer(`${bad} in row ${firstRow + row}`)
  return numbers
}

/** How far the probabilities of one row may be from a sum of 1. */
const sumTolerance = 1e-3

function checkProbabilities(scores: readonly number[], row: number): void {
  const sum = scores.reduce((total, score) => total + score, 0)
  const inRange = scores.every((score) => score >= -sumTolerance && score <= 1 + sumTolerance)
  if (inRange && (scores.length === 1 || Math.abs(sum - 1) <= sumTolerance)) return
  throw new UnusableAnswer(`[${scores.slice(0, 5).join(', ')}${scores.length > 5 ? ', …' : ''}] in row ${row}, which are no probabilities. If they are logits, say scores: 'logits'`)
}

function highest(scores: readonly number[], kind: ScoreKind): number {
  if (scores.length === 1) return scores[0]! > (kind === 'logits' ? 0 : 0.5) ? 1 : 0
  return scores.indexOf(scores.reduce((best, score) => Math.max(best, score)))
}

function probabilityOf(scores: readonly number[], label: number): number {
  if (scores.length > 1) return scores[label]!
  return label === 1 ? scores[0]! : 1 - scores[0]!
}

/** Negative logarithm of the softmax, or of the sigmoid for a single score, without overflow. */
function logitLoss(scores: readonly number[], label: number): number {
  const logits = scores.length === 1 ? [0, scores[0]!] : scores
  const top = logits.reduce((best, score) => Math.max(best, score))
  return Math.log(logits.reduce((sum, score) => sum + Math.exp(score - top), 0)) + top - logits[label]!
}

function clip(probability: number, epsilon: number): number {
  return Math.min(Math.max(probability, epsilon), 1 - epsilon)
}
