import { choice, type Definition, float, type FlatParams, int, oneOf, ordinal, Space, type SpaceNode } from '@attune/core'
import type { Configuration, Parameter, Problem, Value } from './problem.ts'

/** A benchmark problem as a space of ours, and the way back to the problem's own configurations. */
export interface AttuneProblem<P = Problem> {
  readonly problem: P
  readonly space: Space<unknown>
  readonly configuration: (flatParams: FlatParams) => Configuration
}

/** Conditional parameters become the groups of a `oneOf` at their parent. Dots in names, which paths cannot hold, become underscores. */
export function attuneProblem<P extends { readonly parameters: readonly Parameter[] }>(problem: P): AttuneProblem<P> {
  const definition: Record<string, SpaceNode> = {}
  const nameOfPath = new Map<string, string>()
  const parents = new Set(problem.parameters.flatMap(({ when }) => (when === undefined ? [] : [when.parent])))
  for (const parameter of problem.parameters) {
    if (parameter.when !== undefined) continue
    const name = pathName(parameter.name)
    if (!parents.has(parameter.name) || parameter.kind !== 'categorical') {
      definition[name] = leafOf(parameter)
      nameOfPath.set(name, parameter.name)
      continue
    }
    const branches: Record<string, Definition> = {}
    for (const value of parameter.choices) {
      const children = problem.parameters.filter(({ when }) => when?.parent === parameter.name && when.value === value)
      branches[String(value)] = Object.fromEntries(children.map((child) => [pathName(child.name), leafOf(child)]))
      for (const child of children) nameOfPath.set(`${name}.${String(value)}.${pathName(child.name)}`, child.name)
    }
    definition[name] = oneOf(branches)
    nameOfPath.set(`${name}.type`, parameter.name)
  }
  return {
    problem,
    space: Space.of(definition),
    configuration(flatParams) {
      const configuration: Record<string, Value> = {}
      for (const [path, value] of Object.entries(flatParams)) configuration[nameOfPath.get(path) ?? path] = value as Value
      return configuration
    },
  }
}

function pathName(name: string): string {
  return name.replaceAll('.', '_')
}

function leafOf(parameter: Parameter): SpaceNode {
  if ('choices' in parameter) return (parameter.kind === 'categorical' ? choice : ordinal)(parameter.choices)
  const { low, high, log } = parameter
  return (parameter.kind === 'int' ? int : float)(low, high, { scale: log ? 'log' : 'linear' })
}
