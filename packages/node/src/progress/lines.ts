import type { StudyEvent, TrialRecord } from '@attune/core'
import { formatMetrics } from './block.ts'
import type { Tally } from './tally.ts'
import type { Styles } from './terminal.ts'
import { count, describeFailure, formatNumber, formatParams, formatTime, plain, warningText } from './text.ts'

/** What is said of an event where lines cannot be written over: nothing, or one line. The tally has taken it in already. */
export function line(event: StudyEvent, tally: Tally, styles: Styles): string | undefined {
  const name = plain(tally.name)
  switch (event.type) {
    case 'study.started': {
      if (event.owner !== tally.owner) return styles.faint(`  ${plain(event.owner)} runs trials too`)
      const goals = tally.objectives.map(({ direction, metric }) => `${direction} ${plain(metric)}`).join(', ')
      const wanted = tally.goal === undefined ? '' : `, ${count(tally.goal, 'trial')}`
      return `${styles.strong(name)}: ${goals}${wanted}${tally.done > 0 ? `; ${tally.done} done already${knownBest(tally)}` : ''}`
    }
    case 'study.stopped':
      return event.owner === tally.owner ? undefined : styles.faint(`  ${plain(event.owner)} has stopped: ${plain(event.reason)}`)
    case 'trial.completed':
      return `${head(event.trial, tally)}  complete  ${values(event.trial, tally)}${effort(event.trial)}${event.trial.violation > 0 ? styles.warn('  violates constraints') : ''}`
    case 'trial.pruned':
      return styles.faint(`${head(event.trial, tally)}  pruned    ${values(event.trial, tally)}${effort(event.trial)}`)
    case 'trial.paused':
      return styles.faint(`${head(event.trial, tally)}  paused    ${formatMetrics(event.trial.reports.at(-1)?.metrics ?? {}, tally.objectives.map(({ metric }) => metric))}${effort(event.trial)}`)
    case 'trial.failed':
      return styles.bad(`${head(event.trial, tally)}  failed    ${reason(event.trial)}`)
    case 'trial.requeued':
      return styles.warn(`${head(event.trial, tally)}  will be started again: ${reason(event.trial)}`)
    case 'best.improved': {
      const best = tally.best.get(0)
      return best === undefined ? undefined : styles.good(`  * best ${plain(best.objective.metric)} ${formatNumber(best.value)}  trial ${best.trial.number}  ${formatParams(best.trial.flatParams)}`.trimEnd())
    }
    case 'warning':
      return styles.warn(`  ! ${warningText(event)}`)
    case 'remark':
      return styles.faint(`  ${warningText(event)}`)
    default:
      return undefined
  }
}

function head({ number, parent }: TrialRecord, { done, goal }: Tally): string {
  const place = goal === undefined ? String(done) : `${String(done).padStart(String(goal).length)}/${goal}`
  return `[${place}] trial ${number}${parent === undefined ? '' : ` (fork of ${parent})`}`
}

function knownBest({ best, partial }: Tally): string {
  const known = best.get(0)
  return known === undefined || partial ? '' : `, best ${plain(known.objective.metric)} ${formatNumber(known.value)} of trial ${known.trial.number}`
}

function values({ values, metrics }: TrialRecord, { objectives }: Tally): string {
  const names = objectives.map(({ metric }) => metric)
  if (values === undefined) return formatMetrics(metrics, names)
  return formatMetrics(Object.fromEntries(names.map((name, index) => [name, values[index] ?? Number.NaN])), names)
}

function effort({ reports, startedAt, endedAt }: TrialRecord): string {
  const step = reports.at(-1)?.step
  const time = startedAt === undefined || endedAt === undefined ? '' : `  ${formatTime(endedAt - startedAt)}`
  return `${step === undefined ? '' : `  step ${formatNumber(step)}`}${time}`
}

function reason({ failure, earlierFailures }: TrialRecord): string {
  const why = failure ?? earlierFailures.at(-1)
  return why === undefined ? 'for an unknown reason' : describeFailure(why)
}
