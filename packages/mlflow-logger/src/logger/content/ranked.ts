import type { TrialRecord } from '@attune/core'

/** Trials with a value, the best by the first objective first. */
export function ranked(trials: readonly TrialRecord[], maximize: boolean): readonly TrialRecord[] {
  const sign = maximize ? -1 : 1
  const valued = trials.filter((trial): trial is TrialRecord & { readonly value: number } => trial.value !== undefined && !Number.isNaN(trial.value) && trial.voided === undefined && trial.state !== 'failed')
  return valued.toSorted((a, b) => sign * (a.value - b.value) || a.number - b.number)
}
