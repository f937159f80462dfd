import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs'
import { asha, createStudy, directoryArtifacts, isAttuneError, listStudies, maximize, random, sqlite, tpe, type LoggerFactory, type Study } from 'attune'
import { mlflow } from '@attune/mlflow-logger'
import { tensorboard } from '@attune/tensorboard-logger'
import { tfjsTrainer, wasm } from '@attune/tfjs-adapter'
import { asInput, describeDigits, take, type Split } from './digits.ts'
import { buildNetwork, space, type NetworkParams } from './network.ts'
import type { JobOptions } from './options.ts'

/** How a network is trained on digits, in the search and once more at the end. */
export function digitsTrainer(training: Split['training'], validation: Split['validation'], epochs: number): ReturnType<typeof tfjsTrainer<NetworkParams>> {
  return tfjsTrainer<NetworkParams>({
    tf,
    backend: wasm(),
    build: buildNetwork,
    data: { train: { x: asInput(training), y: training.labels }, validation: { x: asInput(validation), y: validation.labels } },
    inputs: [describeDigits(training, 'training'), describeDigits(validation, 'validation')],
    epochs,
    batchSize: ({ batchSize }) => batchSize,
    loss: 'categoricalCrossentropy',
    metrics: ['accuracy'],
    optimizer: ({ optimizer }) => optimizer,
  })
}

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
  const exists = (await listStudies(storage)).some(({ definition }) => definition.name === 'mnist')
  const seed = options.seed ?? (exists ? undefined : 7)
  const study = await createStudy({
    name: 'mnist',
    space,
    objective: maximize('valAccuracy', { from: 'best' }),
    sampler: options.sampler === 'tpe' ? tpe() : random(),
    pruner: asha({ minResource: 1, reductionFactor: 3 }),
    storage,
    artifacts: directoryArtifacts(join(options.out, 'artifacts')),
    loggers: loggers(options),
    ...(seed === undefined ? {} : { seed }),
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

/** Runs trials until there are as many as asked for. */
export async function runSearch(study: Study<NetworkParams>, split: Split, options: JobOptions, signal: AbortSignal): Promise<boolean> {
  const trainer = digitsTrainer(take(split.training, options.samples), take(split.validation, Math.max(200, Math.round(options.samples / 2))), options.epochs)
  const { aborted } = await study.optimize(trainer, { trials: options.trials, signal })
  return aborted
}
