import type { Command } from 'commander'
import { count } from '@attune/node/terminal'
import { htmlReport, readStudy as readData } from '@attune/report'
import { writeOutput } from '../output/write-output.ts'
import { readStudy } from '../study/read-study.ts'
import { addCommand, answerFrom, type CommonOptions, type Invocation } from './command.ts'

interface ReportOptions extends CommonOptions {
  readonly output: string
  readonly title?: string
}

export function addReport(program: Command, invocation: Invocation): void {
  addCommand(program, 'report', 'write a study as one HTML page', 'Writes a study as one HTML page that needs nothing else.', ['attune report digits --storage study.db --output report.html'])
    .argument('<study>', 'name of the study')
    .requiredOption('-o, --output <file>', 'the page to write')
    .option('--title <text>', 'heading of the page (default: name of the study)')
    .action((name: string, options: ReportOptions) => answerFrom(invocation, options, async (storage) => {
      const { study } = await readStudy(storage, name)
      const { output: file, title } = options
      await writeOutput(file, htmlReport(await readData(study), title === undefined ? {} : { title }))
      const trials = study.columns.length
      return { json: { study: name, file, trials }, text: () => `Wrote ${count(trials, 'trial')} to ${file}: open it in a browser.\n` }
    }))
}
