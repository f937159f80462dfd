import type { Command } from 'commander'
import type { HistoryEntry, Storage, TrialRecord, Worker } from '@attune/core'
import { count, formatScalar, plain, warningText } from '@attune/node/terminal'
import type { Answer, View } from '../output/answer.ts'
import { textTable, wrapped } from '../output/text-table.ts'
import { describeCorrection, describeCounts, describeLeaf, describeObjective, describeValues, formatDate } from '../study/describe.ts'
import { correctionJson, studyJson, trialJson, workerJson } from '../study/json-forms.ts'
import { readStudy, type StudyFacts } from '../study/read-study.ts'
import { addCommand, answerFrom, wholeNumber, type CommonOptions, type Invocation } from './command.ts'
import { trialText } from './show-trial.ts'

export function addShow(program: Command, invocation: Invocation): void {
  addCommand(program, 'show', 'show one study, or one of its trials', 'Shows one study: what it searches, the best that was found, who works on it, corrections and warnings.', ['attune show digits --storage study.db', 'attune show digits --trial 31'])
    .argument('<study>', 'name of the study')
    .option('--trial <number>', 'show this trial in full instead', wholeNumber(0))
    .action((name: string, options: CommonOptions & { readonly trial?: number }) => answerFrom(invocation, options, (storage) => (options.trial === undefined ? showStudy(storage, name) : showTrial(storage, name, options.trial))))
}

async function showTrial(storage: Storage, name: string, number: number): Promise<Answer> {
  const { study } = await readStudy(storage, name)
  const trial = study.trial(number)
  return { json: { study: name, trial: trialJson(trial) }, text: (view) => trialText(trial, study.definition, view) }
}

interface Warning {
  readonly source: string
  readonly message: string
  readonly number: number | undefined
}

async function showStudy(storage: Storage, name: string): Promise<Answer> {
  const facts = await readStudy(storage, name)
  const warnings: Warning[] = []
  for await (const event of facts.study.events()) if (event.type === 'warning') warnings.push({ source: event.source, message: event.message, number: event.number })
  const corrections = await facts.study.history()
  const { space, constraints, metrics, seed } = facts.study.definition
  return {
    json: {
      study: { ...studyJson(facts), space, constraints: constraints.map((each) => ({ ...each })), metrics, seed },
      workers: facts.workers.map(workerJson),
      corrections: corrections.map(correctionJson),
      warnings: warnings.map(({ source, message, number }) => ({ source, message, trial: number ?? null })),
    },
    text: (view) => [head(facts, view), spacePart(facts, view), frontPart(facts, view), workersPart(facts.workers, view), correctionsPart(corrections, view), warningsPart(warnings, view)].filter((part) => part !== '').join('\n'),
  }
}

function head({ study, state, goal, done, best, workers, lastActivityAt }: StudyFacts, view: View): string {
  const { objectives, constraints, seed } = study.definition
  const cutOff = workers.reduce((total, worker) => total + (worker.state === 'gone' ? worker.running.length : 0), 0)
  const rows = [
    ['state', `${state}: ${goal === undefined ? count(done, 'trial') : `${done} of ${count(goal, 'trial')}`}`],
    ['trials', `${describeCounts(study.counts)}${cutOff === 0 ? '' : ` (${cutOff} cut off: the next process goes on with ${cutOff === 1 ? 'it' : 'them'})`}`],
    ['objective', objectives.map(describeObjective).join(', ')],
    ...(constraints.length === 0 ? [] : [['constraints', constraints.map(({ metric, bound, limit }) => `${metric} ${bound === 'atMost' ? '≤' : '≥'} ${limit}`).join(', ')]]),
    ...(objectives.length > 1 ? [] : [['best', best.length === 0 ? 'none yet' : `${describeValues(best[0]!, objectives)} (trial ${best[0]!.number})`]]),
    ['created', formatDate(study.summary.createdAt)],
    ['last activity', formatDate(lastActivityAt)],
    ['seed', String(seed)],
  ]
  return `${view.styles.strong(plain(study.name))}\n${textTable([{ title: '' }, { title: '', shrinks: true }], rows, view, 2)}`
}

