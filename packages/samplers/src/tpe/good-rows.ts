import type { Observations } from '../model/observations.ts'

/** The observations taken as good, from the best to the worst, and how many of all there are. */
export function goodRows(observations: Observations, count: number): Int32Array {
  const { order, feasibleCount } = observations
  const objectives = feasibleCount === 0 ? 1 : observations.losses(order[0] as number).length
  if (objectives === 1 || feasibleCount <= count) return order.slice(0, count)
  return nonDominated(observations, order.subarray(0, feasibleCount), count)
}

/**
 * The first `count` rows by rank of non-domination (Goldberg 1989); of the rank that does not fit whole, those that
 * stand alone (Deb et al. 2002).
 */
function nonDominated(observations: Observations, rows: Int32Array, count: number): Int32Array {
  const chosen: number[] = []
  // Ordered by all losses in turn, a row comes after whatever dominates it.
  let rest = Array.from(rows).sort((a, b) => compare(observations.losses(a), observations.losses(b)))
  while (chosen.length < count) {
    const { front, others } = split(observations, rest)
    chosen.push(...(chosen.length + front.length > count ? spread(observations, front, count - chosen.length) : front))
    rest = others
  }
  return Int32Array.from(chosen)
}

function split(observations: Observations, rows: readonly number[]): { readonly front: readonly number[]; readonly others: number[] } {
  const front: number[] = []
  const others: number[] = []
  const pair = observations.losses(rows[0] as number).length === 2
  for (const row of rows) {
    const losses = observations.losses(row)
    // Of two objectives the front falls in the second, so its last row dominates if any does.
    const dominated = pair && front.length > 0 ? dominates(observations.losses(front.at(-1) as number), losses) : front.some((other) => dominates(observations.losses(other), losses))
    ;(dominated ? others : front).push(row)
  }
  return { front, others }
}

function compare(a: Float64Array, b: Float64Array): number {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return (a[i] as number) < (b[i] as number) ? -1 : 1
  return 0
}

function dominates(a: Float64Array, b: Float64Array): boolean {
  let better = false
  for (let i = 0; i < a.length; i++) {
    if ((a[i] as number) > (b[i] as number)) return false
    if ((a[i] as number) < (b[i] as number)) better = true
  }
  return better
}

/** Leaves out the most crowded rows until so many are left: one at a time near the end, more while there are many. */
function spread(observations: Observations, front: readonly number[], count: number): readonly number[] {
  let kept = front
  while (kept.length > count) {
    const distances = crowding(observations, kept)
    const order = kept.map((_, i) => i).sort((a, b) => (distances[a] as number) - (distances[b] as number) || a - b)
    const dropped = new Set(order.slice(0, Math.ceil((kept.length - count) / 8)))
    kept = kept.filter((_, i) => !dropped.has(i))
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
