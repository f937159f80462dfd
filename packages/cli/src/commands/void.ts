import type { Command } from 'commander'
import { plain } from '@attune/node/terminal'
import { readStudy } from '../study/read-study.ts'
import { trialJson } from '../study/json-forms.ts'
import { addCommand, answerFrom, byOption, signature, wholeNumber, type CommonOptions, type Invocation, type SignedOptions } from './command.ts'

interface ReasonOptions extends CommonOptions, SignedOptions {
  readonly reason: string
}

export function addVoid(program: Command, invocation: Invocation): void {
  addCommand(program, 'void', 'take one trial out of a study', 'Takes one trial out of a study: samplers, counts and the best forget it, the history keeps it.', ["attune void digits 31 --reason 'the data was mixed up' --storage study.db"])
    .argument('<study>', 'name of the study')
    .argument('<number>', 'number of the trial', wholeNumber(0))
    .requiredOption('--reason <text>', 'why: it is kept with the trial')
    .addOption(byOption())
    .action((name: string, number: number, options: ReasonOptions) => answerFrom(invocation, options, async (storage) => {
      const { study } = await readStudy(storage, name)
      const trial = await study.void(number, options.reason, signature(options, invocation))
      return { json: { study: name, trial: trialJson(trial) }, text: () => `Trial ${number} of ${plain(name)} is void.\n` }
    }))
}

export function addRestore(program: Command, invocation: Invocation): void {
  addCommand(program, 'restore', 'take a trial back into a study', 'Takes a void back: the trial counts again, and the history keeps both.', ["attune restore digits 31 --reason 'the data was right' --storage study.db"])
    .argument('<study>', 'name of the study')
    .argument('<number>', 'number of the trial', wholeNumber(0))
    .requiredOption('--reason <text>', 'why: it is kept in the history')
    .addOption(byOption())
    .action((name: string, number: number, options: ReasonOptions) => answerFrom(invocation, options, async (storage) => {
      const { study } = await readStudy(storage, name)
      const trial = await study.restore(number, options.reason, signature(options, invocation))
      return { json: { study: name, trial: trialJson(trial) }, text: () => `Trial ${number} of ${plain(name)} counts again.\n` }
    }))
}
