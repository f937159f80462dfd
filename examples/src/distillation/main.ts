// A small network learns digits from few samples, with and without a teacher that has seen many: how much is the teacher worth?
import { parseArgs } from 'node:util'
import { createStudy, maximize, none } from 'attune'
import { onnxEvaluator } from '@attune/onnx-adapter'
import { distillationSpace } from '@attune/tfjs-adapter'
import { readLesson, trainStudent, trainTeacher, type Student } from './networks.ts'

const seeds = [1, 2, 3, 4, 5]
const { values } = parseArgs({ options: { samples: { type: 'string', default: '300' }, epochs: { type: 'string', default: '20' }, trials: { type: 'string', default: '12' } } })
const [samples, epochs, trials] = [Number(values.samples), Number(values.epochs), Number(values.trials)]

const alone: Student = { temperature: 1, hardLabelWeight: 1 }
const taught: readonly Student[] = [0, 0.3].flatMap((hardLabelWeight) => [1, 2, 4, 8, 16].map((temperature) => ({ temperature, hardLabelWeight })))

const say = (text = ''): void => void process.stdout.write(`${text}\n`)
const percent = (share: number): string => (100 * share).toFixed(1)

const lesson = readLesson(samples)
const onTest = onnxEvaluator({ data: { inputs: { data: lesson.test.images, dims: [lesson.test.labels.length, 784] }, labels: lesson.test.labels }, metrics: ['accuracy'], prefix: 'test.', batchSize: 500 })
const teacher = await trainTeacher(lesson, onTest)
const trainer = trainStudent(teacher.model, lesson, epochs)

interface Result {
  readonly validation: number
  readonly test: number
  readonly agreement: number
  readonly divergence: number
}

/** Trains with each of some settings, once for each seed: results by setting, then by seed. */
async function sweep(settings: readonly Student[]): Promise<Result[][]> {
  const results = settings.map((): Result[] => [])
  for (const seed of seeds) {
    const study = await createStudy({ name: `sweep ${seed}`, space: distillationSpace(), objective: maximize('valAccuracy'), pruner: none(), seed, progress: false })
    for (const setting of settings) await study.enqueue({ ...setting })
    await study.optimize(trainer, { trials: settings.length, evaluators: [onTest] })
    for (const { number, metrics } of study.trials()) results[number]!.push({ validation: metrics['valAccuracy']!, test: metrics['test.accuracy']!, agreement: metrics['valTeacherAgreement']!, divergence: metrics['valTeacherDivergence']! })
  }
  return results
}

function meanAndError(numbers: readonly number[]): { readonly mean: number; readonly error: number } {
  const mean = numbers.reduce((sum, value) => sum + value, 0) / numbers.length
  const variance = numbers.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (numbers.length - 1)
  return { mean, error: Math.sqrt(variance / numbers.length) }
}

function row(name: string, results: readonly Result[]): void {
  const cells = (['validation', 'test', 'agreement'] as const).map((key) => meanAndError(results.map((result) => result[key]))).map(({ mean, error }) => `${percent(mean)} ± ${percent(error)}`)
  say(`| ${name} | ${cells.join(' | ')} | ${meanAndError(results.map(({ divergence }) => divergence)).mean.toFixed(3)} |`)
}

say(`The teacher (128 hidden units, ${lesson.teacher.labels.length} digits) has an accuracy of ${percent(teacher.accuracy)} % on ${lesson.test.labels.length} digits that it has not seen.`)
say(`Its student has 16 hidden units and ${samples} digits, and learns ${epochs} epochs, ${seeds.length} times for each setting. In %, mean and standard error:\n`)
const [without, ...withTeacher] = await sweep([alone, ...taught])
say('| λ | T | validation | test | agrees with the teacher | divergence (nats) |\n|---|---|---|---|---|---|')
row('1 (no teacher) | –', without!)
for (const [index, { hardLabelWeight, temperature }] of taught.entries()) row(`${hardLabelWeight} | ${temperature}`, withTeacher[index]!)

// A study that knows nothing of the sweep, and judges by the validation digits.
const study = await createStudy({ name: 'tuned', space: distillationSpace(), objective: maximize('valAccuracy'), pruner: none(), seed: 1, progress: false })
await study.optimize(trainer, { trials })
const { temperature, hardLabelWeight } = study.best.params
const [tuned] = await sweep([study.best.params])
row(`${hardLabelWeight.toFixed(2)} | ${temperature.toFixed(1)}, chosen by a study of ${trials} trials`, tuned!)

/** Of the results of each seed in turn. */
function difference(name: string, left: readonly Result[], right: readonly Result[]): void {
  const { mean, error } = meanAndError(left.map(({ test }, index) => test - right[index]!.test))
  say(`${name}: ${mean < 0 ? '−' : '+'}${percent(Math.abs(mean))} ± ${percent(error)} points on the test digits, ${Math.abs(mean) <= 2 * error ? 'within' : 'beyond'} two standard errors.`)
}
// Chosen by the validation digits, as a person would: the best of many on the test digits would owe its place to luck, too.
const onValidation = (results: readonly Result[]): number => meanAndError(results.map(({ validation }) => validation)).mean
const best = withTeacher.reduce((one, other) => (onValidation(other) > onValidation(one) ? other : one))
say()
difference('The setting of the sweep that is best on the validation digits against no teacher', best, without!)
difference('The tuned setting against no teacher', tuned!, without!)
difference('The tuned setting against that', tuned!, best)

teacher.model.dispose()
