/** Scores of rows that are of a class, and of those that are not, each in ascending order. */
export interface RankedScores {
  readonly positive: Float64Array
  readonly negative: Float64Array
}

/** Ranks the score of each row: those of rows with this label, and the others. */
export function rankScores(scores: Float64Array, labels: Int32Array, label: number): RankedScores {
  const own = labels.reduce((count, other) => (other === label ? count + 1 : count), 0)
  const positive = new Float64Array(own)
  const negative = new Float64Array(scores.length - own)
  let [hits, misses] = [0, 0]
  for (let row = 0; row < scores.length; row++) {
    if (labels[row] === label) positive[hits++] = scores[row]!
    else negative[misses++] = scores[row]!
  }
  return { positive: positive.sort(), negative: negative.sort() }
}

/**
 * Area under the receiver operating characteristic: the share of pairs in which the row of the class has the higher score; a
 * tie counts half, which is the mid-rank of Mann and Whitney. Needs rows of both sorts.
 */
export function rocAuc({ positive, negative }: RankedScores): number {
  let below = 0
  let upTo = 0
  let pairs = 0
  for (const score of positive) {
    while (below < negative.length && negative[below]! < score) below++
    while (upTo < negative.length && negative[upTo]! <= score) upTo++
    pairs += (below + upTo) / 2
  }
  return pairs / (positive.length * negative.length)
}

/**
 * Average precision: the sum over thresholds of (growth of recall) · precision, without interpolation. Rows with equal
 * scores are taken together. Needs a row of the class.
 */
export function averagePrecision({ positive, negative }: RankedScores): number {
  let hits = positive.length
  let misses = negative.length
  let area = 0
  while (hits > 0) {
    const threshold = Math.max(positive[hits - 1]!, misses > 0 ? negative[misses - 1]! : -Infinity)
    const before = hits
    while (hits > 0 && positive[hits - 1]! >= threshold) hits--
    while (misses > 0 && negative[misses - 1]! >= threshold) misses--
    const taken = positive.length - hits
    area += ((before - hits) / positive.length) * (taken / (taken + negative.length - misses))
  }
  return area
}
