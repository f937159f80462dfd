import { AttuneError, type Artifact } from '@attune/core'
import { evaluatorSuite } from '@attune/testing'
import { onnxEvaluator } from './evaluator.ts'
import { echoModel } from './models.test-support.ts'

const artifact: Artifact = {
  kind: 'onnx',
  bytes: () => echoModel(),
  as(kind) {
    if (kind === 'onnx') return artifact
    throw new AttuneError('UNSUPPORTED', `There is no ${kind}, only onnx.`)
  },
}
const data = { inputs: { data: Float32Array.from([0.5, 0.25, 0.25, 0, 0.75, 0.25]), dims: [2, 3] }, labels: [0, 2] }

evaluatorSuite('onnxEvaluator of quality', () => {
  const evaluator = onnxEvaluator({ data })
  return { evaluator, artifact, dispose: () => evaluator.release() }
})

evaluatorSuite('onnxEvaluator of latency', () => {
  const evaluator = onnxEvaluator({ data, latency: { runs: 5, warmUp: 1, budget: 50 } })
  return { evaluator, artifact, measured: ['P50', 'P95', 'P99'].flatMap((name) => ['', 'Low', 'High'].map((bound) => `latency${name}${bound}Ms`)).concat('contended'), dispose: () => evaluator.release() }
})
