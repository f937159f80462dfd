import type { Metrics } from '@attune/core'
import stringWidth from 'string-width'
import type { Best, RunningTrial, Tally } from './tally.ts'
import type { Styles } from './terminal.ts'
import { count, fit, formatNumber, formatParams, formatTime, plain, warningText } from './text.ts'

/** What a frame is drawn for. Times are milliseconds. */
export interface Frame {
  readonly columns: number
  /** By the clock that the events' times are compared with. */
  readonly now: number
  /** Since the display began. */
  readonly elapsed: number
  readonly styles: Styles
}

const mostRunning = 4
const mostWarnings = 3
const barWidth = 24

/** The live display: a few lines, none wider than the terminal. */
export function block(tally: Tally, frame: Frame): readonly string[] {
  // The last column stays free: some terminals wrap when it is written.
  const columns = Math.max(10, frame.columns - 1)
  const { styles } = frame
  const running = [...tally.running.values()]
  const lines = [
    headLine(tally, frame, columns),
    ...barLine(tally, frame, columns),
    ...[...tally.best.values()].map((best) => bestLine(best, columns, styles, tally.partial)),
    ...running.slice(0, mostRunning).map((trial) => runningLine(tally, trial, frame, columns)),
    ...(running.length > mostRunning ? [styles.faint(`  … and ${running.length - mostRunning} more`)] : []),
    ...(tally.remark === undefined ? [] : [styles.faint(fit(`  ${plain(tally.remark.source)}: ${plain(tally.remark.message)}`, columns))]),
    ...[...tally.warnings.values()].slice(-mostWarnings).map((warning) => styles.warn(fit(`  ! ${warningText(warning)}`, columns))),
  ]
  return lines
}

function headLine(tally: Tally, { styles }: Frame, columns: number): string {
  const parts = stateParts(tally)
  const tail = parts.map(({ text }) => text).join(', ')
  const name = fit(plain(tally.name), Math.max(8, columns - stringWidth(tail) - 2))
  const room = columns - stringWidth(name) - 2
  if (stringWidth(tail) > room) return `${styles.strong(name)}  ${fit(tail, room)}`
  return `${styles.strong(name)}  ${parts.map(({ text, style }) => (style === undefined ? text : styles[style](text))).join(', ')}`
}

function stateParts({ counts, paused, running }: Tally): readonly { readonly text: string; readonly style?: keyof Styles }[] {
  return [
    { text: `${counts.complete} complete` },
    ...(counts.pruned > 0 ? [{ text: `${counts.pruned} pruned` }] : []),
    ...(paused > 0 ? [{ text: `${paused} paused` }] : []),
    ...(counts.failed > 0 ? [{ text: `${counts.failed} failed`, style: 'bad' as const }] : []),
    ...(running.size > 0 ? [{ text: `${running.size} running`, style: 'accent' as const }] : []),
  ]
}

/** A bar where the goal is known, the rate, and the time gone and left. */
function barLine(tally: Tally, { elapsed, styles }: Frame, columns: number): readonly string[] {
  const { goal, done, seen } = tally
  const left = goal === undefined || seen === 0 ? undefined : (Math.max(0, goal - done) * elapsed) / seen
  const place = goal === undefined ? count(done, 'trial') : `${done}/${goal} trials`
  const time = `${formatTime(elapsed)} elapsed`
  const toGo = left === undefined || left === 0 ? [] : [`about ${formatTime(left)} left`]
  // Where not all of it fits, the rate goes first, then the time gone.
  const choices = [[place, ...(seen > 0 ? [rate(elapsed / seen)] : []), time, ...toGo], [place, time, ...toGo], [place, ...toGo]].map((parts) => parts.join(' · '))
  const text = choices.find((choice) => stringWidth(choice) <= columns - 2) ?? place
  const room = Math.min(barWidth, columns - stringWidth(text) - 4)
  if (goal === undefined || goal === 0 || room < 6) return [`  ${styles.faint(fit(text, columns - 2))}`]
  const full = Math.min(room, Math.floor((room * done) / goal))
  return [`  ${styles.accent('━'.repeat(full))}${styles.faint('─'.repeat(room - full))}  ${styles.faint(text)}`]
}

function rate(perTrial: number): string {
  return perTrial >= 1000 ? `${formatTime(perTrial)} a trial` : `${formatNumber(Number((1000 / Math.max(perTrial, 1e-3)).toPrecision(3)))} trials/s`
}

function bestLine({ objective, value, trial }: Best, columns: number, styles: Styles, partial: boolean): string {
  const number = formatNumber(value)
  const word = `  ${partial ? 'best now' : 'best'} `
  const label = `${word}${fit(plain(objective.metric), Math.min(Math.max(8, Math.floor(columns / 3)), columns - word.length - number.length - 1))} `
  const rest = fit(`  trial ${trial.number}  ${formatParams(trial.flatParams)}`.trimEnd(), columns - stringWidth(label) - number.length)
  return `${label}${styles.good(number)}${styles.faint(rest)}`
}

function runningLine({ objectives }: Tally, trial: RunningTrial, { now, styles }: Frame, columns: number): string {
  const time = formatTime(now - trial.since)
  const step = trial.step === undefined ? '' : `step ${formatNumber(trial.step)}`
  const parts = [`  trial ${trial.number}`, time, step, formatMetrics(trial.metrics, objectives.map(({ metric }) => metric))].filter((part) => part !== '')
  return styles.faint(fit(parts.join('  '), columns))
}

/** Objectives first, then the other metrics. */
export function formatMetrics(metrics: Metrics, first: readonly string[]): string {
  const names = [...first.filter((name) => Object.hasOwn(metrics, name)), ...Object.keys(metrics).filter((name) => !first.includes(name))]
  return names.map((name) => `${plain(name)}=${formatNumber(metrics[name] ?? Number.NaN)}`).join(' ')
}
