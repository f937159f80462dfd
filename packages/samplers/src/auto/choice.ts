import type { Problem } from '@attune/core'

/** The samplers that `auto` has. */
export type ArmName = 'gp' | 'tpe' | 'cma-es' | 'nsga-ii'

/** What is known of a study when its next trial is chosen. */
export interface Facts {
  readonly objectives: number
  /** Parameters, conditional ones included. */
  readonly parameters: number
  /** True if every parameter is a number that is always active. */
  readonly smooth: boolean
  /** Trials that are complete, pruned or failed. */
  readonly ended: number
  /** Trials that are paused: under a pruner that promotes, hardly any may have ended. */
  readonly paused: number
  /** Trials that began after the best one; 0 with several objectives. */
  readonly sinceBest: number
}

export interface Choice {
  readonly arm: ArmName
  /** The rule that chose, as a sentence; equal for equal rules. */
  readonly why: string
}

/** From here on a model of all trials costs more than it brings. */
export const manyTrials = 1000
/** So many trials without a better one speak against the model. */
export const stuckAfter = 25
/** From so many paused trials on, if they are more than have ended, a model of those that have ended knows too little. */
export const manyPaused = 8
/** More parameters than this are too many for one Gaussian process. */
export const manyParameters = 100
/** More objectives than this are too many for hypervolumes. */
export const manyObjectives = 4

/** What `auto` knows before each suggestion. */
export function factsOf({ objectives, space, history }: Problem, ended: number): Facts {
  const { dimensions } = space
  return {
    objectives: objectives.length,
    parameters: dimensions.length,
    smooth: dimensions.every(({ kind, conditions, cells }) => kind === 'number' && conditions.length === 0 && cells > 20),
    ended,
    paused: history.paused().length,
    sinceBest: objectives.length > 1 || history.best < 0 ? 0 : history.length - 1 - history.best,
  }
}

/** The decision rule of `auto`; docs/samplers/choosing.md tells it to people. `number` is that of the trial to be. */
export function choose({ objectives, parameters, smooth, ended, paused, sinceBest }: Facts, number: number): Choice {
  if (objectives > manyObjectives) return { arm: 'nsga-ii', why: `${objectives} objectives are more than hypervolumes are computed for, so NSGA-II breeds good trials.` }
  if (paused >= manyPaused && paused > ended) return { arm: 'tpe', why: 'More trials are paused than have ended, and the Parzen estimator ranks both together.' }
  if (objectives > 1) {
    if (ended >= manyTrials) return { arm: 'nsga-ii', why: `After ${manyTrials} trials NSGA-II breeds good trials, where models of all of them cost more than they bring.` }
    if (parameters > manyParameters) return { arm: 'tpe', why: `${parameters} parameters are too many for Gaussian processes, so the Parzen estimator compares good and bad trials.` }
    return { arm: 'gp', why: 'A Gaussian process for each objective finds out most in few trials.' }
  }
  const other: ArmName = smooth ? 'cma-es' : 'tpe'
  if (parameters > manyParameters) return { arm: other, why: `${parameters} parameters are too many for a Gaussian process, so ${nameOf(other)} searches.` }
  if (ended >= manyTrials) {
    if (number % 4 === 0) return { arm: 'gp', why: `After ${manyTrials} trials every fourth is still chosen by the Gaussian process.` }
    return { arm: other, why: `After ${manyTrials} trials ${nameOf(other)} takes over three of four, because the Gaussian process cannot learn from all of them any more.` }
  }
  if (sinceBest >= stuckAfter && number % 3 === 0) return { arm: other, why: `${stuckAfter} trials without a better one speak against the Gaussian process, so every third trial is chosen by ${nameOf(other)} until there is one.` }
  return { arm: 'gp', why: 'A Gaussian process finds out most in few trials, whatever the kinds of the parameters.' }
}

function nameOf(arm: ArmName): string {
  return arm === 'cma-es' ? 'CMA-ES' : 'the Parzen estimator'
}
