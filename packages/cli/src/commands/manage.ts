import { createInterface } from 'node:readline/promises'
import type { Command } from 'commander'
import { AttuneError, copyStudy, deleteStudy, renameStudy, type StudySummary } from '@attune/core'
import { count, plain } from '@attune/node/terminal'
import type { Terminal } from '../terminal.ts'
import { readStudy } from '../study/read-study.ts'
import { addCommand, answerFrom, byOption, signature, type CommonOptions, type Invocation, type SignedOptions } from './command.ts'

export function addCopy(program: Command, invocation: Invocation): void {
  addCommand(program, 'copy', 'copy a study', 'Copies a study with its whole history under another name.', ['attune copy digits digits-2 --storage study.db'])
    .argument('<study>', 'name of the study')
    .argument('<name>', 'name of the copy')
    .addOption(byOption())
    .action((name: string, as: string, options: CommonOptions & SignedOptions) => answerFrom(invocation, options, async (storage) => {
      await readStudy(storage, name)
      const copy = await copyStudy(storage, name, as, signature(options, invocation))
      return { json: named(copy), text: () => `Copied ${plain(name)} as ${plain(as)}.\n` }
    }))
}

export function addRename(program: Command, invocation: Invocation): void {
  addCommand(program, 'rename', 'give a study another name', 'Gives a study another name. Programs that have it open go on; those that open it by the old name make a new study.', ['attune rename digits digits-old --storage study.db'])
    .argument('<study>', 'name of the study')
    .argument('<name>', 'its new name')
    .addOption(byOption())
    .action((name: string, to: string, options: CommonOptions & SignedOptions) => answerFrom(invocation, options, async (storage) => {
      await renameStudy(storage, name, to, signature(options, invocation))
      return { json: named((await readStudy(storage, to)).study.summary), text: () => `Renamed ${plain(name)} to ${plain(to)}.\n` }
    }))
}

interface DeleteOptions extends CommonOptions {
  readonly yes?: boolean
}

export function addDelete(program: Command, invocation: Invocation): void {
  addCommand(program, 'delete', 'delete a study for good', 'Deletes a study with its whole history, for good. On a terminal it asks first.', ['attune delete digits --storage study.db', 'attune delete digits --yes'])
    .argument('<study>', 'name of the study')
    .option('-y, --yes', 'do not ask')
    .action((name: string, options: DeleteOptions) => answerFrom(invocation, options, async (storage) => {
      const { study } = await readStudy(storage, name)
      const trials = study.columns.length
      if (options.yes !== true) await confirmed(`Delete study ${plain(name)} with ${count(trials, 'trial')}, for good?`, invocation.terminal)
      await deleteStudy(storage, name)
      return { json: { study: name, trials }, text: () => `Deleted ${plain(name)} with ${count(trials, 'trial')}.\n` }
    }))
}

function named({ id, definition, createdAt, revision }: StudySummary): { readonly study: string; readonly id: string; readonly createdAt: number; readonly revision: number } {
  return { study: definition.name, id, createdAt, revision }
}

/** Asks a person. Throws CLI_USAGE where there is none, CANCELLED if the answer is not yes. */
async function confirmed(question: string, { stdin, stderr }: Terminal): Promise<void> {
  if (stdin.isTTY !== true) throw new AttuneError('CLI_USAGE', 'Nobody can be asked here whether that is meant: add --yes.')
  const lines = createInterface({ input: stdin, output: stderr })
  try {
    const answer = await lines.question(`${question} [y/N] `)
    if (!/^y(es)?$/i.test(answer.trim())) throw new AttuneError('CANCELLED', 'Nothing was deleted.')
  } finally {
    lines.close()
  }
}
