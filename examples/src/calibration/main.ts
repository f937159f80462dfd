import * as tf from '@tensorflow/tfjs'
import { MemoryArtifacts, atMost, createStudy, float, maximize, type Params, type TrialRecord } from 'attune'
import { onnxEvaluator, type EvaluationData, type OnnxEvaluator } from '@attune/onnx-adapter'
import { loadModel, tfjsTrainer, wasm } from '@attune/tfjs-adapter'
import { exportOnnx } from '@attune/tfjs-adapter/onnx'
import { pixels, readDigits, splitDigits, type Digits } from '../mnist/digits.ts'

const [seeds, trials] = [Number(process.argv[2] ?? 5), Number(process.argv[3] ?? 12)]
const mostEce = 0.03
const digits = readDigits()

const space = { l2: float(1e-6, 1e-2, { scale: 'log' }), smoothing: float(0, 0.1) }
type NetworkParams = Params<typeof space>

/** Four sets of digits: one trains, one guides the search, one gets the temperatures fitted, and the last judges, at the end. */
function setsOf(seed: number): { readonly [name in 'few' | 'guiding' | 'fitting' | 'test']: Digits } {
  const { training, validation, test } = splitDigits(digits, seed)
  const rows = ({ images, labels }: Digits, begin: number, end: number): Digits => ({ images: images.subarray(begin * pixels, end * pixels), labels: labels.subarray(begin, end) })
  return { few: rows(training, 0, 500), guiding: rows(training, 500, 3500), fitting: validation, test }
}

function asData({ images, labels }: Digits): EvaluationData & { readonly labels: Int32Array } {
  return { inputs: { data: images, dims: [labels.length, pixels] }, labels }
}

/** The trials of a search for the most accurate network; with `constrained`, for the most accurate whose confidence can be believed. The first is as one would train it without tuning. */
async function search(few: Digits, guiding: Digits, seed: number, constrained: boolean): Promise<readonly TrialRecord<NetworkParams>[]> {
  const study = await createStudy({
    space,
    objective: maximize('accuracy'),
    ...(constrained ? { constraints: { ece: atMost(mostEce) } } : {}),
    artifacts: new MemoryArtifacts(),
    keep: { best: Infinity },
    seed,
    progress: false,
  })
  await study.enqueue({ l2: 1e-6, smoothing: 0 })
  const trainer = tfjsTrainer<NetworkParams>({
    tf,
    backend: wasm(),
    build: ({ l2 }) => {
      const model = tf.sequential()
      const kernelRegularizer = tf.regularizers.l2({ l2 })
      model.add(tf.layers.dense({ units: 32, activation: 'relu', inputShape: [pixels], kernelRegularizer }))
      model.add(tf.layers.dense({ units: 10, activation: 'softmax', kernelRegularizer }))
      return model
    },
    data: { train: { x: { data: few.images, shape: [few.labels.length, pixels] }, y: few.labels } },
    epochs: 20,
    batchSize: 100,
    loss: 'categoricalCrossentropy',
    labelSmoothing: ({ smoothing }) => smoothing,
    optimizer: { type: 'adam', learningRate: 0.01 },
    restoreBest: false,
  })
  await study.optimize(trainer, { trials, evaluators: [onnxEvaluator({ data: asData(guiding), metrics: ['accuracy', 'ece'] })] })
  // The best first: of those that keep the constraint the most accurate, of the others that which breaks it least.
  return study.trials().toSorted((a, b) => a.violation - b.violation || b.metrics['accuracy']! - a.metrics['accuracy']!)
}

/** What a network is worth on digits that were used for nothing else, as it is and at its temperature. */
async function judged(trial: TrialRecord<NetworkParams>, judge: OnnxEvaluator): Promise<readonly number[]> {
  const model = await loadModel(tf, (await trial.artifact())!.bytes)
  const found = await judge.evaluate(await exportOnnx(tf, model, { name: 'digits' }))
  model.dispose()
  return ['accuracy', 'ece', 'temperature', 'scaled.ece'].map((metric) => found[metric]!)
}

const found: { readonly [way: string]: (readonly number[])[] } = { untuned: [], 'best by accuracy': [], [`best with ECE ≤ ${mostEce}`]: [] }

for (let seed = 1; seed <= seeds; seed++) {
  const { few, guiding, fitting, test } = setsOf(seed)
  const [free, bounded] = [await search(few, guiding, seed, false), await search(few, guiding, seed, true)]
  const judge = onnxEvaluator({ data: asData(test), calibration: asData(fitting), metrics: ['accuracy', 'ece'] })
  const wanted = [free.find(({ number }) => number === 0)!, free[0]!, bounded[0]!]
  for (const [index, way] of Object.keys(found).entries()) found[way]!.push(await judged(wanted[index]!, judge))
  await judge.release()
  console.log(`Seed ${seed}: ${bounded.filter(({ violation }) => violation === 0).length} of ${trials} networks keep ECE ≤ ${mostEce}, the best with L2 ${bounded[0]!.params.l2.toPrecision(2)} and label smoothing ${bounded[0]!.params.smoothing.toFixed(3)}.`)
}

/** Mean over the seeds, and its standard error. */
function summary(values: readonly number[]): string {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const error = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, values.length - 1) / values.length)
  return `${mean.toFixed(3)} ± ${error.toFixed(3)}`
}

console.log(`
On test digits, mean and standard error over the seeds:

| network | accuracy | ECE | T | ECE at T |
|---|---|---|---|---|`)
for (const [way, rows] of Object.entries(found)) console.log(`| ${way} | ${rows[0]!.map((_, column) => summary(rows.map((row) => row[column]!))).join(' | ')} |`)
