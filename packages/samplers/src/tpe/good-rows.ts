import { compareLosses, frontsOf } from '../model/domination.ts'
import type { Observations } from '../model/observations.ts'
import { byContribution } from './by-contribution.ts'
import type { NearFront } from './near-front.ts'

/** Of a larger front so many are looked at, evenly through its order by losses. */
const mostCompared = 400

/**
 * The observations taken as good, from the best to the worst. Of several objectives, ranks of non-domination (Goldberg 1989), and of each rank
 * first what adds most to the hypervolume.
 * @param nearFront of several objectives, the feasible complete rows among which the good ones are; empty for a single one
 */
export function goodRows(observations: Observations, count: number, nearFront: NearFront): Int32Array {
  if (nearFront.rows.length === 0) return observations.order.slice(0, count)
  const { front } = nearFront
  // By number first: ties are then broken in the same way whatever the order in which trials were told.
  const rows = (front.length >= count ? front : nearFront.rows).toSorted((a, b) => observations.numberOf(a) - observations.numberOf(b))
  const losses = rows.map((row) => observations.losses(row))
  const chosen: number[] = []
  const fronts = front.length >= count ? [[...rows.keys()].sort((a, b) => compareLosses(losses[a] as Float64Array, losses[b] as Float64Array) || a - b)] : frontsOf(losses, count)
  for (const one of fronts) {
    const wanted = Math.min(one.length, count - chosen.length)
    chosen.push(...byContribution(losses, thinned(one, Math.max(wanted, mostCompared)), wanted))
  }
  const good = Int32Array.from({ length: Math.min(count, observations.length) }, (_, i) => rows[chosen[i] ?? -1] ?? -1)
  // What is feasible does not suffice: then the best of the others follow, which `order` has right after them.
  for (let i = chosen.length; i < good.length; i++) good[i] = observations.order[observations.feasibleCount + i - chosen.length] as number
  return good
}

function thinned(front: readonly number[], most: number): readonly number[] {
  if (front.length <= most) return front
  return Array.from({ length: most }, (_, i) => front[Math.round((i * (front.length - 1)) / (most - 1))] as number)
}
