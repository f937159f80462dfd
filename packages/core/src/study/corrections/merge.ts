import type { Operation, Outcome } from '../../contracts/change.ts'
import type { TrialRecord } from '../../contracts/trial-record.ts'
import type { FlatParams } from '../../contracts/values.ts'
import { AttuneError } from '../../errors.ts'
import { mergedFrom, type StudyHistory, type TrialIdentity } from '../../history/study-history.ts'
import { extensionOf } from '../../space/extension.ts'
import { leafToJson } from '../../space/json.ts'
import { sameLeaf } from '../../space/same-leaf.ts'
import { signed, type CorrectionOptions } from './corrections.ts'
import { lines } from './space.ts'
import { list } from '../metrics.ts'
import { refused, type StudyAccess } from '../study-access.ts'

/** How the trials of another study are taken in. */
export interface MergeOptions extends CorrectionOptions {
  readonly note?: string
  /** What trials of the other study have for parameters that it does not know, by path. Those of this study's own revisions are known. */
  readonly values?: FlatParams
}

/** What a merge did. */
export interface MergeResult {
  /** Trials that were added. */
  readonly added: number
  /** Trials that were there already: merged before, or from a copy. */
  readonly known: number
}

/** The study that trials are taken from. */
export interface MergeSource {
  readonly id: string
  readonly history: StudyHistory
}

/** Operations in one write: a storage does them together, while others wait. */
const mostOperations = 500

/**
 * Adds each ended trial of another study that is not void and was not added before. What was written so far stays where it is
 * interrupted, and is not written again. Throws STUDIES_DIFFER with the differences, and OPTION.
 */
export async function merge(access: StudyAccess, owner: string, source: MergeSource, options: MergeOptions): Promise<MergeResult> {
  const signature = signed(owner, options)
  const { name } = source.history.definition
  if (source.id === access.id) throw new AttuneError('OPTION', `Study "${name}" cannot be merged into itself.`)
  const candidates = source.history.ended().toSorted((a, b) => a - b).flatMap((number) => {
    const trial = source.history.trial(number)
    const identity = source.history.identity(number) ?? { study: source.id, number }
    // One whose record was damaged has no parameters: nothing can be learned from it.
    return trial.voided === undefined && Object.keys(trial.flatParams).length > 0 ? [{ trial, identity, key: keyOf(identity) }] : []
  })
  const { history } = access
  const known = new Set<string>()
  let [added, looked, first] = [0, 0, 0]
  let checked: { readonly definition: unknown; readonly space: unknown; readonly values: FlatParams } | undefined
  for (;;) {
    await access.sync()
    if (checked?.definition !== history.definition || checked.space !== history.space) checked = { definition: history.definition, space: history.space, values: compatible(history, source.history, options) }
    for (; looked < history.length; looked++) known.add(keyOf(history.identity(looked) ?? { study: access.id, number: looked }))
    while (first < candidates.length && known.has(candidates[first]!.key)) first++
    const batch: Operation[] = []
    let trials = 0
    for (const { trial, identity, key } of candidates.slice(first, first + mostOperations)) {
      if (known.has(key)) continue
      const flatParams = history.space.complete(trial.flatParams, checked.values)
      const operations = addition(trial, flatParams, { number: history.length + trials, token: `${access.session}/merge.${added + trials}`, owner }, { ...identity, name })
      if (trials > 0 && batch.length + operations.length > mostOperations) break
      batch.push(...operations)
      trials++
    }
    if (trials === 0) return { added, known: candidates.length - added }
    const result = await access.write([...newLeaves(history, source.history), { type: 'merge', from: { id: source.id, name }, trials, ...signature }, ...batch])
    if (result.ok) added += trials
    else if (result.refusal.reason !== 'number-taken') throw refused(result.refusal) // Else somebody else has made a trial: look again.
  }
}

function keyOf({ study, number }: TrialIdentity): string {
  return `${study}#${number}`
}

function addition(trial: TrialRecord, params: FlatParams, { number, token, owner }: { readonly number: number; readonly token: string; readonly owner: string }, from: TrialIdentity & { readonly name: string }): readonly Operation[] {
  const { createdAt, startedAt, endedAt, origin, metrics, reports, attributes } = trial
  const came = { ...from, origin, createdAt, ...(startedAt === undefined ? {} : { startedAt }), ...(endedAt === undefined ? {} : { endedAt }) }
  const outcome: Outcome = trial.failure === undefined ? { state: trial.state as 'complete' | 'pruned', metrics } : { state: 'failed', failure: trial.failure, metrics }
  return [
    { type: 'create', expect: number, origin: 'added', params, attributes: { ...attributes, [mergedFrom]: attributes[mergedFrom] ?? came }, lease: { owner, token, milliseconds: 60_000 } },
    ...reports.map((report) => ({ type: 'report', number, token, step: report.step, metrics: report.metrics }) as const),
    { type: 'finish', number, token, outcome },
  ]
}

/** Leaves that only the other study has met, where both are defined by running. */
function newLeaves(into: StudyHistory, source: StudyHistory): readonly Operation[] {
  if (into.definition.space !== null) return []
  const known = new Set(into.space.dimensions.map(({ path }) => path))
  return source.space.dimensions.filter(({ path }) => !known.has(path)).map(({ path, leaf }) => ({ type: 'extend', path, leaf: leafToJson(leaf) }))
}

/** What trials of the other study have for parameters that they lack. Throws STUDIES_DIFFER. */
function compatible(into: StudyHistory, source: StudyHistory, options: MergeOptions): FlatParams {
  const differences: string[] = []
  const [goals, otherGoals] = [into, source].map(({ definition }) => JSON.stringify(definition.objectives))
  if (goals !== otherGoals) differences.push(`objectives: ${otherGoals} → ${goals}`)
  const { metrics } = into.definition
  if (metrics !== null) {
    const undeclared = new Set(source.ended().flatMap((number) => Object.keys(source.trial(number).metrics)).filter((metric) => !metrics.includes(metric)))
    if (undeclared.size > 0) differences.push(`metrics that are not declared: ${list([...undeclared])}`)
  }
  if (into.definition.space === null || source.definition.space === null) {
    if (into.definition.space !== source.definition.space) differences.push('one space is declared, the other defined by running')
    else for (const { path, leaf } of source.space.dimensions) if (into.space.dimensions.some((other) => other.path === path && !sameLeaf(other.leaf, leaf))) differences.push(`${path}: the two studies define it differently`)
  } else if (into.definition.fingerprint !== source.definition.fingerprint) {
    const { problems, needed, values } = extensionOf(source.space, into.space, { ...into.values, ...options.values })
    differences.push(...problems, ...needed.map((parameter) => `${parameter}: say what trials of the other study had, in values`))
    if (differences.length === 0) return values
  }
  if (differences.length === 0) return {}
  throw new AttuneError('STUDIES_DIFFER', `Study "${source.definition.name}" cannot be merged into "${into.definition.name}": not every trial of the one would have its place in the other:\n${lines(differences)}\nExtend the space of "${into.definition.name}" first (study.extendSpace), or leave the two apart.`, { details: { differences } })
}
