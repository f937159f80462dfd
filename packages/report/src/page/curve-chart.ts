import type { Objective, TrialRecord } from '@attune/core'
import { own } from '../own.ts'
import type { StudyData } from '../study-data.ts'
import { count } from '../text.ts'
import { axes, legend, lineLegend, markKind, markName, path, svg } from './chart.ts'
import type { Box, MarkKind } from './chart.ts'
import { html } from './markup.ts'
import type { Markup } from './markup.ts'
import { numberAxis, usefulRange } from './number-axis.ts'
import { thin, thinLine } from './thin.ts'

const box: Box = { width: 620, height: 330, left: 58, right: 16, top: 28, bottom: 44 }
const mostLines = 600
const mostPoints = 240
/** Faint ones first: what matters is drawn last, on top. */
const order: readonly MarkKind[] = ['waiting', 'paused', 'pruned', 'failed', 'running', 'infeasible', 'complete', 'best']

/** Names of reported metrics: those of the objectives first, then the others. */
export function reportedMetrics(study: StudyData): readonly string[] {
  const names = new Set<string>()
  for (const trial of study.trials) for (const report of trial.reports) for (const name of Object.keys(report.metrics)) names.add(name)
  const objectives = study.definition.objectives.map((objective) => objective.metric).filter((name) => names.has(name))
  return [...new Set([...objectives, ...names])]
}

/** One metric over the steps of every iterative trial; undefined if no trial reported it. */
export function curveChart(study: StudyData, metric: string, index: number, leading: ReadonlySet<number>): Markup | undefined {
  const iterative = study.trials.filter((trial) => trial.voided === undefined && trial.reports.some((report) => Object.hasOwn(report.metrics, metric)))
  const reports = iterative.flatMap((trial) => trial.reports)
  const steps = reports.map((report) => report.step)
  const useful = usefulRange(values(iterative, metric), directionOf(study.definition.objectives, metric, iterative))
  if (useful === undefined) return undefined
  const first = steps.reduce((least, step) => Math.min(least, step), Number.POSITIVE_INFINITY)
  const last = steps.reduce((most, step) => Math.max(most, step), Number.NEGATIVE_INFINITY)
  const x = numberAxis({ low: first, high: Math.max(last, first + 1), range: [box.left + 6, box.width - box.right - 6], ticks: Math.min(8, Math.max(1, last - first)), whole: Number.isInteger(first) && Number.isInteger(last) })
  const y = numberAxis({ ...useful, range: [box.height - box.bottom - 6, box.top], nice: true })
  const several = study.definition.objectives.length > 1
  const shown = thin(iterative, mostLines, (trial) => leading.has(trial.number))
  const lines = shown
    .map((trial) => ({ trial, kind: markKind(trial, leading) }))
    .toSorted((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind))
    .map(({ trial, kind }) => {
      const points = trial.reports.map((report): [number, number] => [x.at(report.step), y.at(own(report.metrics, metric) ?? Number.NaN)])
      return html`<path class="line s-${kind}" data-t="${trial.number}" d="${path(thinLine(points, mostPoints))}"><title>Trial ${trial.number}, ${markName(kind, several)}, ${count(trial.reports.length, 'report')}</title></path>`
    })
  const kinds = order.filter((kind) => shown.some((trial) => markKind(trial, leading) === kind)).toReversed()
  const title = `Learning curves: ${metric}`
  return html`<section class="card"><h2>${title}</h2><p class="note">${metric} at each step of ${iterative.length === 1 ? 'the one iterative trial' : `${iterative.length} iterative trials`}. ${shown.length < iterative.length ? `${shown.length} are drawn.` : ''}</p>
${svg(`curves-${index}`, box, title, `${iterative.length} trials over steps ${first} to ${last}.`, [axes(box, x, y, 'step', metric), html`<g class="${shown.length > 60 ? 'many' : ''}">${lines}</g>`])}
${legend([], several, kinds.map((kind) => lineLegend(`line s-${kind}`, markName(kind, several))))}</section>`
}

function values(trials: readonly TrialRecord[], metric: string): number[] {
  return trials.flatMap((trial) => trial.reports.map((report) => own(report.metrics, metric) ?? Number.NaN))
}

/** The direction of an objective; for any other metric the way that most trials take it. */
function directionOf(objectives: readonly Objective[], metric: string, trials: readonly TrialRecord[]): Objective['direction'] {
  const objective = objectives.find((candidate) => candidate.metric === metric)
  if (objective !== undefined) return objective.direction
  const falling = trials.filter(({ reports }) => own(reports.at(-1)?.metrics ?? {}, metric)! < own(reports[0]?.metrics ?? {}, metric)!).length
  return falling * 2 >= trials.length ? 'minimize' : 'maximize'
}
