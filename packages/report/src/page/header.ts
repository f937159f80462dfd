import type { TrialRecord, TrialState } from '@attune/core'
import { bestTrial, countSteps, leaders, trialDuration } from '../results.ts'
import type { StudyData } from '../study-data.ts'
import { count, exactNumber, formatDuration, formatNumber, formatScalar } from '../text.ts'
import { goalName } from './chart.ts'
import { html } from './markup.ts'
import type { Markup } from './markup.ts'

/** One more thing to say at the top of the page, as in `{ label: 'Test accuracy', value: '0.974' }`. */
export interface Fact {
  readonly label: string
  readonly value: string
  /** In small letters below the value. */
  readonly detail?: string
}

const states: readonly TrialState[] = ['complete', 'pruned', 'failed', 'running', 'paused', 'waiting']
const mostLeaders = 12

/** Name, goal and the numbers that matter. */
export function header(study: StudyData, title: string, warnings: number, facts: readonly Fact[]): Markup {
  const { definition, trials } = study
  const valid = trials.filter((trial) => trial.voided === undefined)
  const counted = [...states.map((state) => [state, valid.filter((trial) => trial.state === state).length] as const), ['void', trials.length - valid.length] as const].filter(([, number]) => number > 0)
  const samplers = [...new Set(trials.flatMap((trial) => trial.suggestion?.sampler ?? []))]
  const bounds = definition.constraints.map(({ metric, bound, limit }) => `${metric} ${bound === 'atMost' ? '≤' : '≥'} ${formatNumber(limit)}`)
  const about = [definition.objectives.map(goalName).join(', '), ...(bounds.length > 0 ? [`with ${bounds.join(', ')}`] : []), ...(samplers.length > 0 ? [`sampler ${samplers.join(', ')}`] : []), `seed ${definition.seed}`, ...span(trials)]
  const failed = valid.filter((trial) => trial.state === 'failed').length
  const links = [...(failed > 0 ? [html`<a href="#failures">${count(failed, 'failed trial')}</a>`] : []), ...(warnings > 0 ? [html`<a href="#warnings">${count(warnings, 'warning')}</a>`] : [])]
  const notice = links.length === 0 ? undefined : html`<p class="notice">⚠ ${links.map((link, index) => html`${index > 0 ? ', ' : ''}${link}`)}</p>`
  return html`<header><h1>${title}</h1><p class="sub">${about.join(' · ')}</p>
${notice}<dl class="tiles">${definition.objectives.map((_, index) => bestTile(study, index))}${tile('Trials', String(trials.length), counted.map(([state, number]) => `${number} ${state}`).join(', '))}${stepTile(study)}${computeTile(trials)}${facts.map((fact) => tile(fact.label, fact.value, fact.detail))}</dl></header>`
}

function tile(label: string, value: string, detail?: string, className = ''): Markup {
  return html`<div class="${className}"><dt>${label}</dt><dd>${value}${detail === undefined || detail === '' ? undefined : html`<small>${detail}</small>`}</dd></div>`
}

function bestTile(study: StudyData, index: number): Markup {
  const best = bestTrial(study, index)
  const metric = study.definition.objectives[index]?.metric ?? ''
  const value = best?.values?.[index]
  if (best === undefined || value === undefined) return tile(`Best ${metric}`, '–', study.trials.some((trial) => trial.state === 'complete' && trial.voided === undefined) ? 'no trial keeps the constraints' : 'no trial is complete', 'wide')
  return html`<div class="wide" title="${exactNumber(value)}"><dt>Best ${metric}</dt><dd>${formatNumber(value)}<small>trial ${best.number}</small></dd></div>`
}

function stepTile({ trials }: StudyData): Markup | undefined {
  const steps = countSteps(trials)
  if (steps === undefined) return undefined
  return tile('Steps run', String(steps.run), steps.saved > 0 ? `pruning saved ${steps.saved} (${Math.round((100 * steps.saved) / (steps.run + steps.saved))} %)` : undefined)
}

function computeTile(trials: readonly TrialRecord[]): Markup | undefined {
  const durations = trials.flatMap((trial) => trialDuration(trial) ?? []).toSorted((a, b) => a - b)
  const median = durations[Math.floor(durations.length / 2)]
  return median === undefined ? undefined : tile('Time in trials', formatDuration(durations.reduce((sum, duration) => sum + duration, 0)), `median ${formatDuration(median)}`)
}

function span(trials: readonly TrialRecord[]): string[] {
  const first = trials.reduce((least, trial) => Math.min(least, trial.startedAt ?? Number.POSITIVE_INFINITY), Number.POSITIVE_INFINITY)
  return Number.isFinite(first) ? [`started ${new Date(first).toISOString().slice(0, 16).replace('T', ' ')} UTC`] : []
}

/** Parameters and metrics of the best trial, or of the first trials of the Pareto front. */
export function bestSection(study: StudyData): Markup | undefined {
  const best = leaders(study)
  if (best.length === 0) return undefined
  if (study.definition.objectives.length === 1) {
    const [trial] = best as readonly [TrialRecord]
    return html`<section class="card"><h2>Best trial: ${trial.number}</h2>${values(trial)}</section>`
  }
  const shown = best.slice(0, mostLeaders)
  return html`<section class="card"><h2>Pareto front: ${count(best.length, 'trial')}</h2>${best.length > shown.length ? html`<p class="note">The first ${shown.length}; the others are marked in the table.</p>` : undefined}${shown.map((trial) => html`<details><summary>Trial ${trial.number}: ${study.definition.objectives.map(({ metric }, index) => `${metric} ${formatNumber(trial.values?.[index] ?? Number.NaN)}`).join(', ')}</summary>${values(trial)}</details>`)}</section>`
}

function values(trial: TrialRecord): Markup {
  const params = Object.entries(trial.flatParams).map(([path, value]) => html`<div><dt>${path}</dt><dd title="${typeof value === 'number' ? exactNumber(value) : String(value)}">${formatScalar(value)}</dd></div>`)
  const metrics = Object.entries(trial.metrics).map(([name, value]) => html`<div><dt>${name}</dt><dd title="${exactNumber(value)}">${formatNumber(value)}</dd></div>`)
  return html`<h3>Parameters</h3><dl class="values">${params}</dl><h3>Metrics</h3><dl class="values">${metrics}</dl>`
}
