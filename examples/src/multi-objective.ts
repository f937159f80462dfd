import * as tf from '@tensorflow/tfjs'
import { createStudy, int, maximize, minimize, repeat } from 'attune'
import { onnxEvaluator } from '@attune/onnx-adapter'
import { tfjsTrainer, wasm } from '@attune/tfjs-adapter'
import { loadDigits, tensorsOf } from './digits/digits.ts'

const digits = loadDigits()
const train = tensorsOf(digits, 0, 1200)
const validation = tensorsOf(digits, 1200, 1797)

// Two goals that pull apart: a larger network is right more often, a smaller one answers sooner.
const study = await createStudy({
  space: { layers: repeat({ units: int(4, 256, { scale: 'log' }) }, { min: 1, max: 3 }) },
  objective: [maximize('onnx.accuracy'), minimize('onnx.latencyP50Ms')],
  seed: 1,
  progress: false,
})

// Each trained network is exported to ONNX and judged by ONNX Runtime. The prefix keeps these metrics apart from the
// trainer's own: `accuracy` is what TensorFlow.js saw while training, `onnx.accuracy` what the exported model gets right.
const evaluator = onnxEvaluator({
  data: { inputs: { data: validation.x.data, dims: validation.x.shape }, labels: validation.y },
  metrics: ['accuracy'],
  latency: { runs: 200, batchSize: 64 },
  prefix: 'onnx.',
})

await study.optimize(tfjsTrainer({
  tf,
  backend: wasm(),
  build: ({ layers }) => {
    const model = tf.sequential()
    for (const [i, { units }] of layers.entries()) model.add(tf.layers.dense({ units, activation: 'relu', ...(i === 0 ? { inputShape: [64] } : {}) }))
    model.add(tf.layers.dense({ units: 10, activation: 'softmax' }))
    return model
  },
  data: { train, validation },
  epochs: 4,
  loss: 'categoricalCrossentropy',
  metrics: ['accuracy'],
  optimizer: { type: 'adam', learningRate: 0.01 },
}), { trials: Number(process.argv[2] ?? 15), evaluators: [evaluator] })

// The trials that no other one beats in both goals, the quickest first.
const latency = 'onnx.latencyP50Ms'
const front = study.pareto().toSorted((a, b) => a.metrics[latency]! - b.metrics[latency]!).map(({ number, params, metrics }) => ({
  trial: number,
  'units of the layers': params.layers.map(({ units }) => units).join(', '),
  accuracy: Number(metrics['onnx.accuracy']!.toFixed(3)),
  'µs for 64 digits': Number((metrics[latency]! * 1000).toFixed(1)),
  'size in bytes': metrics['onnx.modelBytes'],
}))
console.log(`Of ${study.counts.complete} networks, ${front.length} are worth a choice:`)
console.table(front)
