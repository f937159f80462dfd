import type { TensorArray } from '../tensor-data.ts'
import { LabelOutOfRange, UnusableAnswer } from './unjudgeable.ts'

/** What the output of a classifier holds: one probability or logit per class (or one for the second of two classes), or the class itself. */
export type ScoreKind = 'probabilities' | 'logits' | 'classes'

/** One row of a classifier's answer beside the truth. */
export interface JudgedRow {
  /** Its place in the data. */
  readonly row: number
  readonly label: number
  /** The class of the highest score; of equal scores the first. */
  readonly predicted: number
  /** A score for each class, which ranks them; empty if the model answers classes. */
  readonly scores: Float64Array
  readonly probabilities: Float64Array
  /** Negative logarithm of the label's probability, in nats. */
  readonly loss: number
}

/** How far the probabilities of one row may be from a sum of 1. */
const sumTolerance = 1e-3

/** The scores of one row; one score for two classes becomes two. Throws `UnusableAnswer` for what is no number, or no probability. */
export function readScores(values: TensorArray, index: number, width: number, kind: Exclude<ScoreKind, 'classes'>, row: number): Float64Array {
  const scores = new Float64Array(width === 1 ? 2 : width)
  const first = scores.length - width
  for (let column = 0; column < width; column++) {
    const score = Number(values[index * width + column])
    if (!Number.isFinite(score)) throw new UnusableAnswer(`${score} in row ${row}`)
    scores[first + column] = score
  }
  if (kind === 'probabilities') {
    if (width === 1) scores[0] = 1 - scores[1]!
    checkProbabilities(scores, width, row)
  }
  return scores
}

function checkProbabilities(scores: Float64Array, width: number, row: number): void {
  let sum = 0
  let inRange = true
  for (const score of scores) {
    sum += score
    inRange &&= score >= -sumTolerance && score <= 1 + sumTolerance
  }
  if (inRange && Math.abs(sum - 1) <= sumTolerance) return
  const answered = scores.subarray(scores.length - width)
  throw new UnusableAnswer(`[${answered.subarray(0, 5).join(', ')}${width > 5 ? ', …' : ''}] in row ${row}, which are no probabilities. If they are logits, say scores: 'logits'`)
}

export function checkLabel(label: number, classes: number, row: number): void {
  if (label >= classes) throw new LabelOutOfRange(`row ${row} has the label ${label}, but the model knows ${classes} classes (0 to ${classes - 1})`)
}

/** A row of probabilities; `epsilon` is the machine epsilon of the answer's type, at which scikit-learn's `log_loss` clips. */
export function judgeProbabilities(probabilities: Float64Array, label: number, row: number, epsilon: number): JudgedRow {
  checkLabel(label, probabilities.length, row)
  return { row, label, predicted: highest(probabilities), scores: probabilities, probabilities, loss: -Math.log(Math.min(Math.max(probabilities[label]!, epsilon), 1 - epsilon)) }
}

/** A row of logits, divided by the temperature. Their loss needs no clipping. */
export function judgeLogits(logits: Float64Array, label: number, row: number, temperature = 1): JudgedRow {
  checkLabel(label, logits.length, row)
  const predicted = highest(logits)
  const top = logits[predicted]!
  const probabilities = logits.map((logit) => Math.exp((logit - top) / temperature))
  const sum = probabilities.reduce((total, value) => total + value)
  for (let index = 0; index < probabilities.length; index++) probabilities[index]! /= sum
  return { row, label, predicted, scores: logits, probabilities, loss: Math.log(sum) - (logits[label]! - top) / temperature }
}

const none = new Float64Array()

/** A row of which the model says the class. */
export function judgeClass(values: TensorArray, index: number, width: number, label: number, row: number): JudgedRow {
  if (width !== 1) throw new UnusableAnswer(`${width} numbers per row where one class was expected`)
  const predicted = Number(values[index])
  if (!Number.isSafeInteger(predicted) || predicted < 0) throw new UnusableAnswer(`${predicted} in row ${row}, which is no class: classes are whole numbers from 0`)
  return { row, label, predicted, scores: none, probabilities: none, loss: Number.NaN }
}

function highest(scores: Float64Array): number {
  let best = 0
  for (let index = 1; index < scores.length; index++) if (scores[index]! > scores[best]!) best = index
  return best
}
