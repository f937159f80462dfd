import { mkdir } from 'node:fs/promises'
import { isAttuneError } from 'attune'
import { readDigits, splitDigits } from './digits.ts'
import { trainFinalist, type Finalist } from './finalist.ts'
import { help, readOptions, type JobOptions } from './options.ts'
import { epochsSaved, keepWithStudy, writeReport, writeResult } from './result.ts'
import { openSearch, runSearch } from './search.ts'

const say = (text = ''): void => void process.stdout.write(`${text}\n`)

/** Ends the job when the user asks for it: at once, and for good if asked twice. */
function interruption(): AbortSignal {
  const controller = new AbortController()
  let asked = 0
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      // One Ctrl-C can arrive twice: from the terminal, and handed on by the program that started this one.
      if (controller.signal.aborted && performance.now() - asked > 1000) process.exit(130)
      if (!controller.signal.aborted) asked = performance.now()
      controller.abort()
    })
  }
  return controller.signal
}

async function run(options: JobOptions): Promise<number> {
  const signal = interruption()
  await mkdir(options.out, { recursive: true })
  const study = await openSearch(options)
  try {
    const { seed } = study.definition
    const split = splitDigits(readDigits(), seed)
    const done = study.counts.complete + study.counts.pruned
    say(`Handwritten digits: ${split.training.labels.length} for training, ${split.validation.labels.length} for validation, ${split.test.labels.length} for the test (seed ${seed}).`)
    say(`Searching with ${options.samples} of the training digits, up to ${options.epochs} epochs a trial, TensorFlow.js on WebAssembly, ${options.jobs === 1 ? 'one trial at a time' : `${options.jobs} trials at once`}.`)
    if (study.columns.length > 0) say(`Resuming the study in ${options.out}: ${done} of ${options.trials} trials are done.`)
    say()
    const interrupted = (await runSearch(study, split, options, signal)) || signal.aborted
    if (interrupted) return stopped(options)
    say(`\nTraining the best network once more, on all ${split.training.labels.length} training digits.`)
    const finalist = await trainFinalist(study, split, options, signal)
    if (finalist === undefined) return stopped(options)
    const files = [finalist.onnxFile, await writeReport(study, finalist, options), await writeResult(study, finalist, options)]
    await keepWithStudy(study, files)
    summarize(study, finalist, options, files, split.test.labels.length)
    return 0
  } finally {
    await study.close()
  }
}

function stopped(options: JobOptions): number {
  say(`\nStopped. Nothing is lost: the same command goes on from here (${options.out}).`)
  return 130
}

function summarize(study: Awaited<ReturnType<typeof openSearch>>, finalist: Finalist, options: JobOptions, files: readonly string[], testDigits: number): void {
  const { saved, all } = epochsSaved(study, options.epochs)
  const { best } = study
  const width = Math.max(...Object.keys(best.flatParams).map(({ length }) => length))
  say(`
Best of ${study.columns.length} trials: number ${best.number}, validation accuracy ${best.value.toFixed(4)} in the search
${Object.entries(best.flatParams).map(([path, value]) => `  ${path.padEnd(width)}  ${typeof value === 'number' ? Number(value.toPrecision(4)) : String(value)}`).join('\n')}

Trained again on all training digits, on ${testDigits} test digits that nothing has seen before:
  accuracy  ${finalist.testAccuracyOnnx.toFixed(4)} by ONNX Runtime, ${finalist.testAccuracyTfjs.toFixed(4)} by TensorFlow.js
  agreement ${finalist.sameClass} of ${testDigits} digits get the same class, probabilities differ by at most ${finalist.largestDifference.toExponential(1)}
  latency   ${finalist.latencyP50Ms.toFixed(3)} ms (p50), ${finalist.latencyP95Ms.toFixed(3)} ms (p95) for one digit; the model has ${(finalist.modelBytes / 1024).toFixed(0)} kB

Pruning saved ${saved} of ${all} epochs (${Math.round((100 * saved) / all)} %).

Files:
${[...files, `${options.out}/study.db`].map((file) => `  ${file}`).join('\n')}
Learning curves and parameters in TensorBoard (pip install tensorboard):
  tensorboard --logdir ${/\s/.test(options.out) ? `"${options.out}/tensorboard"` : `${options.out}/tensorboard`}`)
}

try {
  const options = readOptions(process.argv.slice(2))
  if (options === 'help') say(help)
  else process.exitCode = await run(options)
} catch (error) {
  // A mistake of the user's is told in a sentence, anything else with its stack.
  const isPlain = isAttuneError(error, 'STUDY_CHANGED') || (error instanceof Error && /^(--|The trials in|Unknown option|Unexpected argument|Option )/.test(error.message))
  process.stderr.write(`${isPlain ? error.message : error instanceof Error ? error.stack : String(error)}\n${isAttuneError(error, 'STUDY_CHANGED') ? 'Or give another folder with --out.\n' : ''}`)
  process.exitCode = 1
}
