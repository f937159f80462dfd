import { createStudy, float, MemoryArtifacts, minimize } from '@attune/core'
import { cpu, loadModel, tfjsTrainer, toModelFiles } from '@attune/tfjs-adapter'
import { exportOnnx } from '@attune/tfjs-adapter/onnx'
import * as tf from '@tensorflow/tfjs'

const x = Array.from({ length: 32 }, (_, i) => i / 16 - 1)
const study = await createStudy({
  name: 'parabola',
  space: { learningRate: float(0.01, 0.3, { scale: 'log' }) },
  objective: minimize('loss'),
  artifacts: new MemoryArtifacts(), // or directoryArtifacts('models') of @attune/node
  seed: 1,
})
await study.optimize(tfjsTrainer({
  tf,
  backend: cpu(),
  build: () => tf.sequential({ layers: [tf.layers.dense({ units: 8, activation: 'tanh', inputShape: [1] }), tf.layers.dense({ units: 1 })] }),
  data: { train: { x: { data: x, shape: [32, 1] }, y: x.map((value) => value * value) } },
  epochs: 10,
  loss: 'meanSquaredError',
  optimizer: ({ learningRate }) => ({ type: 'adam', learningRate }),
}), { trials: 4 })

const best = await study.best.artifact()
if (best === undefined) throw new Error('The study kept no model.')
const model = await loadModel(tf, best.bytes) // a tf.LayersModel, to predict with or to train on
const onnx = await exportOnnx(tf, model, { name: 'parabola', origin: { study: study.name, trial: study.best.number, parameters: study.best.params } }) // the bytes of parabola.onnx
const files = toModelFiles(best.bytes) // model.json and weights.bin, as TensorFlow.js itself writes them
console.log(best.meta, onnx.length, Object.keys(files))
model.dispose()
