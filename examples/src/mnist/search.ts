import { join } from 'node:path'
import { asha, auto, createStudy, directoryArtifacts, fromModule, isAttuneError, listStudies, maximize, processes, random, sqlite, tpe, type LoggerFactory, type Study } from 'attune'
import { mlflow } from '@attune/mlflow-logger'
import { tensorboard } from '@attune/tensorboard-logger'
import { describeDigits, searchDigits, type Split } from './digits.ts'
import { space, type NetworkParams } from './network.ts'
import { settingsVariable, type JobOptions, type SearchSettings } from './options.ts'
import type { training as search } from './training.ts'

/** Where the search can be watched: TensorBoard always, MLflow where a server is named in the environment. */
function loggers(options: JobOptions): readonly LoggerFactory[] {
  const curves = tensorboard({ logDir: join(options.out, 'tensorboard') })
  if (!process.env['MLFLOW_TRACKING_URI']) return [curves]
  try {
    return [curves, mlflow({ model: { artifact: 'onnx' } })]
  } catch (error) {
    // It may be meant for other programs: `file:` works in Python alone.
    if (!isAttuneError(error)) throw error
    process.stderr.write(`Going on without MLflow: ${error.message}\n`)
    return [curves]
  }
}

/** Opens the study of a folder, which may have trials already. Throws if they were trained otherwise. */
export async function openSearch(options: JobOptions): Promise<Study<NetworkParams>> {
  const storage = sqlite(join(options.out, 'study.db'))
  const there = (await listStudies(storage)).find(({ definition }) => definition.name === 'mnist')
  const seed = options.seed ?? there?.definition.seed ?? 7
  const asked: SearchSettings = { seed, samples: options.samples, epochs: options.epochs }
  const study = await createStudy({
    name: 'mnist',
    space,
    objective: maximize('valAccuracy', { from: 'best' }),
    sampler: { auto, tpe, random }[options.sampler](),
    pruner: asha({ minResource: 1, reductionFactor: 3 }),
    storage,
    artifacts: directoryArtifacts(join(options.out, 'artifacts')),
    loggers: loggers(options),
    executor: processes({ slots: options.jobs, env: { [settingsVariable]: JSON.stringify(asked) } }),
    seed,
  })
  const settings = { epochs: options.epochs, samples: options.samples }
  const before = study.attributes['settings']
  if (before === undefined) await study.setAttribute('settings', settings)
  else if (JSON.stringify(before) !== JSON.stringify(settings)) {
    await study.close()
    throw new Error(`The trials in ${options.out} were trained with ${JSON.stringify(before)}, not with ${JSON.stringify(settings)}: give the same --epochs and --samples, or another folder with --out.`)
  }
  return study
}

/** Runs trials, in child processes, until there are as many as asked for. True if it was interrupted. */
export async function runSearch(study: Study<NetworkParams>, split: Split, options: JobOptions, signal: AbortSignal): Promise<boolean> {
  const { training, validation } = searchDigits(split, options.samples)
  const inModule = fromModule<typeof search>(new URL('training.ts', import.meta.url), 'training')
  const { aborted } = await study.optimize({ ...inModule, inputs: [describeDigits(training, 'training'), describeDigits(validation, 'validation')] }, { trials: options.trials, signal })
  return aborted
}
