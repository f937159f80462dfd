import { InvalidArgumentError, Option, type Command } from 'commander'
import type { Storage } from '@attune/core'
import type { Answer } from '../output/answer.ts'
import { storageFile, withStorage } from '../study/open-storage.ts'
import type { Terminal } from '../terminal.ts'

/** Options that every command has. */
export interface CommonOptions {
  readonly storage?: string
  readonly json?: boolean
  readonly verbose?: boolean
}

/** Options of commands that write into the history. */
export interface SignedOptions {
  readonly by?: string
}

/** One run of the command line: what commands get, and where their answer goes. */
export interface Invocation {
  readonly terminal: Terminal
  json: boolean
  verbose: boolean
  answer: Answer | undefined
}

/** Adds a command of that name with the options that all have. */
export function addCommand(program: Command, name: string, summary: string, description: string, examples: readonly string[]): Command {
  return program
    .command(name)
    .summary(summary)
    .description(description)
    .addOption(new Option('-s, --storage <file>', 'SQLite file with the studies (default: $ATTUNE_STORAGE)'))
    .option('--json', 'print one JSON document instead of text')
    .option('--verbose', 'print stacks of errors')
    .addHelpText('after', `\nExamples:\n${examples.map((example) => `  $ ${example}`).join('\n')}`)
}

export function byOption(): Option {
  return new Option('--by <name>', 'who does it, for the history (default: $USER)')
}

/** Who writes into the history: the name that was given, or the user's. */
export function signature({ by }: SignedOptions, { terminal: { environment } }: Invocation): { readonly by: string } {
  return { by: by ?? environment['USER'] ?? environment['USERNAME'] ?? 'attune' }
}

/** Opens the file that the options name, and keeps what the work answers. */
export async function answerFrom(invocation: Invocation, options: CommonOptions, work: (storage: Storage, file: string) => Promise<Answer>): Promise<void> {
  invocation.json = options.json === true
  invocation.verbose = options.verbose === true
  const file = storageFile(options.storage, invocation.terminal.environment)
  invocation.answer = await withStorage(file, (storage) => work(storage, file))
}

/** Reads a whole number from `least`. */
export function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const number = Number(text)
    if (!/^\d+$/.test(text) || !Number.isSafeInteger(number) || number < least) throw new InvalidArgumentError(`It should be a whole number from ${least}.`)
    return number
  }
}
