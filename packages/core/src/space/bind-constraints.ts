import type { SpaceConstraint } from '../contracts/space.ts'
import type { FlatParams } from '../contracts/values.ts'
import { AttuneError } from '../errors.ts'
import { linearViolation } from './constraint.ts'
import type { Constraint, FunctionConstraint, LinearConstraint } from './constraint.ts'
import type { LeafDimension } from './leaf-dimension.ts'
import { show } from './show.ts'

/** Constraints as the space and samplers call them. Throws CONSTRAINT for those that cannot belong to the space. */
export function bindConstraints(
  constraints: readonly Constraint<never>[],
  byPath: ReadonlyMap<string, LeafDimension>,
  nest: (flat: FlatParams) => never,
): readonly SpaceConstraint[] {
  const names = new Set<string>()
  return constraints.map((constraint) => {
    const { name } = constraint
    if (typeof name !== 'string' || name === '') refuse(constraint.name, 'needs a name; give one')
    if (names.has(name)) refuse(name, 'is there twice; give each constraint a name of its own')
    names.add(name)
    if (constraint.kind === 'linear') {
      checkLinear(constraint, byPath)
      return { name, violation: (flat) => linearViolation(constraint, flat) }
    }
    if (typeof constraint.check !== 'function') refuse(name, 'has no function; write constraint(name, (params) => …) or linear(…)')
    return { name, violation: (flat) => call(constraint, nest(flat)) }
  })
}

function call(constraint: FunctionConstraint<never>, params: never): number {
  let violation: unknown
  try {
    violation = constraint.check(params)
  } catch (cause) {
    throw new AttuneError('CONSTRAINT', `The constraint '${constraint.name}' threw for ${show(params)}: ${String(cause)}. It must answer a number for every point of the space.`, { cause, details: { name: constraint.name } })
  }
  if (typeof violation !== 'number') refuse(constraint.name, `answered ${show(violation)} for ${show(params)}; it must answer a number, 0 or less where it holds`)
  return violation !== violation ? Infinity : violation
}

function checkLinear({ name, coefficients, atMost, atLeast }: LinearConstraint, byPath: ReadonlyMap<string, LeafDimension>): void {
  const paths = Object.keys(coefficients)
  if (paths.length === 0) refuse(name, 'has no parameters; name at least one')
  for (const path of paths) {
    const dimension = byPath.get(path)
    if (dimension === undefined) refuse(name, `names '${path}', which is not a parameter; the space has ${[...byPath.keys()].slice(0, 20).join(', ')}`)
    if (dimension.leaf !== undefined && 'values' in dimension.leaf && !dimension.leaf.values.every((value) => typeof value === 'number')) {
      refuse(name, `names '${path}', whose values are not numbers; use constraint(name, (params) => …) instead`)
    }
    if (!Number.isFinite(coefficients[path])) refuse(name, `gives '${path}' the coefficient ${show(coefficients[path])}; it must be a finite number`)
  }
  if ((atMost ?? atLeast) === undefined || ![atMost ?? 0, atLeast ?? 0].every(Number.isFinite)) {
    refuse(name, 'needs a finite number for atMost, atLeast, or both')
  }
}

function refuse(name: unknown, why: string): never {
  throw new AttuneError('CONSTRAINT', `The constraint ${show(name)} ${why}.`, { details: { name } })
}
