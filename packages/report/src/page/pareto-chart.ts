import { paretoFront } from '../results.ts'
import type { StudyData } from '../study-data.ts'
import { formatNumber } from '../text.ts'
import { axes, goalName, legend, lineLegend, mark, markKind, path, svg } from './chart.ts'
import type { Box } from './chart.ts'
import { valueOf } from './history-chart.ts'
import { html } from './markup.ts'
import type { Markup } from './markup.ts'
import { numberAxis, usefulRange } from './number-axis.ts'
import { thin } from './thin.ts'

const box: Box = { width: 620, height: 360, left: 62, right: 16, top: 28, bottom: 44 }
const most = 3000

/** Two objectives against each other, with the Pareto front; undefined if there is nothing to draw. */
export function paretoChart(study: StudyData, first: number, second: number, leading: ReadonlySet<number>): Markup | undefined {
  const [a, b] = [study.definition.objectives[first], study.definition.objectives[second]]
  if (a === undefined || b === undefined) return undefined
  const points = study.trials.flatMap((trial) => {
    const [x, y] = [valueOf(trial, first), valueOf(trial, second)]
    return trial.state !== 'complete' || trial.voided !== undefined || x === undefined || y === undefined ? [] : [{ trial, x, y }]
  })
  const [rangeX, rangeY] = [usefulRange(points.map(({ x }) => x), a.direction), usefulRange(points.map(({ y }) => y), b.direction)]
  if (rangeX === undefined || rangeY === undefined) return undefined
  const x = numberAxis({ ...rangeX, range: [box.left + 8, box.width - box.right - 8], nice: true, ticks: 7 })
  const y = numberAxis({ ...rangeY, range: [box.height - box.bottom - 8, box.top], nice: true })
  const marks = thin(points, most, ({ trial }) => leading.has(trial.number))
    .toSorted((one, other) => Number(leading.has(one.trial.number)) - Number(leading.has(other.trial.number)))
    .map((point) => mark(markKind(point.trial, leading), point.trial.number, x.at(point.x), y.at(point.y), `Trial ${point.trial.number}: ${a.metric} ${formatNumber(point.x)}, ${b.metric} ${formatNumber(point.y)}`))
  const front = paretoFront(study).flatMap((trial): [number, number][] => {
    const [u, v] = [valueOf(trial, first), valueOf(trial, second)]
    return u === undefined || v === undefined ? [] : [[x.at(u), y.at(v)]]
  }).toSorted((one, other) => one[0] - other[0])
  const two = study.definition.objectives.length === 2
  const title = `${a.metric} against ${b.metric}`
  const kinds = [...new Set(points.map(({ trial }) => markKind(trial, leading)))]
  return html`<section class="card"><h2>${title}</h2><p class="note">${goalName(a)}, ${goalName(b)}. No other result is better than one of the Pareto front in everything.</p>
${svg(`pareto-${first}-${second}`, box, title, `${points.length} complete trials, ${front.length} on the Pareto front.`, [axes(box, x, y, a.metric, b.metric), two ? html`<path class="front" d="${path(front)}"/>` : html``, html`<g>${marks}</g>`])}
${legend(kinds, true, two ? [lineLegend('front', 'along the front')] : [])}</section>`
}
