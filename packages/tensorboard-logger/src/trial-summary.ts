import type { Objective, SearchSpace, TrialRecord } from '@attune/core'
import type { ScalarValue, SummaryEvent, SummaryValue } from './events/event.ts'
import { hparamValues } from './hparam-values.ts'

/** What of a study decides how its trials are written. */
export interface TrialShape {
  readonly objectives: readonly Objective[]
  /** The space as it is now. */
  readonly space: SearchSpace
  /** True if parameters are known only when a trial has ended. */
  readonly definedByRunning: boolean
}

/** Everything that the run of a trial holds at this moment of its life, in the order of its steps. */
export function trialRecords(trial: TrialRecord, shape: TrialShape): readonly SummaryEvent[] {
  return [...sessionStart(trial, shape), ...trial.reports.flatMap(reportRecord), ...ending(trial, shape)]
}

/** A report as a record, if there is anything to show. */
export function reportRecord({ step, time, metrics }: TrialRecord['reports'][number]): readonly SummaryEvent[] {
  const values = scalars(metrics)
  return values.length === 0 ? [] : [{ kind: 'summary', step, time, values }]
}

/** True if the parameters stand: TensorBoard keeps the first start of a session that it sees in a run. */
export function startsSession(trial: TrialRecord, { definedByRunning }: TrialShape): boolean {
  return hasEnded(trial) || (!definedByRunning && Object.keys(trial.flatParams).length > 0)
}

function sessionStart(trial: TrialRecord, shape: TrialShape): readonly SummaryEvent[] {
  if (!startsSession(trial, shape)) return []
  const startedAt = trial.startedAt ?? trial.createdAt
  const step = Math.min(-1, (trial.reports[0]?.step ?? 0) - 1)
  return [{ kind: 'summary', step: Math.max(step, Number.MIN_SAFE_INTEGER), time: startedAt, values: [{ kind: 'session-start', hparams: hparamValues(shape.space, trial.flatParams), startedAt }] }]
}

/**
 * What is written once a trial has ended: the objective (also of a pruned trial, so that it stays in the charts),
 * the final metrics that no curve shows, whether it was pruned, and everything at full precision as a text.
 */
export function ending(trial: TrialRecord, { objectives }: TrialShape): readonly SummaryEvent[] {
  if (!hasEnded(trial)) return []
  const last = trial.reports.at(-1)?.step ?? 0
  const endedAt = trial.endedAt ?? trial.createdAt
  const reported = new Map(trial.reports.flatMap(({ metrics }) => Object.entries(metrics)))
  const objective = finiteObjectives(trial, objectives)
  const own = [...objective, { kind: 'scalar', tag: 'pruned', value: trial.state === 'pruned' ? 1 : 0 } satisfies ScalarValue]
  const reserved = new Set(own.map(({ tag }) => tag))
  const final = scalars(trial.metrics).filter(({ tag }) => !reserved.has(tag))
  // A tag has one point at a step. So where the final value is another than the last that was reported, as with a value measured anew, it comes after. So does
  // the objective where a metric is named `objective`: HParams shows the last point.
  const differing = last < Number.MAX_SAFE_INTEGER ? [...objective, ...final].filter(({ tag, value }) => isShown(value) && reported.has(tag) && reported.get(tag) !== value) : []
  const status = trial.state === 'complete' && trial.voided === undefined ? 'success' : 'failure'
  const end: readonly SummaryValue[] = [
    ...own.filter(({ tag }) => !reported.has(tag)),
    ...final.filter(({ tag }) => !reported.has(tag)),
    { kind: 'text', tag: 'trial/text_summary', markdown: trialMarkdown(trial, objectives) },
    { kind: 'session-end', status, endedAt },
  ]
  const record = (step: number, values: readonly SummaryValue[]): SummaryEvent => ({ kind: 'summary', step, time: endedAt, values })
  return [record(last, end), ...(differing.length === 0 ? [] : [record(last + 1, differing)])]
}

export function hasEnded({ state }: TrialRecord): boolean {
  return state === 'complete' || state === 'pruned' || state === 'failed'
}

export function objectiveTag(objectives: readonly Objective[], index: number): string {
  return objectives.length === 1 ? 'objective' : `objective/${objectives[index]?.metric ?? index}`
}

/** Whether TensorBoard, which keeps 32-bit floats, has it as a finite number. */
export function isShown(value: number): boolean {
  return Number.isFinite(Math.fround(value))
}

/** A non-finite objective breaks the order of the HParams table, so it is only in the text; that of a void trial counts for nobody. */
function finiteObjectives(trial: TrialRecord, objectives: readonly Objective[]): readonly ScalarValue[] {
  if (trial.state === 'failed' || trial.voided !== undefined) return []
  return (trial.values ?? []).map((value, index): ScalarValue => ({ kind: 'scalar', tag: objectiveTag(objectives, index), value })).filter(({ value }) => isShown(value))
}

/** Also a metric that is named as the column of an objective would break the order of the table. */
function scalars(metrics: TrialRecord['metrics']): readonly ScalarValue[] {
  const isSpoiling = (tag: string, value: number): boolean => (tag === 'objective' || tag.startsWith('objective/')) && !isShown(value)
  return Object.entries(metrics).flatMap(([tag, value]) => (tag === '' || isSpoiling(tag, value) ? [] : [{ kind: 'scalar', tag, value }]))
}

function trialMarkdown(trial: TrialRecord, objectives: readonly Objective[]): string {
  return markdownTable(`trial ${trial.number}`, [
    ['state', trial.state],
    ['attempt', trial.attempt],
    ...(trial.voided === undefined ? [] : [['void', trial.voided] as const]),
    ...(trial.failure === undefined ? [] : [['failure', `${trial.failure.reason}: ${trial.failure.message}`] as const]),
    ...(trial.values ?? []).map((value, index) => [`objective ${objectives[index]?.metric ?? index}`, value] as const),
    ...Object.entries(trial.metrics).map(([name, value]) => [`metric ${name}`, value] as const),
    ...Object.entries(trial.flatParams).map(([path, value]) => [`parameter ${path}`, JSON.stringify(value)] as const),
  ])
}

/** A table of two columns. What the cells say is shown as it is, whatever Markdown or HTML it looks like. */
export function markdownTable(title: string, rows: readonly (readonly [string, unknown])[]): string {
  return [`| ${cell(title)} | |`, '|---|---|', ...rows.map(([name, value]) => `| ${cell(name)} | ${cell(String(value))} |`)].join('\n')
}

function cell(text: string): string {
  const line = text.slice(0, 2000).replace(/\s+/g, ' ')
  return line.replace(/[\\`*_{}[\]>|#]/g, '\\$&').replace(/&/g, '&amp;').replace(/</g, '&lt;')
}
