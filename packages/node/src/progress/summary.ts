import type { Best, Tally } from './tally.ts'
import type { Styles } from './terminal.ts'
import { count, describeFailure, formatNumber, formatScalar, formatTime, plain, warningText } from './text.ts'

const mostEntries = 5

/** What is left on the screen at the end. `elapsed` is in milliseconds. */
export function summary(tally: Tally, elapsed: number, styles: Styles): readonly string[] {
  const { counts } = tally
  const states = [`${counts.complete} complete`, ...(counts.pruned > 0 ? [`${counts.pruned} pruned`] : []), ...(tally.paused > 0 ? [`${tally.paused} paused`] : []), ...(counts.failed > 0 ? [styles.bad(`${counts.failed} failed`)] : [])]
  const time = tally.before > 0 ? `; ${tally.ended - tally.before} of them in this run of ${formatTime(elapsed)}` : ` in ${formatTime(elapsed)}`
  const lines = [`${styles.strong(plain(tally.name))}: ${states.join(', ')}${time}${tally.stopped === undefined || tally.stopped === '' ? '' : styles.faint(` (${plain(tally.stopped)})`)}`]
  if (tally.best.size === 0) lines.push(styles.warn(counts.complete > 0 ? '  no trial keeps the constraints' : '  no trial is complete'))
  const single = tally.best.size === 1 && tally.objectives.length === 1
  for (const best of tally.best.values()) lines.push(...bestLines(best, styles, single, tally.partial))
  const saved = tally.stepsSaved
  if (saved !== undefined && saved > 0) lines.push(`  pruning saved ${count(saved, 'step')}, ${Math.round((100 * saved) / (saved + tally.steps))}% of ${saved + tally.steps}`)
  lines.push(...entries([...tally.failures.values()].toSorted((a, b) => b.trials.length - a.trials.length).map(({ reason, message, trials }) => styles.bad(`  failed: ${describeFailure({ reason, message })} (${trials.length === 1 ? 'trial' : 'trials'} ${trials.slice(0, mostEntries).join(', ')}${trials.length > mostEntries ? ` and ${trials.length - mostEntries} more` : ''})`)), 'kinds of failures'))
  lines.push(...entries([...tally.warnings.values()].map((warning) => styles.warn(`  ! ${warningText(warning)}`)), 'warnings'))
  return lines
}

function bestLines({ objective, value, trial }: Best, styles: Styles, withParams: boolean, partial: boolean): readonly string[] {
  const head = `  best ${plain(objective.metric)} ${styles.good(formatNumber(value))} of trial ${trial.number}${partial ? styles.faint(' in this run') : ''}`
  if (!withParams) return [head]
  const params = Object.entries(trial.flatParams).map(([path, scalar]) => [plain(path), formatScalar(scalar)] as const)
  const width = Math.min(40, Math.max(0, ...params.map(([path]) => path.length)))
  return [head, ...params.map(([path, text]) => `    ${path.padEnd(width)}  ${text}`)]
}

function entries(lines: readonly string[], noun: string): readonly string[] {
  return lines.length <= mostEntries ? lines : [...lines.slice(0, mostEntries), `  … and ${lines.length - mostEntries} other ${noun}`]
}
