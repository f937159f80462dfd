import { atMost, createStudy, float, int, maximize, type Artifact } from '@attune/core'
import { onnxEvaluator } from '@attune/onnx-adapter'
import { createModelBuilder } from '@attune/onnx-format'

// Points on both sides of a line. 200 rows are for training, the last 100 judge the models.
const points = Float32Array.from({ length: 600 }, (_, index) => Math.sin(index * 12.9898) * 2)
const labels = Array.from({ length: 300 }, (_, row) => (points[row * 2]! + 0.5 * points[row * 2 + 1]! > 0 ? 1 : 0))
const evaluator = onnxEvaluator({
  data: { inputs: { data: points.subarray(400), dims: [100, 2] }, labels: labels.slice(200) },
  latency: { runs: 200 },
})

const study = await createStudy({
  space: { rate: float(1e-4, 1, { scale: 'log' }), epochs: int(1, 20) },
  objective: maximize('accuracy'),
  constraints: { latencyP95Ms: atMost(5) },
  seed: 1,
})
await study.optimize(async function* ({ params }) {
  const weights = new Float32Array(2)
  for (let epoch = 1; epoch <= params.epochs; epoch++) {
    let loss = 0
    for (let row = 0; row < 200; row++) {
      const [x, y] = [points[row * 2]!, points[row * 2 + 1]!]
      const error = 1 / (1 + Math.exp(-weights[0]! * x - weights[1]! * y)) - labels[row]!
      weights.set([weights[0]! - params.rate * error * x, weights[1]! - params.rate * error * y])
      loss += Math.abs(error) / 200
    }
    yield { step: epoch, loss }
  }
  const model = createModelBuilder({ graphName: 'line' })
  const x = model.input('x', 'float32', ['N', 2])
  const w = model.initializer('w', { data: weights, dims: [2, 1] })
  model.node('Sigmoid', [model.node('MatMul', [x, w])], { outputs: ['probability'] })
  model.output('probability', 'float32', ['N', 1])
  const artifact: Artifact = { kind: 'onnx', bytes: () => model.toBytes(), as: () => artifact }
  return artifact
}, { trials: 10, evaluators: [evaluator] })
console.log(study.best.params, study.best.metrics)
await study.close()
