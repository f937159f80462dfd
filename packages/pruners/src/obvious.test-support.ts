import type { TrialRecord } from '@attune/core'

/*
 * The rules again, from the records of all trials, as slow and plain as can be. Losses are those of the metric "loss",
 * which is minimised.
 */

interface Loss {
  readonly step: number
  readonly loss: number
}

function lossesOf(trial: TrialRecord): readonly Loss[] {
  return trial.reports.flatMap(({ step, metrics }) => (metrics['loss'] === undefined || Number.isNaN(metrics['loss']) ? [] : [{ step, loss: metrics['loss'] }]))
}

function percentileOf(values: readonly number[], percentile: number): number {
  const sorted = [...values].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
  const rank = ((sorted.length - 1) * percentile) / 100
  const below = sorted[Math.floor(rank)] as number
  const above = sorted[Math.ceil(rank)] as number
  if (!Number.isFinite(below) || !Number.isFinite(above)) return above
  return below + (above - below) * (rank % 1)
}

/** Last step of the longest complete trial. */
function longestOf(trials: readonly TrialRecord[]): number | undefined {
  const lengths = trials.filter((trial) => trial.state === 'complete' && trial.voided === undefined && trial.reports.length > 0).map((trial) => (trial.reports.at(-1) as { step: number }).step)
  return lengths.length === 0 ? undefined : Math.max(...lengths)
}

/** Whether a trial goes on after its last report. */
export type Obvious = (trials: readonly TrialRecord[], number: number) => boolean

export function obviousPercentile(percentile: number, startupTrials: number, warmup: number | undefined, interval: number, minTrials: number): Obvious {
  return (trials, number) => {
    const self = trials[number] as TrialRecord
    const { step, metrics } = self.reports.at(-1) as TrialRecord['reports'][number]
    if (Number.isNaN(metrics['loss'])) return false
    if (metrics['loss'] === undefined) return true
    const warmupSteps = warmup ?? Math.max(1, Math.ceil((longestOf(trials) ?? 0) / 16))
    const complete = trials.filter((trial) => trial.state === 'complete' && trial.voided === undefined)
    if (complete.length < startupTrials || step < warmupSteps) return true
    const earlier = lossesOf(self).filter((report) => report.step < step && report.step >= warmupSteps)
    const intervalOf = (at: number): number => Math.floor((at - warmupSteps) / interval)
    if (earlier.some((report) => intervalOf(report.step) === intervalOf(step))) return true
    const others = complete.flatMap((trial) => lossesOf(trial).filter((report) => report.step <= step).slice(-1)).map(({ loss }) => loss)
    if (others.length < minTrials) return true
    return Math.min(...lossesOf(self).map(({ loss }) => loss)) <= percentileOf(others, percentile)
  }
}

export function obviousAsha(minResource: number | undefined, reductionFactor: number, maxResource: number | undefined): Obvious {
  return (trials, number) => {
    const self = trials[number] as TrialRecord
    const { step, metrics } = self.reports.at(-1) as TrialRecord['reports'][number]
    if (Number.isNaN(metrics['loss'])) return false
    if (metrics['loss'] === undefined) return true
    const valid = trials.filter((trial) => trial.voided === undefined)
    const length = maxResource ?? longestOf(trials)
    if (step >= (length ?? Infinity)) return true
    const first = minResource ?? (length === undefined ? Infinity : Math.max(1, Math.ceil(length / 16)))
    const rungs = Array.from({ length: 30 }, (_, k) => first * reductionFactor ** k).filter((rung) => rung <= step)
    const rung = rungs.at(-1)
    if (rung === undefined || lossesOf(self).some((report) => report.step < step && report.step >= rung)) return true
    const reached = valid.flatMap((trial) => lossesOf(trial).filter((report) => report.step >= rung).slice(0, 1)).map(({ loss }) => loss)
    if (reached.length < reductionFactor) return true
    const sorted = reached.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
    return metrics['loss'] <= (sorted[Math.floor(reached.length / reductionFactor) - 1] as number)
  }
}
