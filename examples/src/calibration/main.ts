import * as tf from '@tensorflow/tfjs'
import { MemoryArtifacts, atMost, createStudy, float, maximize, type Params, type Study } from 'attune'
import { onnxEvaluator, type EvaluationData } from '@attune/onnx-adapter'
import { loadModel, tfjsTrainer, wasm } from '@attune/tfjs-adapter'
import { exportOnnx } from '@attune/tfjs-adapter/onnx'
import { pixels, readDigits, splitDigits, type Digits } from '../mnist/digits.ts'

const trials = Number(process.argv[2] ?? 16)
const mostEce = 0.03

// Four sets of digits: one trains, one guides the search, one gets the temperatures fitted, and the last judges once, at the end.
const { training, validation, test } = splitDigits(readDigits(), 7)
const rows = ({ images, labels }: Digits, begin: number, end?: number): Digits => ({ images: images.subarray(begin * pixels, end && end * pixels), labels: labels.subarray(begin, end) })
const few = rows(training, 0, 500)
const [guiding, fitting] = [rows(validation, 0, 750), rows(validation, 750)]

function asData({ images, labels }: Digits): EvaluationData & { readonly labels: Int32Array } {
  return { inputs: { data: images, dims: [labels.length, pixels] }, labels }
}

const space = { l2: float(1e-6, 1e-2, { scale: 'log' }), smoothing: float(0, 0.2) }
type NetworkParams = Params<typeof space>

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
  batchSize: 64,
  loss: 'categoricalCrossentropy',
  labelSmoothing: ({ smoothing }) => smoothing,
  optimizer: { type: 'adam', learningRate: 0.01 },
  restoreBest: false,
})

/** The most accurate of so many networks; with `constrained`, of those whose confidence can be believed. */
async function search(constrained: boolean): Promise<Study<NetworkParams>> {
  const study = await createStudy({
    space,
    objective: maximize('guide.accuracy'),
    ...(constrained ? { constraints: { 'guide.ece': atMost(mostEce) } } : {}),
    artifacts: new MemoryArtifacts(),
    seed: 1,
    progress: false,
  })
  await study.enqueue({ l2: 1e-6, smoothing: 0 }) // the network as one would train it without tuning
  await study.optimize(trainer, { trials, evaluators: [onnxEvaluator({ data: asData(guiding), metrics: ['accuracy', 'ece'], prefix: 'guide.' })] })
  return study
}

const judge = onnxEvaluator({ data: asData(test), calibration: asData(fitting), metrics: ['accuracy', 'ece'] })
const table: { readonly [column: string]: string }[] = []
for (const constrained of [false, true]) {
  const study = await search(constrained)
  const { best } = study
  const [untuned] = study.trials()
  if (!constrained) console.log(`Untuned: accuracy ${untuned!.metrics['guide.accuracy']!.toFixed(3)}, ECE ${untuned!.metrics['guide.ece']!.toFixed(4)} on the digits that guide the search.`)
  const model = await loadModel(tf, (await best.artifact())!.bytes)
  const found = await judge.evaluate(await exportOnnx(tf, model, { name: 'digits' }))
  model.dispose()
  table.push({
    'best by': constrained ? `accuracy, ECE ≤ ${mostEce}` : 'accuracy',
    L2: best.params.l2.toPrecision(2),
    smoothing: best.params.smoothing.toFixed(3),
    'accuracy, guide': best.metrics['guide.accuracy']!.toFixed(3),
    'ECE, guide': best.metrics['guide.ece']!.toFixed(4),
    'accuracy, test': found['accuracy']!.toFixed(3),
    'ECE, test': found['ece']!.toFixed(4),
    T: found['temperature']!.toFixed(2),
    'ECE at T, test': found['scaled.ece']!.toFixed(4),
  })
  await study.close()
}
await judge.release()
console.table(table)
const accuracy = Number(table[1]!['accuracy, test'])
console.log(`The ${test.labels.length} test digits were used for nothing else. An accuracy on them has a standard error of ${Math.sqrt((accuracy * (1 - accuracy)) / test.labels.length).toFixed(3)}.`)
