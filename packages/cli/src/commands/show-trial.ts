import type { Explanation, Failure, StudyDefinition, TrialRecord } from '@attune/core'
import { formatNumber, formatScalar, formatTime, plain } from '@attune/node/terminal'
import type { View } from '../output/answer.ts'
import { textTable, wrapped } from '../output/text-table.ts'
import { describeValues, formatDate } from '../study/describe.ts'

const mostReports = 20

/** Everything known of one trial, for people. */
export function trialText(trial: TrialRecord, definition: StudyDefinition, view: View): string {
  const parts = [head(trial, definition, view), parameters(trial, view), metrics(trial, view), reports(trial, view), failures(trial, view)]
  return parts.filter((part) => part !== '').join('\n')
}

function head(trial: TrialRecord, definition: StudyDefinition, view: View): string {
  const { number, state, attempt, origin, parent, owner, suggestion, startedAt, endedAt, checkpoint, toStep, voided, violation } = trial
  const explanation = suggestion?.explanation
  const rows: (readonly [string, string | undefined])[] = [
    ['value', trial.values === undefined ? undefined : describeValues(trial, definition.objectives)],
    ['void', voided],
    ['violation', violation > 0 ? formatNumber(violation) : undefined],
    ['from', [origin === 'sampler' ? (suggestion?.sampler ?? origin) : origin, parent === undefined ? '' : `of trial ${parent}`].filter((text) => text !== '').join(' ')],
    ['model', explanation?.model],
    ['why', explanation?.why],
    ['expected', expected(explanation)],
    ['attempt', attempt === 0 ? 'not started yet' : String(attempt)],
    ['started', startedAt === undefined ? undefined : formatDate(startedAt)],
    ['took', startedAt === undefined || endedAt === undefined ? undefined : formatTime(endedAt - startedAt)],
    ['by', owner],
    ['checkpoint', checkpoint === undefined ? undefined : `after step ${checkpoint.step}`],
    ['to step', toStep === undefined ? undefined : String(toStep)],
  ]
  const known = rows.filter((row): row is [string, string] => row[1] !== undefined)
  return `${view.styles.strong(`${plain(definition.name)}, trial ${number}: ${state}`)}\n${textTable([{ title: '' }, { title: '', shrinks: true }], known, view, 2)}`
}

function expected(explanation: Explanation | undefined): string | undefined {
  return explanation?.predicted?.map(({ metric, mean, deviation }) => `${metric} ${formatNumber(mean)} ± ${formatNumber(deviation)}`).join(', ')
}

function parameters({ flatParams }: TrialRecord, view: View): string {
  const rows = Object.entries(flatParams).map(([path, value]) => [path, formatScalar(value)])
  return rows.length === 0 ? '' : textTable([{ title: 'parameter', shrinks: true }, { title: 'value', shrinks: true }], rows, view, 2)
}

function metrics(trial: TrialRecord, view: View): string {
  const rows = Object.entries(trial.metrics).map(([name, value]) => [name, formatNumber(value)])
  return rows.length === 0 ? '' : textTable([{ title: 'metric', shrinks: true }, { title: 'value' }], rows, view, 2)
}

function reports(trial: TrialRecord, view: View): string {
  const shown = trial.reports.slice(-mostReports)
  if (shown.length === 0) return ''
  const names = [...new Set(shown.flatMap((report) => Object.keys(report.metrics)))]
  const rows = shown.map((report) => [String(report.step), ...names.map((name) => (Object.hasOwn(report.metrics, name) ? formatNumber(report.metrics[name]!) : ''))])
  const more = trial.reports.length > mostReports ? `  … ${trial.reports.length - mostReports} earlier ones: --json has all\n` : ''
  return textTable([{ title: 'step', align: 'right' }, ...names.map((name) => ({ title: plain(name), align: 'right' as const, shrinks: true }))], rows, view, 2) + more
}

function failures({ failure, earlierFailures }: TrialRecord, view: View): string {
  const describe = ({ reason, message, stack }: Failure): string => {
    // The stack repeats the message in its first line.
    const frames = (stack ?? '').split('\n').filter((line) => /^\s+at /.test(line)).map((line) => `    ${plain(line)}\n`)
    return `  ${view.styles.bad(reason)}  ${wrapped(message, view, reason.length + 4)}\n${frames.join('')}`
  }
  return [...earlierFailures.map((each) => describe(each)), ...(failure === undefined ? [] : [describe(failure)])].join('')
}
