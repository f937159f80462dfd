import * as tf from '@tensorflow/tfjs'
import { atLeast, atMost, createStudy, maximize, type Params } from 'attune'
import { onnxEvaluator, servedModel, servingSpace } from '@attune/onnx-adapter'
import { exportOnnx } from '@attune/tfjs-adapter/onnx'
import { loadDigits, tensorsOf } from './digits/digits.ts'

// One network, trained once. How to serve it is what this study looks for.
const digits = loadDigits()
const [train, test] = [tensorsOf(digits, 0, 1200), tensorsOf(digits, 1200, 1797)]
const model = tf.sequential({ layers: [tf.layers.dense({ units: 256, activation: 'relu', inputShape: [64] }), tf.layers.dense({ units: 10, activation: 'softmax' })] })
model.compile({ optimizer: tf.train.adam(0.005), loss: 'sparseCategoricalCrossentropy' })
await model.fit(tf.tensor2d(train.x.data, [1200, 64]), tf.tensor1d([...train.y]), { epochs: 8, verbose: 0 })

const space = { serving: servingSpace({ batchSizes: [1, 8, 64], graphOptimizationLevels: ['disabled', 'basic', 'all'] }) }
const evaluator = onnxEvaluator({
  data: { inputs: { data: test.x.data, dims: test.x.shape }, labels: test.y },
  metrics: ['accuracy'],
  latency: { budget: 500 }, // of a run with the trial's batch
  throughput: { budget: 500 },
  serving: (params: Params<typeof space>) => params.serving,
})

const study = await createStudy({
  space,
  objective: maximize('throughput'),
  constraints: { latencyP99Ms: atMost(20), modelBytes: atMost(40_000), accuracyChange: atLeast(-0.005) },
  seed: 1,
  progress: false,
})
await study.optimize(servedModel(await exportOnnx(tf, model)), { trials: Number(process.argv[2] ?? 20), evaluators: [evaluator] })

const { params, metrics } = study.best
console.log(params.serving)
console.log(`${Math.round(metrics['throughput']!).toLocaleString('en')} digits a second, p99 ${metrics['latencyP99Ms']!.toFixed(3)} ms for ${params.serving.batchSize}, ${metrics['modelBytes']} bytes, accuracy ${metrics['accuracy']!.toFixed(3)} (${metrics['accuracyChange']!.toFixed(4)})`)
