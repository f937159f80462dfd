import type { History, TrialRecord } from '@attune/core'

/** Hands out each trial of a history once, when it has ended, without a scan of all trials. */
export interface EndedTrials {
  /** Numbers of the trials that have not ended, ascending. */
  readonly open: readonly number[]
  /** Last step of the longest complete trial that is not void, undefined as long as there is none. */
  readonly longest: number | undefined
  /** Calls `take` for each trial that ended since the last update. */
  update(take: (trial: TrialRecord) => void): void
}

export function endedTrials(history: History): EndedTrials {
  let open: number[] = []
  let known = 0
  let longest: number | undefined
  return {
    get longest() {
      return longest
    },
    get open() {
      return open
    },
    update(take) {
      for (; known < history.length; known++) open.push(known)
      const going = new Set([...history.running(), ...history.paused()])
      const losses = history.losses()
      open = open.filter((number) => {
        // Snapshots cost: a trial without any data is not asked for one, it cannot matter to a pruner.
        if (going.has(number) || (Number.isNaN(losses[number]) && history.curve(number).length === 0)) return true
        const trial = history.trial(number)
        if (trial.state !== 'complete' && trial.state !== 'pruned' && trial.state !== 'failed') return true
        const last = trial.reports.at(-1)
        if (trial.state === 'complete' && trial.voided === undefined && last !== undefined) longest = Math.max(longest ?? -Infinity, last.step)
        take(trial)
        return false
      })
    },
  }
}
