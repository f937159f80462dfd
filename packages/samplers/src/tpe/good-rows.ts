import { frontsOf } from '../model/domination.ts'
import type { Observations } from '../model/observations.ts'
import { byContribution } from './by-contribution.ts'

/**
 * The observations taken as good, from the best to the worst. Of several objectives, ranks of non-domination (Goldberg 1989), and of each rank
 * first what adds most to the hypervolume.
 * @param undominated of several objectives, the feasible complete rows among which the good ones are
 */
export function goodRows(observations: Observations, count: number, undominated: readonly number[]): Int32Array {
  if (undominated.length === 0) return observations.order.slice(0, count)
  // By number first: ties are then broken in the same way whatever the order in which trials were told.
  const rows = undominated.toSorted((a, b) => observations.numberOf(a) - observations.numberOf(b))
  const losses = rows.map((row) => observations.losses(row))
  const chosen: number[] = []
  for (const front of frontsOf(losses, count)) chosen.push(...byContribution(losses, front, Math.min(front.length, count - chosen.length)))
  const good = Int32Array.from({ length: Math.min(count, observations.length) }, (_, i) => rows[chosen[i] ?? -1] ?? -1)
  // What is feasible does not suffice: then the best of the others follow, which `order` has right after them.
  for (let i = chosen.length; i < good.length; i++) good[i] = observations.order[observations.feasibleCount + i - chosen.length] as number
  return good
}
