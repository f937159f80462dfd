import * as tf from '@tensorflow/tfjs'
import { atMost, createStudy, float, maximize } from 'attune'
import { onnxEvaluator, type ClassificationReport } from '@attune/onnx-adapter'
import { tfjsTrainer, wasm } from '@attune/tfjs-adapter'
import { loadDigits, tensorsOf } from './digits/digits.ts'

const digits = loadDigits()
const rows = (begin: number, end: number) => {
  const { x, y } = tensorsOf(digits, begin, end)
  return { inputs: { data: x.data, dims: x.shape }, labels: y }
}

const evaluator = onnxEvaluator({
  data: rows(800, 1300), // these judge
  calibration: rows(1300, 1797), // to these each model's temperature is fitted
  metrics: ['accuracy', 'f1Macro', 'rocAuc', 'ece', { metric: 'topKAccuracy', k: 2 }, { metric: 'recall', class: 8 }],
  report: { attribute: 'quality', bins: 10 },
})

const study = await createStudy({
  space: { learningRate: float(1e-3, 1e-1, { scale: 'log' }) },
  objective: maximize('accuracy'),
  constraints: { ece: atMost(0.05) },
  seed: 1,
  progress: false,
})
await study.optimize(tfjsTrainer({
  tf,
  backend: wasm(),
  build: () => tf.sequential({ layers: [tf.layers.dense({ units: 32, activation: 'relu', inputShape: [64] }), tf.layers.dense({ units: 10, activation: 'softmax' })] }),
  data: { train: tensorsOf(digits, 0, 800) },
  epochs: 8,
  loss: 'categoricalCrossentropy',
  optimizer: ({ learningRate }) => ({ type: 'adam', learningRate }),
}), { trials: Number(process.argv[2] ?? 8), evaluators: [evaluator] })

const { params, metrics, attributes } = study.best
console.log(params, metrics)
const { reliability, confusionMatrix } = attributes['quality'] as unknown as ClassificationReport
for (const { from, to, rows, confidence, accuracy } of reliability!.bins) {
  if (confidence !== null) console.log(`${rows} digits of which it is ${(100 * from).toFixed(0)} to ${(100 * to).toFixed(0)} % sure: ${(100 * confidence).toFixed(0)} % on average, and right in ${(100 * accuracy!).toFixed(0)} %`)
}
console.log(`Of ${confusionMatrix[8]!.reduce((sum, count) => sum + count)} eights, ${confusionMatrix[8]![1]} are taken for a one.`)
