import type { TrialRecord } from '@attune/core'
import { own } from '../own.ts'
import type { StudyData } from '../study-data.ts'
import { abridge } from '../text.ts'
import { lineLegend, markName, path, place, svg } from './chart.ts'
import { valueOf } from './history-chart.ts'
import { html } from './markup.ts'
import type { Markup } from './markup.ts'
import { objectiveAxis, parameterAxis } from './parallel-axis.ts'
import type { ParallelAxis } from './parallel-axis.ts'
import { thin } from './thin.ts'

const mostLines = 1000
const mostAxes = 40
/** About the width on a large screen: fewer axes stand further apart, more make the chart scroll. */
const usualWidth = 1160
const right = 54
const height = 400
const top = 50
/** End of the axes; below it lies the place of parameters that a trial does not have. */
const bottom = 344
const inactive = 374
const shades = 8

/** Every trial as a line through its parameters and objectives, coloured by the first objective; undefined without axes or lines. */
export function parallelChart(study: StudyData, leading: ReadonlySet<number>): Markup | undefined {
  const { objectives } = study.definition
  const varying = study.space.dimensions.filter((dimension) => dimension.cells > 1)
  const dimensions = varying.slice(0, mostAxes)
  const valid = study.trials.filter((trial) => trial.voided === undefined)
  const complete = valid.filter((trial) => trial.state === 'complete')
  const candidates = valid.filter((trial) => Object.keys(trial.flatParams).length > 0)
  const trials = thin(candidates, mostLines, (trial) => leading.has(trial.number))
  if (dimensions.length === 0 || trials.length === 0) return undefined
  const ends = objectives.map((objective, index) => {
    const results = complete.flatMap((trial) => valueOf(trial, index) ?? [])
    return { axis: objectiveAxis(objective, results, top, bottom), index }
  }).flatMap(({ axis, index }) => (axis === undefined ? [] : [{ axis, read: (trial: TrialRecord) => valueOf(trial, index) }]))
  const starts = dimensions.map((dimension) => ({ axis: parameterAxis(dimension, top, bottom), read: (trial: TrialRecord) => own(trial.flatParams, dimension.path) }))
  const columns = [...starts, ...ends]
  const left = 18 + 7.4 * Math.max('inactive'.length, ...(columns[0]?.axis.ticks ?? []).map(({ label }) => [...label].length))
  const gap = Math.max(96, Math.min(520, (usualWidth - left - right) / Math.max(1, columns.length - 1)))
  const x = (column: number): number => left + column * gap
  const box = { width: Math.max(usualWidth, x(columns.length - 1) + right), height, left, right, top, bottom: height - bottom }

  const shade = shadeByRank(study, complete)
  const lines = trials
    .map((trial) => ({ trial, shade: shade(trial) }))
    .toSorted((a, b) => Number(leading.has(a.trial.number)) - Number(leading.has(b.trial.number)) || a.shade - b.shade)
    .map(({ trial, shade }) => {
      const points = columns.map(({ axis, read }, column): [number, number] => {
        const value = read(trial)
        const y = value === undefined ? inactive : axis.at(value)
        return [x(column), Number.isNaN(y) ? inactive : y]
      })
      return html`<path class="line ${leading.has(trial.number) ? 's-best' : shade < 0 ? 'rx' : `r${shade}`}" data-t="${trial.number}" d="${path(points)}"><title>Trial ${trial.number}, ${markName(trial.state, false)}</title></path>`
    })
  const missing = [...(trials.length < candidates.length ? [`${trials.length} of ${candidates.length} trials`] : []), ...(dimensions.length < varying.length ? [`${dimensions.length} of ${varying.length} parameters`] : [])]
  const key = objectives[0]?.metric ?? ''
  const title = 'Parallel coordinates'
  return html`<section class="card"><h2>${title}</h2>
<p class="note">Each line is a trial: its parameters from left to right, then ${objectives.length === 1 ? 'its value' : 'its values'}, better at the top. A parameter that a trial does not have is <i>inactive</i>. ${missing.length > 0 ? `Drawn: ${missing.join(', ')}. ` : ''}<span class="screen js" hidden>Drag along an axis to select trials, click it to clear.</span></p>
${svg('parallel', box, title, `${trials.length} trials over ${columns.map(({ axis }) => axis.name).join(', ')}.`, [
    html`<path class="inactive-line" d="M${place(x(0))},${inactive}H${place(x(starts.length - 1))}"/><text x="${left - 10}" y="${inactive}" dy=".32em" text-anchor="end" aria-hidden="true">inactive</text>`,
    html`<g class="${trials.length > 60 ? 'many' : ''}">${lines}</g>`,
    html`${columns.map(({ axis }, column) => drawAxis(axis, column, x(column), gap))}`,
  ])}
<ul class="legend">${lineLegend('line s-best', objectives.length > 1 ? 'Pareto front' : 'best')}<li><svg width="${shades * 11}" height="14" viewBox="0 0 ${shades * 11} 14" aria-hidden="true">${Array.from({ length: shades }, (_, level) => html`<path class="r${level}" stroke-width="6" d="M${level * 11},7h11"/>`)}</svg>worse to better by rank of ${key}</li>${lineLegend('line rx', 'no value')}</ul></section>`
}

function drawAxis(axis: ParallelAxis, column: number, x: number, gap: number): Markup {
  const at = place(x)
  // Names alternate between two rows, so each has the room of two columns.
  const length = Math.floor((2 * gap) / 7.4) - 2
  const ticks = axis.ticks.map((tick) => html`<path class="axis" d="M${place(x - 3)},${place(tick.at)}h6"/><text class="halo" x="${place(x - 6)}" y="${place(tick.at)}" dy=".32em" text-anchor="end">${tick.label}</text>`)
  return html`<g class="column"><path class="axis" d="M${at},${top}V${bottom}"/><g aria-hidden="true">${ticks}</g><text class="name" x="${at}" y="${column % 2 === 0 ? 34 : 18}" text-anchor="middle">${abridge(axis.name, axis.log ? length - 6 : length)}${axis.log ? ' (log)' : ''}<title>${axis.name}${axis.log ? ' (logarithmic)' : ''}</title></text><rect class="brush screen" data-column="${column}" x="${place(x - 14)}" y="${top - 6}" width="28" height="${inactive + 12 - top}"/></g>`
}

/** 0 (worst) to 7 (best) by rank among the complete trials, so that one outlier does not wash out the others; -1 without a value. */
function shadeByRank(study: StudyData, complete: readonly TrialRecord[]): (trial: TrialRecord) => number {
  const sign = study.definition.objectives[0]?.direction === 'maximize' ? 1 : -1
  const sorted = Float64Array.from(complete.flatMap((trial) => valueOf(trial, 0) ?? []), (value) => sign * value).sort()
  return (trial) => {
    const value = valueOf(trial, 0)
    if (value === undefined || sorted.length === 0) return -1
    const below = sorted.findIndex((other) => other >= sign * value)
    const rank = below < 0 ? sorted.length : below
    return Math.min(shades - 1, Math.floor((rank / Math.max(1, sorted.length - 1)) * shades))
  }
}
