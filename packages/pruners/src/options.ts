import { AttuneError, type Problem } from '@attune/core'

interface Bounds {
  readonly least?: number
  /** Excluded lower bound. */
  readonly above?: number
  readonly most?: number
  readonly integer?: boolean
}

/** Refuses options that a pruner does not have: a misspelt one would silently leave the default in force. */
export function refuseUnknownOptions(pruner: string, options: object, known: readonly string[]): void {
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue
    throw new AttuneError('PRUNER_OPTION', `${pruner}() has no option "${name}". Its options are: ${known.join(', ')}.`, { details: { pruner, option: name } })
  }
}

/** Answers `value` if it is a number within the bounds; throws PRUNER_OPTION otherwise. */
export function checkNumber(pruner: string, name: string, value: number, bounds: Bounds): number {
  const { least = -Infinity, above = -Infinity, most = Number.MAX_VALUE, integer = false } = bounds
  if (typeof value === 'number' && value >= least && value > above && value <= most && (!integer || Number.isInteger(value))) return value
  const range = [
    bounds.least === undefined ? undefined : `at least ${least}`,
    bounds.above === undefined ? undefined : `above ${above}`,
    bounds.most === undefined ? undefined : `at most ${most}`,
  ].filter((part) => part !== undefined)
  throw new AttuneError('PRUNER_OPTION', `${pruner}(): "${name}" must be ${integer ? 'a whole' : 'a finite'} number, ${range.join(' and ')}. Got ${String(value)}.`, {
    details: { pruner, option: name, value },
  })
}

/** Throws UNSUPPORTED if there are several objectives: a loss is that of the first one alone. */
export function requireOneObjective(pruner: string, problem: Problem): void {
  if (problem.objectives.length <= 1) return
  const metrics = problem.objectives.map((objective) => objective.metric).join(', ')
  throw new AttuneError('UNSUPPORTED', `${pruner}() judges trials by one objective, and this study has ${problem.objectives.length} (${metrics}). Use the pruner none(), or study one objective and bound the others by constraints.`, {
    details: { pruner, objectives: problem.objectives.length },
  })
}
