import type { Scalar, TrialRecord } from '@attune/core'
import type { StudyData } from '../study-data.ts'
import { table } from '../table.ts'
import type { Column } from '../table.ts'
import { abridge, exactNumber, formatDuration, formatScalar } from '../text.ts'
import { html } from './markup.ts'
import type { Markup } from './markup.ts'
import { thin } from './thin.ts'

const most = 2000
const longest = 60

/** All trials with all parameters and metrics. The page's script sorts by the exact number in `data-v`, where the one shown is rounded. */
export function trialTable(study: StudyData, leading: ReadonlySet<number>): Markup {
  const { columns, rows } = table(study)
  const used = columns.map((column, index) => ({ column, index })).filter(({ column, index }) => column.key !== 'startedAt' && (column.key === 'number' || rows.some((row) => row[index] !== undefined)))
  const numeric = new Set(used.filter(({ index }) => rows.every((row) => row[index] === undefined || typeof row[index] === 'number')).map(({ index }) => index))
  const pairs = study.trials.map((trial, index) => ({ trial, row: rows[index] ?? [] }))
  const shown = thin(pairs, most, ({ trial }) => leading.has(trial.number))
  const head = used.map(({ column, index }) => html`<th scope="col" class="${numeric.has(index) ? 'n' : ''}" title="${column.key}">${heading(column)}</th>`)
  const body = shown.map(({ trial, row }) => html`<tr id="t${trial.number}" data-t="${trial.number}" class="${leading.has(trial.number) ? 'lead' : ''}">${used.map(({ column, index }) => cell(column, row[index], numeric.has(index), trial))}</tr>
`)
  return html`<section class="card"><h2 id="trials">Trials</h2><p class="note">${shown.length < pairs.length ? `${shown.length} of ${pairs.length} trials, evenly chosen; the CSV has all. ` : ''}<span class="screen js" hidden>Click a column's name to sort, a row to mark its trial in the charts.</span></p>
<p class="selection" hidden><span id="selected"></span><button type="button" id="clear">Show all</button></p>
<div class="table" tabindex="0" role="region" aria-labelledby="trials"><table><thead><tr>${head}</tr></thead><tbody>
${body}</tbody></table></div></section>`
}

function heading(column: Column): string {
  return column.key === 'number' ? '#' : column.key === 'milliseconds' ? 'time' : abridge(column.label, 40)
}

function cell(column: Column, value: Scalar | undefined, numeric: boolean, trial: TrialRecord): Markup {
  if (value === undefined) return html`<td class="none${numeric ? ' n' : ''}">–</td>`
  if (column.key === 'state') return html`<td><span class="s s-${trial.state}">${trial.state}</span></td>`
  if (typeof value === 'number') {
    const [exact, shown] = [exactNumber(value), column.key === 'milliseconds' ? formatDuration(value) : formatScalar(value)]
    return exact === shown ? html`<td class="n">${shown}</td>` : html`<td class="n" data-v="${exact}">${shown}</td>`
  }
  const text = formatScalar(value)
  return [...text].length > longest ? html`<td title="${text}">${abridge(text, longest)}</td>` : html`<td>${text}</td>`
}
