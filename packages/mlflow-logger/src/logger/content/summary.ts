import { encodeJson, type LoggerContext, type StudyDefinition, type TrialRecord, type TrialState } from '@attune/core'
import { csv } from '@attune/report'
import type { Texts } from '../../client/types.ts'
import type { ArtifactWrite, RunIds } from '../writes.ts'
import { studyLinks, type StudyLinks } from './links.ts'
import { ranked } from './ranked.ts'
import { sharedView } from './shared-view.ts'
import { firstLine, scalarText } from './texts.ts'

const states: readonly TrialState[] = ['complete', 'pruned', 'failed', 'running', 'paused', 'waiting']
const mostRows = 10
/** Longer notes are cut by MLflow. */
const mostNote = 7_500
/** Below a long text of somebody else: the links. */
const leastNote = 1_500
/** Columns that a note can show beside each other. */
const mostParams = 6

type Context = Pick<LoggerContext, 'study' | 'space' | 'view'>

/**
 * A note with the best trials so far and the links. `share` keeps a tag with the experiment, and answers whether it may.
 * @param end undefined while the study runs
 * @param before the note so far: what somebody has written above ours stays
 */
export async function noteWrites(context: Context, runs: RunIds, end: { readonly reason: string | undefined } | undefined, share: (tag: string, value: string) => Promise<boolean>, before = ''): Promise<{ readonly tags: Texts; readonly links: StudyLinks }> {
  const shared = sharedView(context, runs.parent)
  const links = await studyLinks(runs, context, (await share(shared.tag, shared.value)) ? shared.key : undefined, end !== undefined)
  const { view } = context
  const trials = view.trials()
  const progress = end === undefined ? 'running' : `${counts(trials)}${end.reason === undefined ? '' : ` · stopped: ${escape(firstLine(end.reason))}`}`
  const ours = before.search(/^\[Trials\]\(.*\) · \[Charts\]\(/m)
  const theirs = (ours < 0 ? before : before.slice(0, ours)).trimEnd()
  const room = Math.max(leastNote, mostNote - theirs.length)
  return { links, tags: { 'mlflow.note.content': `${theirs}${theirs === '' ? '' : '\n\n'}${note(view.study.definition, trials, view.best, links, progress, room)}`, ...(end === undefined ? {} : { 'attune.trials': counts(trials) }) } }
}

/** The history as CSV, and the best parameters. */
export function tableWrites({ view, space }: Context): readonly ArtifactWrite[] {
  const { best } = view
  return [
    { path: 'attune/history.csv', content: csv({ definition: view.study.definition, space, trials: view.trials() }) },
    ...(best === undefined ? [] : [{ path: 'attune/best.json', content: `${encodeJson({ number: best.number, values: best.values ?? [], metrics: best.metrics, params: best.flatParams })}\n` }]),
  ]
}

function note(definition: StudyDefinition, trials: readonly TrialRecord[], best: TrialRecord | undefined, links: StudyLinks, progress: string, most: number): string {
  const { objectives } = definition
  const rows = ranked(trials, objectives[0]?.direction === 'maximize').slice(0, mostRows)
  const params = [...new Set(rows.flatMap(({ flatParams }) => Object.keys(flatParams)))].slice(0, mostParams)
  const table = (of: readonly TrialRecord[]): string => [
    ['trial', 'state', ...objectives.map(({ metric }) => metric), ...params],
    ['--:', '---', ...objectives.map(() => '--:'), ...params.map(() => '---')],
    ...of.map((trial) => [String(trial.number), trial.state, ...objectives.map((_, index) => short(trial.values?.[index])), ...params.map((path) => short(Object.hasOwn(trial.flatParams, path) ? trial.flatParams[path] : undefined))]),
  ].map((cells) => `| ${cells.map(escape).join(' | ')} |\n`).join('')
  const goal = objectives.map(({ direction, metric }) => `${direction} \`${firstLine(metric).replaceAll('`', "'")}\``).join(', ')
  const linkLine = (compare: boolean): string => [`[Trials](${links.trials})`, `[Charts](${links.charts})`, ...(compare && links.compare !== undefined ? [`[Comparison](${links.compare})`] : [])].join(' · ')
  // MLflow's page shows the first lines, and folds the others away.
  const whole = (shown: readonly TrialRecord[], seen: string): string => [
    [
      seen,
      ...(best?.value === undefined || objectives.length > 1 ? [] : [`**Best: trial ${best.number}, ${escape(objectives[0]?.metric ?? 'value')} ${short(best.value)}**`]),
      `${goal} · ${progress}`,
    ].filter((line) => line !== '').join('\n\n'),
    ...(shown.length === 0 ? [] : [table(shown)]),
  ].join('\n\n')
  // A hundred run ids are long, and a link that is cut opens nothing.
  for (const compare of [true, false]) {
    for (const count of [rows.length, 3]) {
      const text = whole(rows.slice(0, count), linkLine(compare))
      if (text.length <= most) return text
    }
  }
  return whole([], linkLine(false)).slice(0, most)
}

function counts(trials: readonly TrialRecord[]): string {
  const valid = trials.filter(({ voided }) => voided === undefined)
  const parts = [...states.map((state) => [valid.filter((trial) => trial.state === state).length, state] as const), [trials.length - valid.length, 'void'] as const]
  return `${trials.length} ${trials.length === 1 ? 'trial' : 'trials'}: ${parts.filter(([number]) => number > 0).map(([number, state]) => `${number} ${state}`).join(', ') || 'none yet'}`
}

function short(value: string | number | boolean | null | undefined): string {
  if (value === undefined) return ''
  return typeof value === 'number' && Number.isFinite(value) ? String(Number(value.toPrecision(5))) : firstLine(scalarText(value), 40)
}

function escape(text: string): string {
  return text.replaceAll(/[\\`*_{}[\]<>|#~!&]/g, '\\$&').replaceAll(/\s*[\r\n]+\s*/g, ' ')
}
