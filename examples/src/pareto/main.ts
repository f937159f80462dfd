// Which networks for handwritten digits are worth serving: none of the printed ones is beaten in accuracy, latency and size at once.
import * as tf from '@tensorflow/tfjs'
import { createStudy, maximize, minimize } from 'attune'
import { onnxEvaluator } from '@attune/onnx-adapter'
import { tfjsTrainer, wasm } from '@attune/tfjs-adapter'
import { asInput, readDigits, searchDigits, splitDigits, type Digits } from '../mnist/digits.ts'
import { buildNetwork, space, type Choice } from './network.ts'

const split = splitDigits(readDigits(), 7)
const { training, validation } = searchDigits(split, 1500)
const labelled = (digits: Digits): { readonly x: ReturnType<typeof asInput>; readonly y: Int32Array } => ({ x: asInput(digits), y: digits.labels })

const { data, shape } = asInput(validation)
const evaluator = onnxEvaluator({
  data: { inputs: { data, dims: shape }, labels: validation.labels },
  metrics: ['accuracy'],
  latency: { runs: 300, budget: 1000 },
  parameters: true,
  multiplyAdds: true,
  serving: (params: Choice) => params.serving,
  prefix: 'onnx.',
})

const study = await createStudy({
  space,
  objective: [maximize('onnx.accuracy'), minimize('onnx.latencyP50Ms'), minimize('onnx.modelBytes')],
  seed: 3,
  progress: false,
})
await study.optimize(tfjsTrainer({
  tf,
  backend: wasm(),
  build: buildNetwork,
  data: { train: labelled(training), validation: labelled(validation) },
  epochs: 4,
  loss: 'categoricalCrossentropy',
  metrics: ['accuracy'],
  optimizer: { type: 'adam', learningRate: 0.005 },
}), { trials: Number(process.argv[2] ?? 40), evaluators: [evaluator] })

const front = study.pareto().toSorted((a, b) => a.metrics['onnx.modelBytes']! - b.metrics['onnx.modelBytes']!).map(({ number, params: { network, serving }, metrics }) => {
  const of = (name: string): number => metrics[`onnx.${name}`]!
  const micros = (name: string): string => (of(name) * 1000).toFixed(1)
  return {
    trial: number,
    network: network.type === 'dense' ? `dense ${network.units}` : `${network.filters} filters, dense ${network.units}`,
    weights: serving.precision,
    'accuracy (change)': `${of('accuracy').toFixed(4)} (${of('accuracyChange').toFixed(4)})`,
    'µs for 32 digits (interval)': `${micros('latencyP50Ms')} (${micros('latencyP50LowMs')} to ${micros('latencyP50HighMs')})${of('contended') === 1 ? ' contended' : ''}`,
    kB: Number((of('modelBytes') / 1000).toFixed(1)),
    parameters: of('parameters'),
    'multiply-adds': of('multiplyAdds'),
  }
})
console.log(`Of ${study.counts.complete} models, ${front.length} are beaten by no other in accuracy, latency and size:`)
console.table(front)
await study.close()
