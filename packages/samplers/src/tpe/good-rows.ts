import type { Observations } from './observations.ts'

/** The observations taken as good, from the best to the worst, and how many of all there are. */
export function goodRows(observations: Observations, count: number): Int32Array {
  const { order, feasibleCount } = observations
  const objectives = feasibleCount === 0 ? 1 : observations.losses(order[0] as number).length
  if (objectives === 1 || feasibleCount <= count) return order.slice(0, count)
  return nonDominated(observations, order.subarray(0, feasibleCount), count)
}

/**
 * The first `count` rows by rank of non-domination (Goldberg 1989); in the rank that does not fit whole, the most
 * crowded row is left out again and again (Deb et al. 2002, with distances brought up to date after each).
 */
function nonDominated(observations: Observations, rows: Int32Array, count: number): Int32Array {
  const chosen: number[] = []
  let rest = Array.from(rows)
  while (chosen.length < count) {
    const front = rest.filter((row) => !rest.some((other) => dominates(observations.losses(other), observations.losses(row))))
    if (chosen.length + front.length > count) {
      chosen.push(...spread(observations, front, count - chosen.length))
    } else {
      chosen.push(...front)
      const taken = new Set(front)
      rest = rest.filter((row) => !taken.has(row))
    }
  }
  return Int32Array.from(chosen)
}

function dominates(a: Float64Array, b: Float64Array): boolean {
  let better = false
  for (let i = 0; i < a.length; i++) {
    if ((a[i] as number) > (b[i] as number)) return false
    if ((a[i] as number) < (b[i] as number)) better = true
  }
  return better
}

function spread(observations: Observations, front: readonly number[], count: number): readonly number[] {
  let kept = front
  while (kept.length > count) {
    const distances = crowding(observations, kept)
    let most = 0
    for (let i = 1; i < kept.length; i++) if ((distances[i] as number) < (distances[most] as number)) most = i
    kept = kept.filter((_, i) => i !== most)
  }
  return kept
}

/** Crowding distance: for each objective the gap between the neighbours on both sides, in parts of the range. */
function crowding(observations: Observations, front: readonly number[]): Float64Array {
  const distances = new Float64Array(front.length)
  const objectives = observations.losses(front[0] as number).length
  for (let objective = 0; objective < objectives; objective++) {
    const loss = (i: number): number => observations.losses(front[i] as number)[objective] as number
    const sorted = front.map((_, i) => i).sort((a, b) => (loss(a) < loss(b) ? -1 : loss(a) > loss(b) ? 1 : a - b))
    const first = sorted[0] as number
    const last = sorted.at(-1) as number
    const range = loss(last) - loss(first)
    distances[first] = Infinity
    distances[last] = Infinity
    if (!(range > 0 && range < Infinity)) continue
    for (let i = 1; i + 1 < sorted.length; i++) {
      const place = sorted[i] as number
      distances[place] = (distances[place] as number) + (loss(sorted[i + 1] as number) - loss(sorted[i - 1] as number)) / range
    }
  }
  return distances
}