const mostParameters = 40

function spacePart({ study, best }: StudyFacts, view: View): string {
  const { dimensions } = study.space
  if (dimensions.length === 0) return ''
  const [first] = study.definition.objectives.length > 1 ? [] : best
  const rows = dimensions.slice(0, mostParameters).map(({ path, leaf }) => [path, describeLeaf(leaf), ...(first === undefined ? [] : [valueAt(first, path)])])
  const columns = [{ title: 'parameter', shrinks: true }, { title: 'range', shrinks: true }, ...(first === undefined ? [] : [{ title: `best (trial ${first.number})`, shrinks: true }])]
  const more = dimensions.length > mostParameters ? `  … ${dimensions.length - mostParameters} more: --json has all\n` : ''
  return textTable(columns, rows, view, 2) + more
}

function valueAt({ flatParams }: TrialRecord, path: string): string {
  return Object.hasOwn(flatParams, path) ? formatScalar(flatParams[path]!) : '–'
}

const mostOfFront = 20

/** With several objectives: the trials worth a choice. */
function frontPart({ study, best }: StudyFacts, view: View): string {
  const { objectives } = study.definition
  if (objectives.length < 2) return ''
  if (best.length === 0) return '  No trial is complete yet.\n'
  const rows = best.slice(0, mostOfFront).map((trial) => [String(trial.number), ...objectives.map((_, index) => formatScalar(trial.values?.[index] ?? NaN)), Object.entries(trial.flatParams).map(([path, value]) => `${path}=${formatScalar(value)}`).join(' ')])
  const columns = [{ title: 'trial', align: 'right' as const }, ...objectives.map(({ metric }) => ({ title: plain(metric), align: 'right' as const })), { title: 'parameters', shrinks: true }]
  const more = best.length > mostOfFront ? `  … ${best.length - mostOfFront} more: --json has all\n` : ''
  return textTable(columns, rows, view, 2) + more
}

const mostWorkers = 20

/** Those that work now or worked last. */
function workersPart(workers: readonly Worker[], view: View): string {
  if (workers.length === 0) return ''
  const recent = [...workers].sort((a, b) => b.lastSeenAt - a.lastSeenAt).slice(0, mostWorkers)
  const rows = recent.map(({ owner, state, sampler, pruner, running, ended, lastSeenAt }) => [owner, state, running.join(' '), String(ended), [sampler, pruner].filter((part) => part !== undefined).join(', '), formatDate(lastSeenAt)])
  const more = workers.length > mostWorkers ? `  … ${workers.length - mostWorkers} earlier ones: --json has all\n` : ''
  return textTable([{ title: 'worker', shrinks: true }, { title: 'state' }, { title: 'runs', shrinks: true }, { title: 'ended', align: 'right' }, { title: 'sampler, pruner', shrinks: true }, { title: 'last seen' }], rows, view, 2) + more
}

const mostCorrections = 10

/** Who changed what, the last ones. */
function correctionsPart(corrections: readonly HistoryEntry[], view: View): string {
  if (corrections.length === 0) return ''
  const rows = corrections.slice(-mostCorrections).map((entry) => [formatDate(entry.time), describeCorrection(entry), entry.by, entry.note ?? ''])
  const more = corrections.length > mostCorrections ? `  … ${corrections.length - mostCorrections} earlier ones: --json has all\n` : ''
  return textTable([{ title: 'corrected' }, { title: 'what', shrinks: true }, { title: 'by', shrinks: true }, { title: 'note', shrinks: true }], rows, view, 2) + more
}

const mostWarnings = 10

function warningsPart(warnings: readonly Warning[], view: View): string {
  if (warnings.length === 0) return ''
  const lines = warnings.slice(-mostWarnings).map((warning) => `  ${view.styles.warn('!')} ${wrapped(warningText(warning), view, 4)}\n`)
  const more = warnings.length > mostWarnings ? `  … ${warnings.length - mostWarnings} earlier ones: --json has all\n` : ''
  return lines.join('') + more
}
