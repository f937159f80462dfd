/**
 * A made problem in the shape of a choice among learners: one parameter decides which others there are, most of which are then idle. Each learner has
 * numbers on both scales, integers and categories with an optimum of their own, two of which depend on each other; what suits the shared
 * parameters depends on the learner. The best value is 0, and every learner but one stays above. peers/problems.py has the same.
 */
import type { Configuration, Parameter, Problem, ProblemEntry } from './problem.ts'

const fraction = (value: number): number => value - Math.floor(value)
const position = (parameter: Parameter & { readonly kind: 'float' | 'int' }, value: number): number => (parameter.log ? Math.log(value / parameter.low) / Math.log(parameter.high / parameter.low) : (value - parameter.low) / (parameter.high - parameter.low))
const isNumber = (parameter: Parameter): parameter is Parameter & { readonly kind: 'float' | 'int' } => parameter.kind === 'float' || parameter.kind === 'int'

/** Parameters of one learner; those with an even number have one more. */
function own(learner: number): readonly Parameter[] {
  const name = (index: number): { readonly name: string; readonly when: { readonly parent: string; readonly value: string } } => ({ name: `l${learner}_p${index}`, when: { parent: 'learner', value: `l${learner}` } })
  const all: readonly Parameter[] = [
    { ...name(0), kind: 'float', low: 1e-5, high: 1, log: true },
    { ...name(1), kind: 'int', low: 1, high: 20, log: false },
    { ...name(2), kind: 'float', low: 0, high: 1, log: false },
    { ...name(3), kind: 'categorical', choices: ['a', 'b', 'c'] },
    { ...name(4), kind: 'int', low: 8, high: 1024, log: true },
    { ...name(5), kind: 'float', low: 1e-3, high: 1e3, log: true },
  ]
  return learner % 2 === 0 ? all : all.slice(0, 5)
}

/** `dimensions` counts all parameters: 5 shared ones, and 11 for each two learners. */
export function hierarchicalProblem(entry: ProblemEntry): Problem {
  const learners = Math.round((((entry.dimensions ?? 0) - 5) * 2) / 11)
  const groups = Array.from({ length: learners }, (_, learner) => own(learner))
  const parameters: readonly Parameter[] = [
    { name: 'learner', kind: 'categorical', choices: groups.map((_, learner) => `l${learner}`) },
    { name: 'scaler', kind: 'categorical', choices: ['s0', 's1', 's2'] },
    { name: 'select', kind: 'categorical', choices: ['none', 'some'] },
    { name: 'balance', kind: 'float', low: 0, high: 1, log: false },
    { name: 'share', kind: 'float', low: 0.1, high: 1, log: false, when: { parent: 'select', value: 'some' } },
    ...groups.flat(),
  ]
  if (parameters.length !== entry.dimensions) throw new Error(`${entry.id}: there is none of ${entry.dimensions} parameters, only of ${parameters.length}`)

  function evaluate(configuration: Configuration): number {
    const learner = Number(String(configuration['learner']).slice(1))
    let value = 0.06 * ((5 * learner + 2) % learners)
    value += configuration['scaler'] === `s${learner % 3}` ? 0 : 0.1
    value += (configuration['select'] === 'none') === (learner % 2 === 0) ? 0 : 0.05
    if (configuration['select'] === 'some') value += 0.2 * (Number(configuration['share']) - 0.5) ** 2
    value += 0.3 * (Number(configuration['balance']) - 0.3 - 0.05 * learner) ** 2
    const distances: number[] = []
    for (const [index, parameter] of (groups[learner] ?? []).entries()) {
      const weight = 0.1 + 0.9 * fraction((6 * learner + index + 1) * Math.SQRT2)
      const chosen = configuration[parameter.name]
      if (!isNumber(parameter)) {
        value += chosen === 'abc'[(learner + index) % 3] ? 0 : 0.3 * weight
        continue
      }
      const centre = 0.2 + 0.6 * fraction((7 * learner + index + 1) * 0.6180339887498949)
      const best = parameter.log ? parameter.low * (parameter.high / parameter.low) ** centre : parameter.low + centre * (parameter.high - parameter.low)
      const distance = Math.sqrt(weight) * (position(parameter, Number(chosen)) - position(parameter, parameter.kind === 'int' ? Math.round(best) : best))
      distances.push(distance)
      value += distance ** 2
    }
    // The first two depend on each other.
    return value + (distances[0] as number) * (distances[1] as number)
  }

  return { id: entry.id, family: entry.family, direction: 'minimize', parameters, evaluate, evaluateMany: (configurations) => Promise.resolve(Float64Array.from(configurations, evaluate)) }
}
