import type { HistoryEntry, Metrics } from '@attune/core'
import type { StudyData } from '../study-data.ts'
import { count, formatNumber } from '../text.ts'
import { html } from './markup.ts'
import type { Markup } from './markup.ts'

const mostEntries = 200

/** Who corrected what, the latest first. */
export function correctionSection({ corrections = [] }: StudyData): Markup | undefined {
  if (corrections.length === 0) return undefined
  const shown = corrections.toReversed().slice(0, mostEntries)
  const items = shown.map((entry) => html`<li><b>${entry.what}</b>${'number' in entry ? html` of trial <a href="#t${entry.number}">${entry.number}</a>` : undefined}: ${changeOf(entry)}${entry.note === undefined ? '' : `. ${entry.note}`} <span class="soft">${entry.by}, ${new Date(entry.time).toISOString().slice(0, 16).replace('T', ' ')} UTC</span></li>`)
  return html`<section class="card"><h2 id="corrections">Corrections</h2>${shown.length < corrections.length ? html`<p class="note">The last ${shown.length} of ${corrections.length}.</p>` : undefined}<ul class="list">${items}</ul></section>`
}

function changeOf(entry: HistoryEntry): string {
  switch (entry.what) {
    case 'void':
      return 'it counts no more'
    case 'restore':
      return 'it counts again'
    case 'edit':
    case 'metrics':
      return Object.keys(entry.after).map((name) => `${name} ${metric(entry.before, name)} → ${metric(entry.after, name)}`).join(', ')
    case 'space':
      return entry.changes.join('; ')
    case 'merge':
      return `${count(entry.after - entry.before, 'trial')} of ${entry.from.name}`
    case 'rename':
    case 'copy':
      return `${entry.before} → ${entry.after}`
  }
}

function metric(metrics: Metrics, name: string): string {
  return Object.hasOwn(metrics, name) ? formatNumber(metrics[name]!) : 'none'
}
