import { frontsOf, leastCrowded } from '../model/domination.ts'
import type { Observations } from '../model/observations.ts'

/**
 * The observations taken as good, from the best to the worst. Of several objectives, whole ranks of non-domination (Goldberg 1989), and of the
 * rank that does not fit those that stand alone (Deb et al. 2002).
 */
export function goodRows(observations: Observations, count: number): Int32Array {
  const { order, feasibleCount } = observations
  const objectives = feasibleCount === 0 ? 1 : observations.losses(order[0] as number).length
  if (objectives === 1 || feasibleCount <= count) return order.slice(0, count)
  const rows = order.subarray(0, feasibleCount)
  const losses = Array.from(rows, (row) => observations.losses(row))
  const fronts = frontsOf(losses, count)
  const last = fronts.pop() as number[]
  const whole = fronts.flat()
  return Int32Array.from([...whole, ...leastCrowded(losses, last, count - whole.length)], (place) => rows[place] as number)
}
