import { divisionsFor, simplexPoints } from './das-dennis.ts'
import type { Selection, Survivors } from './survivors.ts'

/**
 * NSGA-III (Deb & Jain, IEEE Transactions on Evolutionary Computation 18, 2014): whole ranks of non-domination, and of the last one those that are nearest to
 * reference directions that have fewest points yet. As parents, of two points of one niche the lower rank and then the nearer one (Seada & Deb,
 * U-NSGA-III, EMO 2015), so that it works for any number of objectives. Losses are lower is better, whatever the direction of an objective, so signs make no difference.
 * @param divisions of the unit in reference directions; undefined for the most that give no more directions than points are chosen
 */
export function byNiches(divisions: number | undefined): Selection {
  // Made anew only for another number of parts.
  let known: { readonly objectives: number; readonly parts: number; readonly directions: readonly Float64Array[] } | undefined
  const directionsOf = (objectives: number, parts: number): readonly Float64Array[] => {
    if (known?.objectives !== objectives || known.parts !== parts) known = { objectives, parts, directions: simplexPoints(objectives, parts) }
    return known.directions
  }
  return ({ losses, fronts }, count) => {
    const considered = fronts.flat()
    const objectives = losses[0]?.length ?? 1
    const directions = directionsOf(objectives, divisions ?? divisionsFor(objectives, Math.max(count, objectives)))
    const near = nearest(normalise(considered.map((place) => losses[place] as Float64Array), fronts[0]?.length ?? 0), directions)
    const chosen: number[] = [] // indexes into `considered`
    const crowds = new Int32Array(directions.length)
    const choose = (i: number): void => {
      chosen.push(i)
      crowds[near.direction[i] as number]!++
    }
    let begin = 0
    const ranks = fronts.flatMap((front, rank) => front.map(() => rank))
    for (const front of fronts) {
      const members = Array.from(front, (_, i) => begin + i)
      begin += front.length
      if (chosen.length + members.length <= count) for (const i of members) choose(i)
      else while (chosen.length < count) choose(takeLoneliest(members, near, crowds))
    }
    return survivorsOf(chosen, considered, ranks, near)
  }
}

interface Near {
  /** The reference direction nearest to each point. */
  readonly direction: Int32Array
  /** Squared distance from it. */
  readonly distance: Float64Array
}

function survivorsOf(chosen: readonly number[], considered: readonly number[], ranks: readonly number[], near: Near): Survivors {
  return {
    places: chosen.map((i) => considered[i] as number),
    prefer(first, second) {
      const [a = 0, b = 0] = [chosen[first], chosen[second]]
      const rank = (ranks[a] as number) - (ranks[b] as number)
      if (near.direction[a] !== near.direction[b]) return rank
      return rank || Math.sign((near.distance[a] as number) - (near.distance[b] as number)) || 0
    },
  }
}

/** Removes and answers the point nearest to its direction, of those whose direction has fewest points. */
function takeLoneliest(members: number[], { direction, distance }: Near, crowds: Int32Array): number {
  let best = 0
  for (let i = 1; i < members.length; i++) {
    const [one = 0, other = 0] = [members[i], members[best]]
    const fewer = (crowds[direction[one] as number] as number) - (crowds[direction[other] as number] as number)
    if (fewer < 0 || (fewer === 0 && (distance[one] as number) < (distance[other] as number))) best = i
  }
  return members.splice(best, 1)[0] as number
}

function nearest(points: readonly Float64Array[], directions: readonly Float64Array[]): Near {
  const direction = new Int32Array(points.length)
  const distance = new Float64Array(points.length).fill(Infinity)
  const squares = directions.map((one) => dot(one, one))
  for (const [i, point] of points.entries()) {
    const length = dot(point, point)
    for (const [j, one] of directions.entries()) {
      const along = dot(point, one)
      const squared = length - (along * along) / (squares[j] as number)
      if (squared < (distance[i] as number)) {
        distance[i] = squared
        direction[i] = j
      }
    }
  }
  return { direction, distance }
}

/**
 * Moves the ideal point to 0 and the intercepts of the plane through the extreme points to 1 (section IV-C); where they make no
 * plane, the worst of the first front to 1. The first `front` of the points are the first front.
 */
function normalise(points: readonly Float64Array[], front: number): readonly Float64Array[] {
  const objectives = points[0]?.length ?? 0
  const finite = points.map((point) => point.map((loss) => Math.min(1e300, Math.max(-1e300, loss))))
  const ideal = Float64Array.from({ length: objectives }, (_, i) => finite.reduce((least, point) => Math.min(least, point[i] as number), Infinity))
  const shifted = finite.map((point) => point.map((loss, i) => loss - (ideal[i] as number)))
  const first = shifted.slice(0, front)
  const worst = ideal.map((_, i) => first.reduce((most, point) => Math.max(most, point[i] as number), 0))
  const found = intercepts(first, objectives)
  const widths = worst.map((most, i) => {
    const width = found?.[i] ?? most
    return width > 1e-12 && width <= 10 * most ? width : most > 0 ? most : 1
  })
  return shifted.map((point) => point.map((loss, i) => loss / (widths[i] as number)))
}

/** Where the plane through the extreme point of each axis cuts the axes; undefined if they lie on none. */
function intercepts(points: readonly Float64Array[], objectives: number): Float64Array | undefined {
  if (points.length < objectives) return undefined
  const extremes = Array.from({ length: objectives }, (_, axis) => {
    // The achievement scalarising function along an axis: the largest of the other losses counts 10⁶ times as much.
    const scalarised = (point: Float64Array): number => point.reduce((most, loss, i) => Math.max(most, i === axis ? loss : 1e6 * loss), 0)
    return points.reduce((best, point) => (scalarised(point) < scalarised(best) ? point : best))
  })
  const plane = solve(extremes)
  return plane?.every((one) => one > 0) === true ? plane.map((one) => 1 / one) : undefined
}

/** The vector whose scalar product with each row is 1, by Gaussian elimination; undefined if there is none. */
function solve(rows: readonly Float64Array[]): Float64Array | undefined {
  const size = rows.length
  const left = rows.map((row) => [...row, 1])
  for (let i = 0; i < size; i++) {
    const pivot = left.slice(i).reduce((best, row) => (Math.abs(row[i] as number) > Math.abs(best[i] as number) ? row : best))
    if (!(Math.abs(pivot[i] as number) > 1e-12)) return undefined
    left.splice(left.indexOf(pivot), 1)
    left.splice(i, 0, pivot)
    for (const [j, row] of left.entries()) {
      const factor = (row[i] as number) / (pivot[i] as number)
      if (j !== i) for (let k = i; k <= size; k++) row[k] = (row[k] as number) - factor * (pivot[k] as number)
    }
  }
  return Float64Array.from(left, (row, i) => (row[size] as number) / (row[i] as number))
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number)
  return sum
}
