import type { SpaceConstraint } from '../contracts/space.ts'
import type { FlatParams } from '../contracts/values.ts'
import { AttuneError } from '../errors.ts'

const MOST_TRIES = 10_000

/**
 * Draws until a point keeps all constraints: exact, whatever they are. Throws NEARLY_INFEASIBLE after
 * 10,000 points, naming the constraint that forbade most of them.
 */
export function sampleWithin(constraints: readonly SpaceConstraint[], draw: () => FlatParams): FlatParams {
  const forbidden = constraints.map(() => 0)
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const flatParams = draw()
    let feasible = true
    for (let i = 0; i < constraints.length; i++) {
      if ((constraints[i] as SpaceConstraint).violation(flatParams) <= 0) continue
      feasible = false
      forbidden[i] = (forbidden[i] as number) + 1
    }
    if (feasible) return flatParams
  }
  const most = Math.max(...forbidden)
  const { name } = constraints[forbidden.indexOf(most)] as SpaceConstraint
  const rate = most / MOST_TRIES
  throw new AttuneError('NEARLY_INFEASIBLE', `None of ${MOST_TRIES} random points keeps all constraints: '${name}' forbade ${+(rate * 100).toFixed(2)} % of them. Loosen it, or narrow the bounds of its parameters to where it can hold.`, { details: { name, rate } })
}
