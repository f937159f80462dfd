import { nonDominatedRows } from './non-dominated.ts'

/**
 * Boxes that tile what no point dominates, up to a reference point; lower is better. Along the first objective each reaches
 * down to minus infinity. Bounds are given as places in tables, since few different numbers occur among them.
 */
export interface Boxes {
  readonly objectives: number
  /** Number of boxes. */
  readonly count: number
  /** For each objective −Infinity, the losses of the front in rising order, and the reference. */
  readonly levels: readonly Float64Array[]
  /** Places in `levels`, box by box: `objectives` numbers each. */
  readonly lower: Int32Array
  readonly upper: Int32Array
}

/**
 * Tiles what a front leaves undominated, into n + 1 boxes for two objectives, 2n + 1 for three, and at most about n² for four.
 *
 * Local upper bounds are the corners of the largest regions without a point; each is defined by one point per objective
 * (K. Klamroth, R. Lacour, D. Vanderpooten, On the representation of the search region in multi-objective optimization,
 * European Journal of Operational Research 245 (2015), algorithm 3). The box of a bound is what is below it and above
 * the defining points of earlier objectives (R. Lacour, K. Klamroth, C. Fonseca, A box decomposition algorithm to compute the
 * hypervolume indicator, Computers & Operations Research 79 (2017), equation 2, seen from the other side).
 * @param points losses, row by row; rows that are dominated or not better than the reference are left out
 * @param reference a number for each objective
 */
export function boxesAround(points: Float64Array, reference: Float64Array): Boxes {
  const objectives = reference.length
  const front = frontWithin(points, reference)
  const { ranks, levels } = rank(front, reference)
  const size = front.length / objectives
  let bounds: number[] = Array.from({ length: objectives }, () => -1)
  for (let row = 0; row < size; row++) bounds = withPoint(bounds, ranks, row, objectives, size + 1)
  return { objectives, levels, ...boxesOf(bounds, ranks, levels) }
}

/** The rows better than the reference that no other dominates, by the last objective. */
function frontWithin(points: Float64Array, reference: Float64Array): Float64Array {
  const objectives = reference.length
  const rows = Array.from(nonDominatedRows(points, objectives)).filter((row) => {
    const at = row * objectives
    return reference.every((limit, i) => (points[at + i] as number) < limit)
  })
  rows.sort((a, b) => (points[a * objectives + objectives - 1] as number) - (points[b * objectives + objectives - 1] as number) || a - b)
  return Float64Array.from(rows.flatMap((row) => Array.from(points.subarray(row * objectives, (row + 1) * objectives))))
}

/**
 * Losses as ranks from 1 in each objective. Equal losses get different ranks, as if one were a little larger: the bounds need points in
 * general position, and what lies between two equal losses is an empty box.
 */
function rank(front: Float64Array, reference: Float64Array): { readonly ranks: Int32Array; readonly levels: readonly Float64Array[] } {
  const objectives = reference.length
  const size = front.length / objectives
  const ranks = new Int32Array(front.length)
  const levels = Array.from(reference, (limit, objective) => {
    const order = Int32Array.from({ length: size }, (_, row) => row)
    order.sort((a, b) => (front[a * objectives + objective] as number) - (front[b * objectives + objective] as number) || a - b)
    const table = new Float64Array(size + 2)
    table[0] = -Infinity
    table[size + 1] = limit
    for (const [place, row] of order.entries()) {
      ranks[row * objectives + objective] = place + 1
      table[place + 1] = front[row * objectives + objective] as number
    }
    return table
  })
  return { ranks, levels }
}

/** Local upper bounds after one more point. A bound is the rows of its defining points by objective, −1 for the reference. */
function withPoint(bounds: readonly number[], ranks: Int32Array, row: number, objectives: number, top: number): number[] {
  const next: number[] = []
  for (let at = 0; at < bounds.length; at += objectives) {
    let below = true
    for (let i = 0; i < objectives && below; i++) {
      const definer = bounds[at + i] as number
      below = (ranks[row * objectives + i] as number) < (definer < 0 ? top : (ranks[definer * objectives + i] as number))
    }
    if (!below) {
      for (let i = 0; i < objectives; i++) next.push(bounds[at + i] as number)
      continue
    }
    for (let i = 0; i < objectives; i++) {
      if (!(highest(bounds, at, i, ranks, objectives, objectives) < (ranks[row * objectives + i] as number))) continue
      for (let j = 0; j < objectives; j++) next.push(j === i ? row : (bounds[at + j] as number))
    }
  }
  return next
}

/** Highest rank in objective `i` among the definers of the first `end` objectives other than `i`; 0 if there are none. */
function highest(bounds: readonly number[], at: number, i: number, ranks: Int32Array, objectives: number, end: number): number {
  let most = 0
  for (let j = 0; j < end; j++) {
    const definer = bounds[at + j] as number
    if (j !== i && definer >= 0) most = Math.max(most, ranks[definer * objectives + i] as number)
  }
  return most
}

function boxesOf(bounds: readonly number[], ranks: Int32Array, levels: readonly Float64Array[]): { readonly count: number; readonly lower: Int32Array; readonly upper: Int32Array } {
  const objectives = levels.length
  const top = (levels[0] as Float64Array).length - 1
  const lower = new Int32Array(bounds.length)
  const upper = new Int32Array(bounds.length)
  let kept = 0
  for (let at = 0; at < bounds.length; at += objectives) {
    let empty = false
    for (let i = 0; i < objectives; i++) {
      const definer = bounds[at + i] as number
      const high = definer < 0 ? top : (ranks[definer * objectives + i] as number)
      const low = highest(bounds, at, i, ranks, objectives, i)
      lower[kept + i] = low
      upper[kept + i] = high
      empty ||= !(((levels[i] as Float64Array)[low] as number) < ((levels[i] as Float64Array)[high] as number))
    }
    if (!empty) kept += objectives
  }
  return { count: kept / objectives, lower: lower.slice(0, kept), upper: upper.slice(0, kept) }
}
