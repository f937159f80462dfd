import { createStudy, float, maximize, MemoryArtifacts } from '@attune/core'
import { distillation, distillationSpace, loadModel, tfjsPredictor, tfjsTrainer, wasm, type LabelledData } from '@attune/tfjs-adapter'
import * as tf from '@tensorflow/tfjs'

// Points of the plane in three classes, of which many have a teacher and few a student.
function rows(first: number, last: number): LabelledData {
  const points = Array.from({ length: last - first }, (_, i) => [2 * Math.sin((i + first) * 12.9898), 2 * Math.sin((i + first) * 78.233)] as const)
  return { x: { data: points.flat(), shape: [last - first, 2] }, y: points.map(([a, b]) => (a * a + b * b < 1.5 ? 0 : a > b ? 1 : 2)) }
}
const network = (units: number): tf.LayersModel => tf.sequential({ layers: [
  tf.layers.dense({ units, activation: 'tanh', inputShape: [2] }),
  tf.layers.dense({ units: 3, activation: 'softmax' }),
] })
const common = { tf, backend: wasm(), epochs: 20, batchSize: 20 } as const

// The teacher: any Predictor, as here a model of TensorFlow.js, or onnxPredictor(…) of @attune/onnx-adapter.
const teaching = await createStudy({ space: { learningRate: float(0.005, 0.1, { scale: 'log' }) }, objective: maximize('valAccuracy'), artifacts: new MemoryArtifacts(), seed: 1 })
await teaching.optimize(tfjsTrainer({ ...common, build: () => network(32), data: { train: rows(0, 300), validation: rows(300, 400) }, loss: 'categoricalCrossentropy', metrics: ['accuracy'], optimizer: ({ learningRate }) => ({ type: 'adam', learningRate }) }), { trials: 4 })
const teacher = await loadModel(tf, (await teaching.best.artifact())!.bytes)

// The student: temperature and weight of the labels are parameters like any other.
const study = await createStudy({
  space: { ...distillationSpace(), learningRate: float(0.005, 0.1, { scale: 'log' }) },
  objective: maximize('valAccuracy'),
  seed: 1,
})
await study.optimize(distillation({
  ...common,
  teacher: tfjsPredictor(tf, teacher),
  student: () => network(4),
  data: { train: rows(0, 60), validation: rows(300, 400) },
  temperature: ({ temperature }) => temperature,
  hardLabelWeight: ({ hardLabelWeight }) => hardLabelWeight,
  optimizer: ({ learningRate }) => ({ type: 'adam', learningRate }),
}), { trials: 10 })
const { valAccuracy, valTeacherAgreement, valTeacherDivergence } = study.best.metrics
console.log(study.best.params, { valAccuracy, valTeacherAgreement, valTeacherDivergence })
teacher.dispose()
