import { dirname } from 'node:path'
import { pathToFileURL } from 'node:url'
import { InvalidArgumentError, type Command } from 'commander'
import { AttuneError, type Storage, type Trainer } from '@attune/core'
import { automatic, fromModule, processes, type ProcessesOptions } from '@attune/node'
import { count, formatNumber, plain } from '@attune/node/terminal'
import type { Answer, View } from '../output/answer.ts'
import { describeCounts } from '../study/describe.ts'
import type { Terminal } from '../terminal.ts'
import { divertingOutput } from '../worker/diverting-output.ts'
import { importExport, parseReference } from '../worker/import-export.ts'
import { runWorker, type WorkerOptions, type WorkerResult } from '../worker/run-worker.ts'
import { untilInterrupted } from '../worker/until-interrupted.ts'
import { addCommand, answerFrom, wholeNumber, type CommonOptions, type Invocation } from './command.ts'

interface WorkerCommandOptions extends CommonOptions {
  readonly study: string
  readonly trainer: string
  readonly options?: string
  readonly trials?: number
  readonly concurrency?: number
  readonly slots?: number
  readonly devices?: NonNullable<ProcessesOptions['devices']>
  readonly quiet?: boolean
}

export function addWorker(program: Command, invocation: Invocation): void {
  addCommand(program, 'worker', 'work on a study beside other processes', 'Works on a study beside other processes, until it has the trials that are wanted.', [
    'attune worker -s study.db --study digits --trainer ./train.js#trainer',
    'attune worker --study digits --trainer ./train.js#trainer --slots 4',
  ])
    .requiredOption('--study <name>', 'the study: it has to exist')
    .requiredOption('--trainer <module#export>', 'what runs a trial: a trainer or a function (export: default)')
    .option('--options <module#export>', 'options of createStudy and optimize that the file does not hold: sampler, pruner, artifacts, loggers, evaluators, retry …, and the space if it has constraints that are functions')
    .option('--trials <number>', 'trials that the study should have in all (default: what the last run wanted)', wholeNumber(1))
    .option('--concurrency <number>', 'trials that run at once here (default: one, or as many as slots)', wholeNumber(1))
    .option('--slots <number>', 'run trials in this many child processes (default: in this process)', wholeNumber(1))
    .option('--devices <numbers>', 'cards for child processes, one each, as in 0,1 (or: all)', cards)
    .option('--quiet', 'show no progress')
    .addHelpText('after', '\nCtrl-C (or SIGTERM) puts running trials back: they go on elsewhere from their\nlast checkpoint. Once more ends at once.\nModules are code: they run with your rights.')
    .action((options: WorkerCommandOptions) => answerFrom(invocation, options, (storage) => {
      // Whatever the trainer prints, the document stays alone.
      const run = (): Promise<Answer> => work(storage, options, invocation.terminal)
      return options.json === true ? divertingOutput(run) : run()
    }))
}

async function work(storage: Storage, options: WorkerCommandOptions, { stderr, environment }: Terminal): Promise<Answer> {
  const stopping = (): void => void stderr.write('Stopping: running trials are put back. Once more ends at once.\n')
  return untilInterrupted(stopping, async (interruption) => {
    const given = await parts(options)
    const { trials, concurrency, quiet } = options
    const result = await runWorker({
      ...given,
      storage,
      study: options.study,
      ...(trials === undefined ? {} : { trials }),
      ...(concurrency === undefined ? {} : { concurrency }),
      progress: quiet !== true && { stream: stderr, environment },
      signal: interruption.signal,
    })
    return answer(result, interruption.exitCode)
  })
}

/** `0,1`, `all`, or UUIDs as `nvidia-smi` shows them. */
function cards(text: string): NonNullable<ProcessesOptions['devices']> {
  if (text === 'all') return 'all'
  const names = text.split(',').map((name) => name.trim())
  if (names.includes('')) throw new InvalidArgumentError('It should be numbers of cards, as in 0,1, or all.')
  return names.map((name) => (/^\d+$/.test(name) ? Number(name) : name))
}

/** What the modules bring. Throws CLI_USAGE, MODULE_NOT_FOUND, MODULE_LOAD and MODULE_EXPORT. */
async function parts({ trainer, options, slots, devices, concurrency }: WorkerCommandOptions): Promise<Pick<WorkerOptions, 'trainer'> & Partial<WorkerOptions>> {
  const training = parseReference('--trainer', trainer)
  const given = options === undefined ? {} : await importExport('--options', parseReference('--options', options))
  if (typeof given !== 'object' || given === null) throw new AttuneError('MODULE_EXPORT', `--options ${options}: this is of type ${typeof given}. Export the options of createStudy, as in export const options = { sampler: tpe() }.`)
  // Whoever exports all options of createStudy says these once more: here they are options of the command.
  const rest = Object.fromEntries(Object.entries(given).filter(([option]) => !['name', 'storage', 'ifExists'].includes(option))) as Partial<WorkerOptions>
  // Who names a module here means to run it, wherever it lies.
  const allow = [dirname(training.file), process.cwd()]
  const module = (): Trainer => fromModule(pathToFileURL(training.file), training.name)
  if (slots !== undefined || devices !== undefined) {
    if ('executor' in rest) throw new AttuneError('CLI_USAGE', `Child processes, and an executor in --options ${options}: give one of them.`)
    return { ...rest, trainer: module(), executor: processes({ ...(slots === undefined ? {} : { slots }), ...(devices === undefined ? {} : { devices }), allow }) }
  }
  const exported = (await importExport('--trainer', training)) as WorkerOptions['trainer'] & Partial<Trainer>
  if (typeof exported !== 'function' && typeof exported?.train !== 'function') throw new AttuneError('MODULE_EXPORT', `--trainer ${trainer}: this is of type ${typeof exported}. Export a trainer, or a function that takes the trial.`)
  // Two trials of an exclusive trainer cannot share this process.
  const elsewhere = (concurrency ?? rest.concurrency ?? 1) > 1 && exported?.concurrency === 'exclusive' && exported.module === undefined
  return { executor: automatic({ allow }), ...rest, trainer: elsewhere ? module() : exported }
}

function answer(result: WorkerResult, exitCode: number | undefined): Answer {
  const { ended, goal, reason, study } = result
  return {
    json: { study: study.definition.name, reason, interrupted: exitCode !== undefined, ended: { ...ended }, goal: goal ?? null, counts: { ...study.counts } },
    text: (view) => text(result, view),
    ...(exitCode === undefined ? {} : { exitCode }),
  }
}

function text({ ended, goal, reason, study }: WorkerResult, { styles }: View): string {
  const total = ended.complete + ended.pruned + ended.failed
  const done = study.counts.complete + study.counts.pruned + study.counts.paused
  const own = total === 0 ? 'no trial' : `${count(total, 'trial')}: ${(['complete', 'pruned', 'failed'] as const).filter((state) => ended[state] > 0).map((state) => `${ended[state]} ${state}`).join(', ')}`
  return `This worker ended ${own}.\n${styles.strong(plain(study.definition.name))} has ${goal === undefined ? formatNumber(done) : `${done} of ${count(goal, 'trial')}`} (${describeCounts(study.counts)}). It stopped because ${reason}.\n`
}
