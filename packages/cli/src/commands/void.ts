import { randomUUID } from 'node:crypto'
import type { Command } from 'commander'
import { AttuneError } from '@attune/core'
import { readStudy } from '../study/read-study.ts'
import { trialJson } from '../study/json-forms.ts'
import { addCommand, answerFrom, wholeNumber, type CommonOptions, type Invocation } from './command.ts'

interface VoidOptions extends CommonOptions {
  readonly reason: string
}

export function addVoid(program: Command, invocation: Invocation): void {
  addCommand(program, 'void', 'take one trial out of a study', 'Takes one trial out of a study: samplers, counts and the best forget it, the history keeps it.', ["attune void digits 31 --reason 'the data was mixed up' --storage study.db"])
    .argument('<study>', 'name of the study')
    .argument('<number>', 'number of the trial', wholeNumber(0))
    .requiredOption('--reason <text>', 'why: it is kept with the trial')
    .action((name: string, number: number, options: VoidOptions) => answerFrom(invocation, options, async (storage) => {
      const { study } = await readStudy(storage, name)
      study.trial(number)
      const written = await storage.write(study.summary.id, { id: randomUUID(), operations: [{ type: 'amend', number, amendment: { void: options.reason }, by: 'x' }] })
      if (!written.ok) throw new AttuneError('TRIAL_STATE', written.refusal.message)
      await study.refresh()
      return { json: { study: name, trial: trialJson(study.trial(number)) }, text: () => `Trial ${number} of ${name} is void.\n` }
    }))
}
