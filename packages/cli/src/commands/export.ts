import { extname } from 'node:path'
import { Option, type Command } from 'commander'
import { encodeJson, type Storage } from '@attune/core'
import { count } from '@attune/node/terminal'
import { csv, readStudy as readData } from '@attune/report'
import type { Answer } from '../output/answer.ts'
import { writeOutput } from '../output/write-output.ts'
import { trialJson } from '../study/json-forms.ts'
import { readStudy } from '../study/read-study.ts'
import { addCommand, answerFrom, type CommonOptions, type Invocation } from './command.ts'

const formats = ['csv', 'json', 'jsonl'] as const
type Format = (typeof formats)[number]

interface ExportOptions extends CommonOptions {
  readonly format?: Format
  readonly output?: string
  readonly spreadsheetSafe?: boolean
}

export function addExport(program: Command, invocation: Invocation): void {
  addCommand(program, 'export', 'write all trials as CSV, JSON or JSON lines', 'Writes all trials of a study as CSV, JSON or JSON lines, with exact numbers.', ['attune export digits --storage study.db > trials.csv', 'attune export digits --output trials.jsonl', 'attune export digits --format jsonl | tail -n 1'])
    .argument('<study>', 'name of the study')
    .addOption(new Option('-f, --format <format>', 'what to write (default: by the ending of the output, else csv; with --json, json)').choices(formats))
    .option('-o, --output <file>', 'write into this file instead of printing')
    .option('--spreadsheet-safe', 'CSV only: put an apostrophe before texts that a spreadsheet would run as a formula')
    .action((name: string, options: ExportOptions) => answerFrom(invocation, options, (storage) => exportStudy(storage, name, options)))
}

async function exportStudy(storage: Storage, name: string, options: ExportOptions): Promise<Answer> {
  const { study } = await readStudy(storage, name)
  const { output } = options
  const ending = formats.find((each) => output !== undefined && extname(output) === `.${each}`)
  const format = options.format ?? ending ?? (options.json === true && output === undefined ? 'json' : 'csv')
  const trials = study.trials()
  const document = { study: name, trials: trials.map(trialJson) }
  const content = async (): Promise<string> => {
    if (format === 'json') return `${encodeJson(document)}\n`
    if (format === 'jsonl') return document.trials.map((trial) => `${encodeJson(trial)}\n`).join('')
    return csv(await readData(study), { spreadsheetSafe: options.spreadsheetSafe === true })
  }
  const text = await content()
  if (output === undefined) return { json: document, text: () => text }
  await writeOutput(output, text)
  return { json: { study: name, file: output, format, trials: trials.length }, text: () => `Wrote ${count(trials.length, 'trial')} to ${output}.\n` }
}
