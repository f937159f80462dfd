import type { TrialRecord } from '@attune/core'
import { improvements } from '../results.ts'
import type { StudyData } from '../study-data.ts'
import { formatNumber } from '../text.ts'
import { axes, goalName, legend, lineLegend, mark, markKind, markName, path, place, svg } from './chart.ts'
import type { Box, MarkKind } from './chart.ts'
import { html } from './markup.ts'
import type { Markup } from './markup.ts'
import { numberAxis, usefulRange } from './number-axis.ts'
import { thin } from './thin.ts'

const box: Box = { width: 620, height: 330, left: 58, right: 14, top: 28, bottom: 44 }
/** Failed trials have no value: they lie on a lane of their own below the plot. */
const lane = 16
const most = 3000

/** Value of each trial over its number, with the best so far; undefined while there is nothing to draw. */
export function historyChart(study: StudyData, objective: number, leading: ReadonlySet<number>): Markup | undefined {
  const goal = study.definition.objectives[objective]
  if (goal === undefined) return undefined
  const valued = study.trials.filter((trial) => valueOf(trial, objective) !== undefined && trial.voided === undefined)
  const failed = study.trials.filter((trial) => trial.state === 'failed' && trial.voided === undefined)
  const useful = usefulRange(valued.map((trial) => valueOf(trial, objective)!), goal.direction)
  if (useful === undefined && failed.length === 0) return undefined
  const bottom = box.height - box.bottom
  const x = numberAxis({ low: 0, high: Math.max(1, study.trials.at(-1)?.number ?? 1), range: [box.left + 8, box.width - box.right - 8], ticks: 8, whole: true })
  const y = numberAxis({ ...(useful ?? { low: 0, high: 1 }), range: [bottom - lane - 8, box.top], nice: true })
  const shown = thin(valued, most, (trial) => leading.has(trial.number))
  const order = (trial: TrialRecord): number => (leading.has(trial.number) ? 2 : trial.state === 'complete' ? 1 : 0)
  const marks = shown.toSorted((a, b) => order(a) - order(b)).map((trial) => {
    const value = valueOf(trial, objective)!
    return mark(markKind(trial, leading), trial.number, x.at(trial.number), y.at(value), describe(trial, goal.metric, value))
  })
  const failures = thin(failed, most).map((trial) => mark('failed', trial.number, x.at(trial.number), bottom - lane / 2, `Trial ${trial.number}, failed: ${trial.failure?.reason ?? 'unknown'}`))
  const best = improvements(study, objective)
  const kinds = [...new Set<MarkKind>([...shown.map((trial) => markKind(trial, leading)), ...(failed.length > 0 ? ['failed' as const] : [])])]
  const beyond = valued.filter((trial) => y.beyond(valueOf(trial, objective)!)).length
  const last = best.at(-1)
  const title = `History of ${goal.metric}`
  const summary = `${goalName(goal)}: ${valued.length} trials with a value${last === undefined ? '' : `; the best is ${formatNumber(valueOf(last, objective)!)}, of trial ${last.number}`}.`
  return html`<section class="card"><h2>${title}</h2><p class="note">Each trial's value, and the best so far. ${beyond > 0 ? `${beyond} beyond the axis, drawn at its edge. ` : ''}${shown.length < valued.length ? `${shown.length} of ${valued.length} trials are drawn.` : ''}</p>
${svg(`history-${objective}`, box, title, summary, [axes(box, x, y, 'trial', goal.metric), soFar(best, objective, x.at, y.at), html`<g>${failures}${marks}</g>`])}
${legend(kinds, study.definition.objectives.length > 1, best.length > 0 ? [lineLegend('so-far', 'best so far')] : [])}</section>`
}

function soFar(best: readonly TrialRecord[], objective: number, x: (value: number) => number, y: (value: number) => number): Markup {
  const points = best.flatMap((trial, index): [number, number][] => {
    const at: [number, number] = [x(trial.number), y(valueOf(trial, objective)!)]
    const before = best[index - 1]
    return before === undefined ? [at] : [[at[0], y(valueOf(before, objective)!)], at]
  })
  return html`<path class="so-far" d="${path(points)}H${place(points.length > 0 ? box.width - box.right - 8 : box.left)}"/>`
}

function describe(trial: TrialRecord, metric: string, value: number): string {
  return `Trial ${trial.number}, ${markName(trial.state, false)}: ${metric} ${formatNumber(value)}`
}

/** The value of an objective, or that of the last report for a trial that was pruned. */
export function valueOf(trial: TrialRecord, objective: number): number | undefined {
  const value = trial.values?.[objective]
  return value === undefined || Number.isNaN(value) ? undefined : value
}
