import {
  AttuneError, createStudy, isAttuneError, loadStudy, Space, tokens,
  type Module, type ObjectiveFunction, type OptimizeOptions, type OptimizeResult, type SpaceInput, type Storage, type StorageFactory, type Study, type StudyDefinition, type StudyOptions, type StudySummary, type Trainer,
} from '@attune/core'
import { automatic, nodeHost, progress as progressDisplay, type ProgressOptions } from '@attune/node'
import { asha, none } from '@attune/pruners'
import { auto } from '@attune/samplers'
import { withTurns } from './with-turns.ts'

/**
 * How to work on a study that exists. What its definition holds (space, objective, limits, metrics, seed) is taken from the
 * storage; it may be given too, as to `createStudy`, and is then compared. A space has to be given if it has constraints that are functions.
 */
export interface WorkerOptions extends Omit<StudyOptions<SpaceInput | undefined>, 'name' | 'storage' | 'ifExists'>, Omit<OptimizeOptions, 'more'> {
  readonly storage: Storage | StorageFactory
  /** Name of the study. */
  readonly study: string
  /** What runs a trial: a trainer, or a function as `optimize` takes it. */
  readonly trainer: ObjectiveFunction<never> | Trainer<never>
  /** Complete and pruned trials that the study should have in all. Default: what the last run that said so wanted. */
  readonly trials?: number
  /** What is shown while trials run: options of the display, or false for nothing. Default: a live display on a terminal, lines elsewhere. */
  readonly progress?: boolean | ProgressOptions
}

/** How a worker ended. */
export interface WorkerResult extends OptimizeResult {
  /** Trials that ended under this worker. */
  readonly ended: { readonly complete: number; readonly pruned: number; readonly failed: number }
  /** Trials that were wanted in all; undefined if something else was to end the run. */
  readonly goal: number | undefined
  /** The study as the worker left it. */
  readonly study: StudySummary
}

/**
 * Works on a study beside other processes until it has the trials that are wanted: suggests, runs, reports. Without others given, the
 * sampler is `auto` and the pruner, for one objective, ASHA; a warning says so if the study was opened with others before. Exclusive
 * trainers made by `fromModule` run in child processes.
 *
 * Throws STUDY_NOT_FOUND, WORKER_GOAL if nobody said how many trials are wanted, CONSTRAINT if the space has functions that were not given,
 * and what `createStudy` and `optimize` throw.
 * @example await runWorker({ storage: sqlite('study.db'), study: 'digits', trainer: ({ params }) => train(params) })
 */
export async function runWorker(options: WorkerOptions): Promise<WorkerResult> {
  const { storage: given, study: name } = checked(options)
  const storage = 'create' in given ? await given.create() : given
  try {
    // Where there is none, the error names those that there are.
    const { definition } = (await storage.findStudy(name)) ?? (await loadStudy({ storage, name })).summary
    const study = await openStudy(options, storage, definition)
    try {
      return await work(study, options)
    } finally {
      await study.close()
    }
  } finally {
    if (storage !== given) await storage.close()
  }
}

function checked(options: WorkerOptions): WorkerOptions {
  const { storage, study } = Object(options) as { readonly [option: string]: unknown }
  if (typeof storage !== 'object' || storage === null) throw new AttuneError('OPTION', "runWorker needs a storage, as in storage: sqlite('study.db').")
  if (typeof study !== 'string') throw new AttuneError('OPTION', `runWorker needs the name of a study, as in study: 'digits', got ${String(study)}.`)
  return options
}

const node: Module = {
  register: (registry) => registry.factory(tokens.host, [], nodeHost),
}

const runOptions: readonly (keyof OptimizeOptions)[] = ['timeout', 'trialTimeout', 'grace', 'concurrency', 'signal', 'stop', 'evaluators', 'retry', 'checkpointEvery']

async function openStudy(options: WorkerOptions, storage: Storage, stored: StudyDefinition): Promise<Study<never>> {
  // The options of the run are `optimize`'s business; whatever else there is, createStudy knows or refuses.
  const known = Object.fromEntries(Object.entries(options).filter(([option, value]) => value !== undefined && !['study', 'trainer', 'progress', 'trials', ...runOptions].includes(option)))
  const { loggers = [], use = [], progress = true } = options
  const display = progress === false ? [] : [progressDisplay(progress === true ? {} : progress)]
  return (await createStudy({
    sampler: auto(),
    pruner: stored.objectives.length > 1 ? none() : asha(),
    executor: automatic(),
    objective: stored.objectives,
    constraints: Object.fromEntries(stored.constraints.map(({ metric, bound, limit }) => [metric, { bound, limit }])),
    ...(stored.metrics === null ? {} : { metrics: stored.metrics }),
    ...(options.space === undefined && stored.space !== null ? { space: storedSpace(stored) } : {}),
    ...known,
    name: stored.name,
    storage,
    ifExists: 'resume',
    loggers: Array.isArray(loggers) ? [...display, ...loggers] : loggers, // Core says what is wrong with it.
    use: [node, ...use],
  } as unknown as StudyOptions)) as unknown as Study<never>
}

function storedSpace({ name, space }: StudyDefinition): Space {
  try {
    return Space.fromJSON(space)
  } catch (error) {
    if (!isAttuneError(error, 'CONSTRAINT')) throw error
    throw new AttuneError('CONSTRAINT', `Study "${name}" cannot be worked on without all of its space. ${error.message} A worker takes it from the options of createStudy: export them, "space" among them, and give them as --options ./study.js#options, or as \`space\` to runWorker.`, { cause: error, details: error.details })
  }
}

async function work(study: Study<never>, options: WorkerOptions): Promise<WorkerResult> {
  const { trainer, timeout, stop } = options
  const goal = options.trials ?? study.columns.goal
  if (goal === undefined && timeout === undefined && stop === undefined) {
    throw new AttuneError('WORKER_GOAL', `Nobody has said yet how many trials study "${study.name}" should have: give --trials 100 (\`trials\` to runWorker), or start the program that owns the study first, with optimize(…, { trials }).`)
  }
  const { identity } = nodeHost()
  await comparePlugins(study, identity)
  const ended = { complete: 0, pruned: 0, failed: 0 }
  const stopListening = study.on((event) => {
    if ((event.type === 'trial.completed' || event.type === 'trial.pruned' || event.type === 'trial.failed') && event.trial.owner === identity) ended[event.trial.state as keyof typeof ended]++
  })
  try {
    const run: OptimizeOptions = Object.fromEntries(runOptions.map((option) => [option, options[option as keyof WorkerOptions]]))
    const result = await study.optimize(withTurns(trainer), goal === undefined ? run : { ...run, trials: goal })
    return { ...result, ended, goal, study: study.summary }
  } finally {
    stopListening()
  }
}

/** Says if others work on the study with another sampler or pruner: that is allowed, but rarely meant. */
async function comparePlugins(study: Study<never>, identity: string): Promise<void> {
  const workers = await study.workers()
  const own = workers.find(({ owner }) => owner === identity)
  const other = workers.filter(({ owner, sampler }) => owner !== identity && sampler !== undefined).sort((a, b) => b.openedAt - a.openedAt)[0]
  if (own === undefined || other === undefined) return
  for (const part of ['sampler', 'pruner'] as const) {
    if (own[part] !== other[part]) study.warn('worker', `The ${part} here is ${own[part]}, and ${other[part]} in ${other.owner}: trials of both are mixed. Use --options ./study.js#options to work with what createStudy was given.`)
  }
}
