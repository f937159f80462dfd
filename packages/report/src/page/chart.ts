import { symbol, symbolCircle, symbolDiamond, symbolTimes, symbolTriangle } from 'd3-shape'
import type { Objective, TrialRecord } from '@attune/core'
import type { NumberAxis } from './number-axis.ts'
import { html, trusted } from './markup.ts'
import type { Markup } from './markup.ts'

/** Outer size of a chart, in units of its view box, and the room for labels around its plot. */
export interface Box {
  readonly width: number
  readonly height: number
  readonly left: number
  readonly right: number
  readonly top: number
  readonly bottom: number
}

/** How a trial is drawn: its state, and whether it is a leader or breaks a constraint. */
export type MarkKind = 'best' | 'complete' | 'infeasible' | 'pruned' | 'failed' | 'paused' | 'running' | 'waiting'

export function markKind(trial: TrialRecord, leading: ReadonlySet<number>): MarkKind {
  if (leading.has(trial.number)) return 'best'
  return trial.state === 'complete' && trial.violation > 0 ? 'infeasible' : trial.state
}

const symbols: { readonly [kind in MarkKind]: string } = {
  best: symbol(symbolCircle, 80)() ?? '',
  complete: symbol(symbolCircle, 34)() ?? '',
  infeasible: symbol(symbolTriangle, 40)() ?? '',
  pruned: symbol(symbolDiamond, 34)() ?? '',
  failed: symbol(symbolTimes, 40)() ?? '',
  paused: symbol(symbolDiamond, 34)() ?? '',
  running: symbol(symbolCircle, 34)() ?? '',
  waiting: symbol(symbolCircle, 34)() ?? '',
}

const names: { readonly [kind in MarkKind]: string } = {
  best: 'best',
  complete: 'complete',
  infeasible: 'complete, violates constraints',
  pruned: 'pruned',
  failed: 'failed',
  paused: 'paused',
  running: 'running',
  waiting: 'waiting',
}

/** What a kind of mark means; with several objectives the leaders are those of the Pareto front. */
export function markName(kind: MarkKind, several: boolean): string {
  return several && kind === 'best' ? 'Pareto front' : names[kind]
}

/** Coordinates to a tenth of a pixel: half the size of the page, no visible difference. */
export function place(position: number): string {
  return String(Math.round(position * 10) / 10)
}

/** A trial's mark at a place; `data-p` lets the page's script find the nearest one. */
export function mark(kind: MarkKind, number: number, x: number, y: number, title: string): Markup {
  const at = `${place(x)},${place(y)}`
  return html`<path class="mark s-${kind}" data-t="${number}" data-p="${at}" d="${symbols[kind]}" transform="translate(${at})"><title>${title}</title></path>`
}

/** Explains the marks that a chart uses. */
export function legend(kinds: readonly MarkKind[], several: boolean, more: readonly Markup[]): Markup {
  const items = kinds.map((kind) => html`<li><svg width="14" height="14" viewBox="-7 -7 14 14" aria-hidden="true"><path class="mark s-${kind}" d="${symbols[kind]}"/></svg>${markName(kind, several)}</li>`)
  return html`<ul class="legend">${items}${more}</ul>`
}

/** Explains lines of a class. */
export function lineLegend(className: string, name: string): Markup {
  return html`<li><svg width="22" height="14" viewBox="0 0 22 14" aria-hidden="true"><path class="${className}" d="M1,7L21,7"/></svg>${name}</li>`
}

/** The SVG element around a chart, with what a screen reader says of it. */
export function svg(id: string, box: Box, title: string, description: string, content: readonly Markup[]): Markup {
  return html`<div class="scroll"><svg class="chart" id="${id}" viewBox="0 0 ${box.width} ${box.height}" role="img" aria-labelledby="${id}-t ${id}-d"><title id="${id}-t">${title}</title><desc id="${id}-d">${description}</desc>${content}</svg></div>`
}

/** Grid, labels and names of two axes. */
export function axes(box: Box, x: NumberAxis, y: NumberAxis, xName: string, yName: string): Markup {
  const bottom = box.height - box.bottom
  const right = box.width - box.right
  const lines = [
    ...y.ticks.map(({ at, label }) => html`<path class="grid" d="M${box.left},${place(at)}H${right}"/><text x="${box.left - 8}" y="${place(at)}" dy=".32em" text-anchor="end">${label}</text>`),
    ...x.ticks.map(({ at, label }) => html`<path class="axis" d="M${place(at)},${bottom}v4"/><text x="${place(at)}" y="${bottom + 17}" text-anchor="middle">${label}</text>`),
  ]
  return html`<g aria-hidden="true">${lines}<path class="axis" d="M${box.left},${bottom}H${right}"/><text class="name" x="${box.left}" y="${box.top - 10}">${yName}${y.log ? ' (log)' : ''}</text><text class="name" x="${right}" y="${box.height - 6}" text-anchor="end">${xName}</text></g>`
}

/** Path data through points; a point that is not finite leaves a gap, and a single point becomes a dot. */
export function path(points: Iterable<readonly [number, number]>): Markup {
  let data = ''
  let pen = 'M'
  for (const [x, y] of points) {
    if (!Number.isFinite(x) || !Number.isFinite(y)) {
      pen = 'M'
      continue
    }
    const at = `${place(x)},${place(y)}`
    data += pen + at
    if (pen === 'M') data += `L${at}`
    pen = 'L'
  }
  return trusted(data)
}

/** `maximize valAccuracy`. */
export function goalName(objective: Objective): string {
  return `${objective.direction} ${objective.metric}`
}
