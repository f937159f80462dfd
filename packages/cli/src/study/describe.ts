import type { HistoryEntry, Leaf, Metrics, Objective, StudySummary, TrialRecord } from '@attune/core'
import { formatNumber, formatScalar, plain } from '@attune/node/terminal'

/** `2026-11-22 20:41`, in the time of this machine. */
export function formatDate(milliseconds: number): string {
  const date = new Date(milliseconds)
  const two = (number: number): string => String(number).padStart(2, '0')
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}`
}

/** `41 complete, 9 pruned, 1 failed`: the states that trials are in. */
export function describeCounts(counts: StudySummary['counts']): string {
  const present = (['complete', 'pruned', 'failed', 'running', 'waiting', 'paused'] as const).filter((state) => state === 'complete' || counts[state] > 0)
  return present.map((state) => `${counts[state]} ${state}`).join(', ')
}

/** `maximize accuracy`. */
export function describeObjective({ metric, direction, from }: Objective): string {
  return `${direction} ${plain(metric)}${from === 'best' ? ' (its best report)' : ''}`
}

/** `accuracy 0.98123, latency 3.2`. */
export function describeValues({ values }: Pick<TrialRecord, 'values'>, objectives: readonly Objective[]): string {
  return objectives.map(({ metric }, index) => `${plain(metric)} ${values?.[index] === undefined ? '–' : formatNumber(values[index])}`).join(', ')
}

const mostLevels = 8

/** `float 0.0001 to 0.1, log`. */
export function describeLeaf(leaf: Leaf): string {
  if ('values' in leaf) {
    const shown = leaf.values.slice(0, mostLevels).map((value) => formatScalar(value))
    return leaf['.kind'] === 'boolean' ? 'boolean' : `${leaf['.kind']} ${shown.join(' | ')}${leaf.values.length > mostLevels ? ` | … ${leaf.values.length - mostLevels} more` : ''}`
  }
  const { low, high, scale, step, prior } = leaf
  const details = [scale === 'log' ? ', log' : '', step === undefined || (leaf['.kind'] === 'int' && step === 1) ? '' : `, step ${formatNumber(step)}`, prior === undefined ? '' : `, ${prior.kind}`]
  return `${leaf['.kind']} ${formatNumber(low)} to ${formatNumber(high)}${details.join('')}`
}

/** `void trial 31`, `edit trial 4: accuracy 0.9 → 0.91`. */
export function describeCorrection(entry: HistoryEntry): string {
  const { what } = entry
  switch (what) {
    case 'void':
    case 'restore':
      return `${what} trial ${entry.number}`
    case 'edit':
      return `edit trial ${entry.number}: ${describeMetrics(entry.before)} → ${describeMetrics(entry.after)}`
    case 'metrics':
      return `add to trial ${entry.number}: ${describeMetrics(entry.after)}`
    case 'rename':
      return `rename ${entry.before} to ${entry.after}`
    case 'space':
      return `extend the space: ${entry.changes.join(', ')}`
    case 'merge':
      return `merge ${entry.after - entry.before} trials of ${entry.from.name}`
    case 'copy':
      return `copy of ${entry.from.name}`
  }
}

function describeMetrics(metrics: Metrics): string {
  return Object.entries(metrics).map(([name, value]) => `${name} ${formatNumber(value)}`).join(', ')
}
