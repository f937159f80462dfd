// Five digits are learnt from many samples, and five others from few: how much of the network should stay as it was?
import { parseArgs } from 'node:util'
import { createStudy, maximize, none, type Trainer } from 'attune'
import { fitFreezeTradeoff, freezeRatioSpace, suggestFreezeRatios } from '@attune/tfjs-adapter'
import { fromScratch, onTest, trainBase, transfer, units, type Lesson } from './network.ts'
import { readTasks } from './tasks.ts'

const seeds = [1, 2, 3, 4, 5]
const ratios = Array.from({ length: units + 1 }, (_, i) => i / units)
const { freezeRatio } = freezeRatioSpace({ units })

const { values } = parseArgs({ options: { 'per-digit': { type: 'string', default: '10' }, epochs: { type: 'string', default: '20' }, trials: { type: 'string', default: '12' } } })
const [perDigit, epochs, trials] = [Number(values['per-digit']), Number(values.epochs), Number(values.trials)]
const n = 5 * perDigit

interface Trained {
  readonly freezeRatio: number
  readonly seed: number
  readonly valAccuracy: number
  readonly testAccuracy: number
}

const { source, target } = readTasks()
const lessonOf = (seed: number): Lesson => ({ data: { train: target.draw(perDigit, seed), validation: target.validation }, epochs })

/** Trains with each of some ratios, on the samples of each seed. */
async function sweep(chosen: readonly number[], trainerOf: (seed: number) => Trainer<{ readonly freezeRatio: number }>): Promise<Trained[]> {
  const trained: Trained[] = []
  for (const seed of seeds) {
    const study = await createStudy({ name: `sweep ${seed}`, space: { freezeRatio }, objective: maximize('valAccuracy'), pruner: none(), seed, progress: false })
    for (const ratio of chosen) await study.enqueue({ freezeRatio: ratio })
    await study.optimize(trainerOf(seed), { trials: chosen.length, evaluators: [onTest(target.test)] })
    for (const { params, metrics } of study.trials()) trained.push({ ...params, seed, valAccuracy: metrics['valAccuracy']!, testAccuracy: metrics['testAccuracy']! })
  }
  return trained
}

function meanAndError(numbers: readonly number[]): { readonly mean: number; readonly error: number } {
  const mean = numbers.reduce((sum, value) => sum + value, 0) / numbers.length
  const variance = numbers.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (numbers.length - 1)
  return { mean, error: Math.sqrt(variance / numbers.length) }
}

const say = (text = ''): void => void process.stdout.write(`${text}\n`)
const percent = (share: number): string => (100 * share).toFixed(1)
const shown = (numbers: readonly number[]): string => `${percent(meanAndError(numbers).mean)} ± ${percent(meanAndError(numbers).error)}`
const row = (name: string, some: readonly Trained[]): void => say(`| ${name} | ${shown(some.map(({ valAccuracy }) => valAccuracy))} | ${shown(some.map(({ testAccuracy }) => testAccuracy))} |`)
const at = (ratio: number): readonly Trained[] => trained.filter((one) => one.freezeRatio === ratio)
const onTestDigits = (ratio: number): readonly number[] => at(ratio).map(({ testAccuracy }) => testAccuracy)

const base = await trainBase({ source, target })
say(`The base knows the digits 0 to 4: accuracy ${percent(base.accuracy)} % on ${source.validation.y.length} that it has not seen.`)
say(`It is moved to 5 to 9 with ${n} samples and ${epochs} epochs, with other samples for each of the seeds ${seeds.join(', ')}. Accuracy in %, mean and standard error:\n`)

const trained = await sweep(ratios, (seed) => transfer(base.bytes, lessonOf(seed)))
const untaught = await sweep([0], (seed) => fromScratch(lessonOf(seed)))
say('| f | validation | test |\n|---|---|---|')
for (const ratio of ratios) row(ratio.toFixed(1), at(ratio))
row('no base', untaught)

const observed = trained.map((one) => ({ freezeRatio: one.freezeRatio, score: one.valAccuracy, group: one.seed }))
const fit = fitFreezeTradeoff(observed, { n })
if (fit.kind === 'fitted') {
  say(`\nThe curve through the validation scores is highest at f* = ${fit.freezeRatio.toFixed(2)}, 95 % interval ${fit.interval.map((end) => end.toFixed(2)).join(' to ')}.`)
  say(`There it is ${percent(fit.gain)} points above the head alone: a = ${fit.a.toPrecision(2)}, b = ${fit.b.toPrecision(2)}, c = ${fit.c.toPrecision(2)}, k = ${fit.k.toPrecision(2)}${fit.kAtBound ? ', which is as far as k goes, so that these four say nothing by themselves' : ''}.`)
} else {
  say(`\n${fit.reason}`)
}

// A study that begins with what the fit suggests.
const seeded = await createStudy({ name: 'seeded', space: { freezeRatio }, objective: maximize('valAccuracy'), pruner: none(), seed: 1, progress: false })
const first = suggestFreezeRatios(fit, { units })
for (const ratio of first) await seeded.enqueue({ freezeRatio: ratio })
await seeded.optimize(transfer(base.bytes, lessonOf(1)), { trials: first.length })
say(`To try next: ${first.map((ratio) => ratio.toFixed(1)).join(', ')}. A study that begins with these: ${seeded.trials().map(({ params, metrics }) => `f = ${params.freezeRatio.toFixed(1)} ${percent(metrics['valAccuracy']!)} %`).join(', ')}.`)

// A study that knows nothing of the sweep, on the samples of the first seed.
const study = await createStudy({ name: 'tuned', space: { freezeRatio }, objective: maximize('valAccuracy'), pruner: none(), seed: 1, progress: false })
await study.optimize(transfer(base.bytes, lessonOf(1)), { trials })
const tuned = study.best.params.freezeRatio
const best = ratios.reduce((one, other) => (meanAndError(onTestDigits(other)).mean > meanAndError(onTestDigits(one)).mean ? other : one))
const { mean, error } = meanAndError(onTestDigits(best).map((accuracy, i) => accuracy - onTestDigits(tuned)[i]!))
say(`\nA study of ${trials} trials chose f = ${tuned.toFixed(1)}. The best of the sweep on the test digits is ${best.toFixed(1)}, by ${percent(mean)} ± ${percent(error)} points: ${mean <= 2 * error ? 'within' : 'beyond'} two standard errors.`)
