import type { Command } from 'commander'
import type { Storage } from '@attune/core'
import { describe } from '../describe-error.ts'
import { formatNumber, warningText } from '@attune/node/terminal'
import type { Answer, View } from '../output/answer.ts'
import { textTable } from '../output/text-table.ts'
import { formatDate } from '../study/describe.ts'
import { studyJson } from '../study/json-forms.ts'
import { readStudy, type StudyFacts } from '../study/read-study.ts'
import { addCommand, answerFrom, type CommonOptions, type Invocation } from './command.ts'

export function addStudies(program: Command, invocation: Invocation): void {
  addCommand(program, 'studies', 'list the studies of a file', 'Lists the studies of a file: how far each is, its best value, and when something last happened.', ['attune studies --storage study.db', 'ATTUNE_STORAGE=study.db attune studies --json'])
    .action((options: CommonOptions) => answerFrom(invocation, options, list))
}

/** A study, or why it cannot be read: one that is damaged hides no other. */
type Listed = StudyFacts | { readonly name: string; readonly error: string }

async function list(storage: Storage, file: string): Promise<Answer> {
  const listed: Listed[] = []
  for (const { definition: { name } } of await storage.listStudies()) {
    try {
      listed.push(await readStudy(storage, name))
    } catch (error) {
      listed.push({ name, error: describe(error) })
    }
  }
  return {
    json: { studies: listed.map((each) => ('error' in each ? each : studyJson(each))) },
    text: (view) => (listed.length === 0 ? `${file} has no studies yet.\n` : table(listed, view)),
  }
}

function table(listed: readonly Listed[], view: View): string {
  const rows = listed.map((each) => {
    if ('error' in each) return [each.name, 'unreadable']
    const { study, state, goal, done, lastActivityAt } = each
    return [study.name, state, goal === undefined ? String(done) : `${done}/${goal}`, String(study.counts.failed), String(study.counts.running), best(each), formatDate(lastActivityAt)]
  })
  const columns = [{ title: 'study', shrinks: true }, { title: 'state' }, { title: 'trials', align: 'right' }, { title: 'failed', align: 'right' }, { title: 'running', align: 'right' }, { title: 'best', shrinks: true }, { title: 'last activity' }] as const
  const notes = listed.flatMap((each) => ('error' in each ? [view.styles.warn(`! ${warningText({ source: each.name, message: each.error })}\n`)] : []))
  return textTable(columns, rows, view) + notes.join('')
}

function best({ study, best }: StudyFacts): string {
  if (best.length === 0) return ''
  const [first] = best
  return study.definition.objectives.length > 1 ? `${best.length} on the front` : `${formatNumber(first!.value!)} (trial ${first!.number})`
}
