import type { TrialRecord } from '@attune/core'
import type { StudyData, StudyWarning } from '../study-data.ts'
import { count } from '../text.ts'
import { html } from './markup.ts'
import type { Markup } from './markup.ts'

const mostLinks = 40
const mostEntries = 200

/** Warnings that say the same, together. */
export function groupWarnings(warnings: readonly StudyWarning[]): readonly (readonly StudyWarning[])[] {
  return [...Map.groupBy(warnings, ({ source, message }) => JSON.stringify([source, message])).values()]
}

/** What the study warned of: the same warning once, with its trials. */
export function warningSection(groups: readonly (readonly StudyWarning[])[]): Markup | undefined {
  if (groups.length === 0) return undefined
  const items = groups.slice(0, mostEntries).map((group) => {
    const { source, message } = group[0]!
    return html`<li><b>${source}</b>: ${message}${group.length > 1 ? ` (${group.length} times)` : ''}${trialLinks(group.flatMap(({ number }) => number ?? []))}</li>`
  })
  return html`<section class="card warned"><h2 id="warnings">Warnings</h2><ul class="list">${items}</ul></section>`
}

/** Why trials that are not void failed, finally or in an earlier attempt: the same reason and message once, with its trials and the first stack. */
export function failureSection({ trials }: StudyData): Markup | undefined {
  const failures = trials.filter(({ voided }) => voided === undefined).flatMap((trial: TrialRecord) => [...trial.earlierFailures.map((failure) => ({ trial, failure, final: false })), ...(trial.failure === undefined ? [] : [{ trial, failure: trial.failure, final: true }])])
  if (failures.length === 0) return undefined
  const groups = Map.groupBy(failures, ({ failure, final }) => JSON.stringify([failure.reason, failure.message, final]))
  const items = [...groups.values()].toSorted((a, b) => b.length - a.length).slice(0, mostEntries).map((group) => {
    const { failure, final } = group[0]!
    return html`<li><b>${failure.reason}</b>${final ? '' : ' (started again)'}: ${withoutName(failure.message)}${trialLinks(group.map(({ trial }) => trial.number))}${failure.stack === undefined ? undefined : html`<details><summary>Stack of the first</summary><pre>${failure.stack}</pre></details>`}</li>`
  })
  return html`<section class="card"><h2 id="failures">Failures</h2><p class="note">${count(failures.filter(({ final }) => final).length, 'trial')} failed.</p><ul class="list">${items}</ul></section>`
}

/** The reason says already that it is an error. */
function withoutName(message: string): string {
  return message.replace(/^Error: /, '')
}

function trialLinks(numbers: readonly number[]): Markup {
  const different = [...new Set(numbers)]
  if (different.length === 0) return html``
  return html` <span class="soft">${different.length === 1 ? 'trial' : 'trials'} ${different.slice(0, mostLinks).map((number, index) => html`${index > 0 ? ', ' : ''}<a href="#t${number}">${number}</a>`)}${different.length > mostLinks ? ` and ${different.length - mostLinks} more` : ''}</span>`
}
