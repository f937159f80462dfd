import { covers } from './non-dominated.ts'

/**
 * Volume of the part of space that is dominated by points and better than a reference point; lower is better.
 * Exact: sweeps in two dimensions (n log n) and three (n²: an insertion into a sorted staircase is a move of memory), and
 * above those the exclusive volumes of L. While, L. Bradstreet, L. Barone, A fast way of calculating exact
 * hypervolumes, IEEE Transactions on Evolutionary Computation 16 (2012).
 * @param points `count` rows of `objectives` losses
 * @param reference `objectives` numbers; rows that are not better than it in every objective count for nothing
 */
export function volumeOf(points: Float64Array, count: number, objectives: number, reference: Float64Array): number {
  let kept = 0
  const inside = new Float64Array(count * objectives)
  for (let row = 0; row < count; row++) {
    let better = true
    for (let i = 0; i < objectives; i++) {
      const loss = points[row * objectives + i] as number
      inside[kept * objectives + i] = loss
      better &&= loss < (reference[i] as number)
    }
    if (!better) continue
    if (inside.subarray(kept * objectives, (kept + 1) * objectives).includes(-Infinity)) return Infinity
    kept++
  }
  return volume(inside, kept, objectives, reference)
}

/**
 * Volume that only this point adds to what the others dominate; 0 if it is not better than the reference in every objective.
 * @param point `objectives` losses
 * @param others `count` rows of as many
 */
export function exclusiveVolume(point: ArrayLike<number>, others: Float64Array, count: number, objectives: number, reference: Float64Array): number {
  let own = 1
  for (let i = 0; i < objectives; i++) own *= Math.max(0, (reference[i] as number) - (point[i] as number))
  if (!(own > 0)) return 0
  if (own === Infinity) {
    const points = Float64Array.from([...others, ...Array.from(point)])
    for (let row = 0; row < count; row++) if (covers(points, row, count, objectives)) return 0
    return Infinity
  }
  const limited = new Float64Array(count * objectives)
  for (let row = 0; row < count; row++) {
    for (let i = 0; i < objectives; i++) limited[row * objectives + i] = Math.max(point[i] as number, others[row * objectives + i] as number)
  }
  return Math.max(0, own - volumeOf(limited, count, objectives, reference))
}

/** All rows are better than the reference. */
function volume(points: Float64Array, count: number, objectives: number, reference: Float64Array): number {
  if (count === 0) return 0
  if (objectives === 1) return (reference[0] as number) - points.subarray(0, count).reduce((least, loss) => Math.min(least, loss), Infinity)
  if (objectives === 2) return area(points, count, reference)
  if (objectives === 3) return sweep(points, count, reference)
  return slices(points, count, objectives, reference)
}

function area(points: Float64Array, count: number, reference: Float64Array): number {
  const order = rowsBy(points, count, 2, 0)
  const right = reference[0] as number
  let top = reference[1] as number
  let sum = 0
  for (const row of order) {
    const y = points[2 * row + 1] as number
    if (y >= top) continue
    sum += (right - (points[2 * row] as number)) * (top - y)
    top = y
  }
  return sum
}

/** Goes up the third objective, keeping the area that is dominated there, and the staircase that bounds it: x rises, y falls. */
function sweep(points: Float64Array, count: number, reference: Float64Array): number {
  const [right, ceiling, roof] = reference as unknown as readonly [number, number, number]
  const xs = new Float64Array(count)
  const ys = new Float64Array(count)
  let steps = 0
  let base = 0
  let height = 0
  let sum = 0
  for (const row of rowsBy(points, count, 3, 2)) {
    const x = points[3 * row] as number
    const y = points[3 * row + 1] as number
    const z = points[3 * row + 2] as number
    if (base > 0) sum += base * (z - height)
    height = z
    let first = 0
    for (let end = steps; first < end;) {
      const middle = (first + end) >> 1
      if ((xs[middle] as number) < x) first = middle + 1
      else end = middle
    }
    let top = first > 0 ? (ys[first - 1] as number) : ceiling
    if (y >= top) continue
    let left = x
    let last = first
    for (; last < steps && (ys[last] as number) >= y; last++) { // these steps disappear under the new one
      base += ((xs[last] as number) - left) * (top - y)
      left = xs[last] as number
      top = ys[last] as number
    }
    base += ((last < steps ? (xs[last] as number) : right) - left) * (top - y)
    xs.copyWithin(first + 1, last, steps)
    ys.copyWithin(first + 1, last, steps)
    xs[first] = x
    ys[first] = y
    steps += 1 - (last - first)
  }
  return sum + base * (roof - height)
}

/**
 * Sum of the exclusive volumes of each row against those after it. Rows go from the worst to the best in the last objective, so what
 * those after a row share with it is as deep as the row itself, and a volume of one objective less is left.
 */
function slices(points: Float64Array, count: number, objectives: number, reference: Float64Array): number {
  const order = rowsBy(points, count, objectives, objectives - 1).reverse()
  const last = objectives - 1
  const limited = new Float64Array(count * last)
  let sum = 0
  for (let place = 0; place < count; place++) {
    const row = (order[place] as number) * objectives
    let own = 1
    for (let i = 0; i < last; i++) own *= (reference[i] as number) - (points[row + i] as number)
    const rest = count - place - 1
    for (let other = 0; other < rest; other++) {
      const from = (order[place + 1 + other] as number) * objectives
      for (let i = 0; i < last; i++) limited[other * last + i] = Math.max(points[row + i] as number, points[from + i] as number)
    }
    own -= volume(limited, last > 3 ? thinned(limited, rest, last) : rest, last, reference)
    sum += own * ((reference[last] as number) - (points[row + last] as number))
  }
  return sum
}

/** Moves the rows that no other covers to the front; answers how many they are. Order is not kept. */
function thinned(points: Float64Array, count: number, objectives: number): number {
  let kept = 0
  for (let row = 0; row < count; row++) {
    let covered = false
    for (let other = 0; other < kept && !covered; other++) {
      if (covers(points, other, row, objectives)) covered = true
      else if (covers(points, row, other, objectives)) {
        kept--
        points.copyWithin(other * objectives, kept * objectives, (kept + 1) * objectives)
        other--
      }
    }
    if (!covered) points.copyWithin(kept++ * objectives, row * objectives, (row + 1) * objectives)
  }
  return kept
}

/** Rows by a rising objective. */
function rowsBy(points: Float64Array, count: number, objectives: number, objective: number): Int32Array {
  const order = Int32Array.from({ length: count }, (_, row) => row)
  return order.sort((a, b) => (points[a * objectives + objective] as number) - (points[b * objectives + objective] as number) || a - b)
}
