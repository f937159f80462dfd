import * as tf from '@tensorflow/tfjs'
import {
  asha, choice, createStudy, int, maximize, MemoryArtifacts,
} from 'attune'
import {
  loadModel, tfjsTrainer, wasm,
} from '@attune/tfjs-adapter'
import { loadDigits, tensorsOf } from '../digits/digits.ts'

const digits = loadDigits()
const { dense } = tf.layers

const study = await createStudy({
  name: 'digits',
  space: {
    units: int(32, 512, { step: 32 }),
    learningRate: choice([1e-2, 1e-3, 1e-4]),
  },
  objective: maximize('valAccuracy', { from: 'best' }),
  pruner: asha({
    minResource: 1, reductionFactor: 3, maxResource: 9,
  }),
  artifacts: new MemoryArtifacts(),
  seed: 1,
  progress: false,
})

await study.optimize(tfjsTrainer({
  tf,
  backend: wasm(),
  build: ({ units }) => tf.sequential({
    layers: [
      dense({ units, activation: 'relu', inputShape: [64] }),
      dense({ units: 10, activation: 'softmax' }),
    ],
  }),
  data: {
    train: tensorsOf(digits, 0, 1200),
    validation: tensorsOf(digits, 1200, 1797),
  },
  epochs: 9,
  loss: 'categoricalCrossentropy',
  metrics: ['accuracy'],
  optimizer: ({ learningRate }) => ({
    type: 'adam', learningRate,
  }),
}), { trials: Number(process.argv[2] ?? 20) })

const { complete, pruned } = study.counts
console.log(study.best.params, study.best.value.toFixed(3))
console.log(`${complete} complete, ${pruned} stopped early`)
const kept = await study.best.artifact()
const model = await loadModel(tf, kept!.bytes)
model.summary()
