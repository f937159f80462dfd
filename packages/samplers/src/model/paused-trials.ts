import type { Problem, TrialRecord } from '@attune/core'

/**
 * Trials that are paused, as if they had been pruned where they are: what they have reported teaches, and most of them never go on (under a
 * pruner that promotes, a study may have no other trials). Ascending by number.
 * @param most of more, so many are taken, evenly from the longest and best to the shortest
 */
export function pausedTrials({ history, objectives, constraints }: Problem, most: number): readonly TrialRecord[] {
  const numbers = history.paused()
  return (numbers.length <= most ? numbers : thinned(history, numbers, most)).map((number) => {
    const trial = history.trial(number)
    const metrics = trial.reports.at(-1)?.metrics ?? {}
    const values = objectives.map(({ metric }) => metrics[metric] ?? NaN)
    // What was not measured yet is not known to be violated, as with a pruned trial.
    const violation = constraints.reduce((sum, { metric, bound, limit }) => sum + Math.max(0, (bound === 'atMost' ? 1 : -1) * ((metrics[metric] ?? limit) - limit)), 0)
    return { ...trial, state: 'pruned', metrics, violation, values: values.some(Number.isNaN) ? undefined : values, value: values[0] }
  })
}

function thinned(history: Problem['history'], numbers: readonly number[], most: number): readonly number[] {
  const ranked = numbers.map((number) => {
    const { length, steps, losses } = history.curve(number)
    return { number, step: length === 0 ? -Infinity : (steps[length - 1] as number), loss: losses[length - 1] ?? NaN }
  })
  for (const one of ranked) if (Number.isNaN(one.loss)) one.loss = Infinity
  ranked.sort((a, b) => (a.step !== b.step ? (a.step > b.step ? -1 : 1) : a.loss !== b.loss ? (a.loss < b.loss ? -1 : 1) : a.number - b.number))
  return Array.from({ length: most }, (_, i) => (ranked[Math.floor(((i + 0.5) * ranked.length) / most)] as (typeof ranked)[number]).number).sort((a, b) => a - b)
}
