import type { Amendment } from '../../contracts/change.ts'
import type { TrialRecord } from '../../contracts/trial-record.ts'
import type { Metrics } from '../../contracts/values.ts'
import { AttuneError } from '../../errors.ts'
import { show } from '../../space/show.ts'
import { amendable } from '../../storage/transition.ts'
import { checkMetrics, list } from '../metrics.ts'
import { didYouMean } from '../nearest-name.ts'
import { refused, type StudyAccess } from '../study-access.ts'

/** Who corrects, where that is not the process. */
export interface CorrectionOptions {
  /** A name for the history. Default: the `Host` identity of this process. */
  readonly by?: string
}

const longestText = 10_000
const longestName = 200

/** Throws OPTION unless the value is a text with something in it. */
export function checkText(what: string, value: unknown, longest: number = longestText): string {
  if (typeof value === 'string' && value.trim() !== '' && value.length <= longest) return value
  throw new AttuneError('OPTION', `${what} is ${typeof value === 'string' && value.length > longest ? `a text of ${value.length} characters` : show(value)}: give a text of 1 to ${longest} characters.`)
}

/** Throws OPTION. */
export function checkStudyName(name: unknown): string {
  return checkText('The name of a study', name, longestName)
}

/** Who it is, and why, if anybody says so. Throws OPTION. */
export function signed(owner: string, { by, note }: { readonly by?: string; readonly note?: string | undefined }): { readonly by: string; readonly note?: string } {
  const name = by === undefined ? owner : checkText('by', by)
  return note === undefined ? { by: name } : { by: name, note: checkText('The note', note) }
}

/** Throws OPTION, TRIAL_NOT_FOUND and TRIAL_STATE. */
export async function voidTrial(access: StudyAccess, number: number, reason: string, by: string): Promise<void> {
  await amend(access, number, { void: checkText('The reason', reason) }, by)
}

/** Throws OPTION, TRIAL_NOT_FOUND and TRIAL_STATE. */
export async function restoreTrial(access: StudyAccess, number: number, note: string, by: string): Promise<void> {
  const amendment = { restore: checkText('The note', note) }
  const trial = await correctable(access, number, amendment)
  if (trial.voided === undefined) throw new AttuneError('TRIAL_STATE', `Trial ${number} is not void: there is nothing to take back.`, { details: { number } })
  await amend(access, number, amendment, by)
}

/** Throws OPTION, TRIAL_NOT_FOUND, TRIAL_STATE and INVALID_METRIC. */
export async function editTrial(access: StudyAccess, number: number, metrics: Metrics, note: string, by: string): Promise<void> {
  const amendment = { metrics: checkedMetrics(metrics, access), note: checkText('The note', note) }
  const trial = await correctable(access, number, amendment)
  const names = Object.keys(trial.metrics)
  const unknown = Object.keys(amendment.metrics).find((name) => !Object.hasOwn(trial.metrics, name))
  if (unknown !== undefined) throw new AttuneError('INVALID_METRIC', `Trial ${number} has no metric "${unknown}" to edit, only ${list(names)}.${didYouMean(unknown, names)} One that was measured afterwards is added by study.addMetrics(${number}, { … }).`, { details: { number, metric: unknown } })
  await amend(access, number, amendment, by)
}

/** Throws OPTION, TRIAL_NOT_FOUND, TRIAL_STATE, INVALID_METRIC and METRIC_KNOWN. */
export async function addMetrics(access: StudyAccess, number: number, metrics: Metrics, note: string | undefined, by: string): Promise<void> {
  const add = checkedMetrics(metrics, access)
  const amendment = note === undefined ? { add } : { add, note: checkText('The note', note) }
  refuseKnown(await correctable(access, number, amendment), add, () => true)
  await amend(access, number, amendment, by)
  // Another process may have added the same name in between: the first one holds.
  refuseKnown(access.history.trial(number), add, (name, value) => !Object.is(value, add[name]))
}

/** Throws OPTION and STUDY_EXISTS. */
export async function rename(access: StudyAccess, name: string, by: { readonly by: string; readonly note?: string }): Promise<void> {
  await access.mustWrite([{ type: 'rename', name: checkStudyName(name), ...by }])
}

function checkedMetrics(metrics: Metrics, { history: { definition } }: StudyAccess): Metrics {
  if (typeof metrics !== 'object' || metrics === null || Object.keys(metrics).length === 0) throw new AttuneError('OPTION', `The metrics are ${show(metrics)}: give at least one value by its name, as in { ${definition.objectives[0]!.metric}: 0.5 }.`)
  const checked = { ...checkMetrics(metrics, definition) }
  const objective = definition.objectives.find(({ metric }) => Number.isNaN(checked[metric]))
  if (objective !== undefined) throw new AttuneError('INVALID_METRIC', `The objective "${objective.metric}" cannot become NaN: if the trial has no valid value, take it out with study.void.`)
  return checked
}

function refuseKnown({ number, metrics }: TrialRecord, add: Metrics, isOther: (name: string, value: number) => boolean): void {
  for (const name of Object.keys(add)) {
    const value = Object.hasOwn(metrics, name) ? metrics[name] : undefined
    if (value !== undefined && isOther(name, value)) throw new AttuneError('METRIC_KNOWN', `Trial ${number} has the metric "${name}" already, with the value ${value}: if that is wrong, change it with study.edit(${number}, { metrics: { ${name}: … } }, note).`, { details: { number, metric: name } })
  }
}

/** The trial, as it is by now. */
async function correctable(access: StudyAccess, number: number, amendment: Amendment): Promise<TrialRecord> {
  await access.sync()
  const trial = access.history.trial(number)
  const why = amendable(trial, amendment)
  if (why !== undefined) throw refused({ reason: 'state', message: why, actual: trial.state })
  return trial
}

async function amend(access: StudyAccess, number: number, amendment: Amendment, by: string): Promise<void> {
  await access.mustWrite([{ type: 'amend', number, amendment, by }])
}
