/** True if losses `a` are nowhere above losses `b` and somewhere below. */
export function dominates(a: Float64Array, b: Float64Array): boolean {
  let better = false
  for (let i = 0; i < a.length; i++) {
    if ((a[i] as number) > (b[i] as number)) return false
    if ((a[i] as number) < (b[i] as number)) better = true
  }
  return better
}

/** −1 if losses `a` dominate losses `b`, 1 if `b` dominate `a`, 0 if they are equal, NaN if neither dominates. */
export function compareDomination(a: Float64Array, b: Float64Array): number {
  let order = 0
  for (let i = 0; i < a.length; i++) {
    if (a[i] === b[i]) continue
    const here = (a[i] as number) < (b[i] as number) ? -1 : 1
    if (order === -here) return NaN
    order = here
  }
  return order
}

/** Orders by the first loss, then the second and so on: whatever dominates something comes before it. */
export function compareLosses(a: Float64Array, b: Float64Array): number {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return (a[i] as number) < (b[i] as number) ? -1 : 1
  return 0
}

/**
 * The places in `losses` by rank of non-domination (Goldberg 1989): first those that nothing dominates, then those that nothing but these dominates,
 * and so on until there are `count`; the last front may go beyond. Equals keep the order of `losses`.
 */
export function frontsOf(losses: readonly Float64Array[], count: number): number[][] {
  const fronts: number[][] = []
  let rest = losses.map((_, i) => i).sort((a, b) => compareLosses(losses[a] as Float64Array, losses[b] as Float64Array) || a - b)
  for (let taken = 0; taken < count && rest.length > 0; taken += (fronts.at(-1) as number[]).length) {
    const { front, others } = split(losses, rest)
    fronts.push(front)
    rest = others
  }
  return fronts
}

function split(losses: readonly Float64Array[], order: readonly number[]): { readonly front: number[]; readonly others: number[] } {
  const front: number[] = []
  const others: number[] = []
  const pair = losses[order[0] as number]?.length === 2
  for (const i of order) {
    const own = losses[i] as Float64Array
    // Of two objectives the front falls in the second, so its last point dominates if any does.
    const dominated = pair && front.length > 0 ? dominates(losses[front.at(-1) as number] as Float64Array, own) : front.some((other) => dominates(losses[other] as Float64Array, own))
    ;(dominated ? others : front).push(i)
  }
  return { front, others }
}

/** Leaves out the most crowded of some places until so many are left: half of what is too much while there are very many, one at a time near the end. */
export function leastCrowded(losses: readonly Float64Array[], front: readonly number[], count: number): readonly number[] {
  let kept = front
  while (kept.length > count) {
    const distances = crowding(losses, kept)
    const order = kept.map((_, i) => i).sort((a, b) => (distances[a] as number) - (distances[b] as number) || a - b)
    const dropped = new Set(order.slice(0, Math.ceil((kept.length - count) / (kept.length > 8 * count ? 2 : 8))))
    kept = kept.filter((_, i) => !dropped.has(i))
  }
  return kept
}

/**
 * Crowding distance (Deb et al., IEEE Transactions on Evolutionary Computation 6, 2002): for each objective the gap between the neighbours on both
 * sides, in parts of the range; Infinity at both ends.
 */
export function crowding(losses: readonly Float64Array[], front: readonly number[]): Float64Array {
  const distances = new Float64Array(front.length)
  const objectives = losses[front[0] as number]?.length ?? 0
  for (let objective = 0; objective < objectives; objective++) {
    const loss = (i: number): number => (losses[front[i] as number] as Float64Array)[objective] as number
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
