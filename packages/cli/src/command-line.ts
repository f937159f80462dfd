import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { AttuneError, encodeJson, isAttuneError } from '@attune/core'
import { hasColour, stylesFor } from '@attune/node/terminal'
import type { Invocation } from './commands/command.ts'
import { addExport } from './commands/export.ts'
import { addCopy, addDelete, addRename } from './commands/manage.ts'
import { addReport } from './commands/report.ts'
import { addShow } from './commands/show.ts'
import { addStudies } from './commands/studies.ts'
import { addRestore, addVoid } from './commands/void.ts'
import { addWorker } from './commands/worker.ts'
import { describe } from './describe-error.ts'
import { exitCodeOf, exitCodes } from './exit-codes.ts'
import { ownTerminal, type Terminal } from './terminal.ts'

/**
 * Runs one command, as `attune` does, and answers its exit code: 0 done, 1 failed, 2 wrong usage, 3 nothing of that name, 130 and 143 ended by
 * SIGINT and SIGTERM. Never rejects: what goes wrong is a line on the error stream. All has been written when it resolves.
 * @param args Without the program itself: `process.argv.slice(2)`.
 * @param terminal Default: this process's.
 */
export async function runCommandLine(args: readonly string[], terminal: Terminal = ownTerminal()): Promise<number> {
  const { stdout, stderr } = terminal
  // Until the arguments are understood, what they look like decides how an error is told.
  const invocation: Invocation = { terminal, json: args.includes('--json'), verbose: args.includes('--verbose'), answer: undefined }
  let lost: Error | undefined
  const onOutputError = (error: NodeJS.ErrnoException): void => {
    // Whoever reads may stop reading (`| head`): then there is nothing left to say.
    if (error.code !== 'EPIPE') lost ??= error
  }
  // Where errors cannot be told, the exit code is left.
  const onErrorsError = (): void => undefined
  stdout.on('error', onOutputError)
  stderr.on('error', onErrorsError)
  try {
    const exitCode = await run(args, invocation)
    await written(stdout)
    if (lost === undefined) return exitCode
    return failed(new AttuneError('CLI_OUTPUT', `The output cannot be written, and is not whole: ${describe(lost)}.`, { cause: lost }), { ...invocation, json: false })
  } finally {
    for (const stream of [stdout, stderr]) await written(stream)
    stdout.off('error', onOutputError)
    stderr.off('error', onErrorsError)
  }
}

async function run(args: readonly string[], invocation: Invocation): Promise<number> {
  const { stdout, environment } = invocation.terminal
  try {
    await program(invocation).parseAsync(args, { from: 'user' })
    const { answer } = invocation
    if (answer === undefined) return exitCodes.ok
    const styles = stylesFor(hasColour(stdout, environment))
    const width = stdout.isTTY === true ? (stdout.columns ?? 80) : Infinity
    stdout.write(invocation.json ? `${encodeJson(answer.json)}\n` : answer.text({ width, styles }))
    return answer.exitCode ?? exitCodes.ok
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return exitCodes.ok // Help, or the version.
    if (error instanceof CommanderError && error.code === 'commander.help') return exitCodes.usage
    return failed(error instanceof CommanderError ? usageError(error, args) : error, invocation)
  }
}

function program(invocation: Invocation): Command {
  const { stdout, stderr, environment } = invocation.terminal
  const command = new Command('attune')
    .description('Looks into studies, corrects them, and works on them.')
    .version(ownVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'explain the command')
    .helpCommand(false)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void stdout.write(text),
      writeErr: (text) => void stderr.write(text),
      outputError: () => undefined, // It is thrown as well, and said once, below.
      getOutHelpWidth: () => stdout.columns ?? 80,
      getErrHelpWidth: () => stderr.columns ?? 80,
      getOutHasColors: () => hasColour(stdout, environment),
      getErrHasColors: () => hasColour(stderr, environment),
    })
    .configureHelp({ styleTitle: (title) => stylesFor(hasColour(stdout, environment)).strong(title), subcommandTerm: (sub) => [sub.name(), ...sub.registeredArguments.map((argument) => `<${argument.name()}>`)].join(' ') })
    .addHelpText('after', '\nEvery command explains itself: attune worker --help\nExit codes: 0 done, 1 failed, 2 wrong usage, 3 no such file, study or trial,\n130 interrupted, 143 terminated.')
  for (const add of [addStudies, addShow, addExport, addReport, addWorker, addVoid, addRestore, addCopy, addRename, addDelete]) add(command, invocation)
  return command
}

function ownVersion(): string {
  return (JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { readonly version: string }).version
}

function usageError(error: CommanderError, [command = '']: readonly string[]): AttuneError {
  const message = error.message.replace(/^error: /, '').replaceAll(/\s*\n\s*/g, ' ')
  const help = /^[a-z]/.test(command) && error.code !== 'commander.unknownCommand' ? `attune ${command} --help` : 'attune --help'
  return new AttuneError('CLI_USAGE', `${message[0]!.toUpperCase()}${message.slice(1)}${/[.?)]$/.test(message) ? '' : '.'} See ${help}.`, { cause: error })
}

/** What is wrong, for people, with stacks if they want them; with --json a document as well. */
function failed(error: unknown, { json, verbose, terminal: { stdout, stderr, environment } }: Invocation): number {
  const exitCode = exitCodeOf(error)
  const message = describe(error)
  const styles = stylesFor(hasColour(stderr, environment))
  stderr.write(`${styles.bad('attune:')} ${message.replaceAll(/\n\s+at .*/g, '')}\n`)
  if (verbose && error instanceof Error) stderr.write(`${stacks(error)}\n`)
  if (json) stdout.write(`${encodeJson({ error: { code: isAttuneError(error) ? error.code : 'ERROR', message, exitCode } })}\n`)
  return exitCode
}

function stacks(error: Error): string {
  const { stack = String(error), cause } = error
  return cause instanceof Error ? `${stack}\nCaused by: ${stacks(cause)}` : stack
}

/** Resolves once everything written so far is out, or cannot be any more. */
function written(stream: NodeJS.WritableStream): Promise<void> {
  return new Promise((resolve) => void stream.write('', () => resolve()))
}
