import type { Objective, TrialRecord } from '@attune/core'
import type { ScalarValue, SummaryValue } from './events/event.ts'

/**
 * What is written once a trial has ended: the objective (also of a pruned trial, so that it stays in the charts),
 * the final metrics that no curve shows, whether it was pruned, and everything at full precision as a text.
 */
export function endValues(trial: TrialRecord, objectives: readonly Objective[]): readonly SummaryValue[] {
  const shown = new Set(trial.reports.flatMap((report) => Object.keys(report.metrics)))
  const own: readonly ScalarValue[] = [
    ...finiteObjectives(trial, objectives),
    { kind: 'scalar', tag: 'pruned', value: trial.state === 'pruned' ? 1 : 0 },
  ]
  const final = Object.entries(trial.metrics).map(([tag, value]): ScalarValue => ({ kind: 'scalar', tag, value }))
  const reserved = new Set(own.map((value) => value.tag))
  return [
    ...own.filter((value) => !shown.has(value.tag)),
    ...final.filter((value) => value.tag !== '' && !shown.has(value.tag) && !reserved.has(value.tag)),
    { kind: 'text', tag: 'trial/text_summary', markdown: trialMarkdown(trial, objectives) },
    { kind: 'session-end', status: trial.state === 'complete' ? 'success' : 'failure', endedAt: trial.endedAt ?? trial.createdAt },
  ]
}

/** What is written when an ended trial is corrected: its later point is the one that TensorBoard's tables show. */
export function amendedValues(trial: TrialRecord, objectives: readonly Objective[]): readonly SummaryValue[] {
  return [...finiteObjectives(trial, objectives), { kind: 'text', tag: 'trial/text_summary', markdown: trialMarkdown(trial, objectives) }]
}

/** A non-finite objective breaks the order of the HParams table, so it is only in the text. */
function finiteObjectives(trial: TrialRecord, objectives: readonly Objective[]): readonly ScalarValue[] {
  if (trial.state === 'failed' || trial.values === undefined) return []
  return trial.values
    .map((value, index): ScalarValue => ({ kind: 'scalar', tag: objectiveTag(objectives, index), value }))
    .filter((scalar) => Number.isFinite(Math.fround(scalar.value)))
}

function objectiveTag(objectives: readonly Objective[], index: number): string {
  return objectives.length === 1 ? 'objective' : `objective/${objectives[index]?.metric ?? index}`
}

function trialMarkdown(trial: TrialRecord, objectives: readonly Objective[]): string {
  const rows: readonly (readonly [string, unknown])[] = [
    ['state', trial.state],
    ['attempt', trial.attempt],
    ...(trial.voided === undefined ? [] : [['void', trial.voided] as const]),
    ...(trial.failure === undefined ? [] : [['failure', `${trial.failure.reason}: ${trial.failure.message}`] as const]),
    ...(trial.values ?? []).map((value, index) => [`objective ${objectives[index]?.metric ?? index}`, value] as const),
    ...Object.entries(trial.metrics).map(([name, value]) => [`metric ${name}`, value] as const),
    ...Object.entries(trial.flatParams).map(([path, value]) => [`parameter ${path}`, JSON.stringify(value)] as const),
  ]
  return [`| trial ${trial.number} | |`, '|---|---|', ...rows.map(([name, value]) => `| ${cell(name)} | ${cell(String(value))} |`)].join('\n')
}

function cell(text: string): string {
  const line = text.slice(0, 2000).replace(/\s+/g, ' ')
  return line.replace(/[\\`*_{}[\]>|#]/g, '\\$&').replace(/&/g, '&amp;').replace(/</g, '&lt;')
}
