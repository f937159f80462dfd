import * as tf from '@tensorflow/tfjs'
import {
  choice, createStudy, float, int, minimize, none, oneOf, tpe,
} from 'attune'
import { tfjsTrainer, wasm } from '@attune/tfjs-adapter'
import { loadDigits, tensorsOf } from '../digits/digits.ts'

const digits = loadDigits()
const { dense } = tf.layers

const study = await createStudy({
  space: {
    units: int(8, 64, { step: 8 }),
    activation: choice(['relu', 'tanh']),
    optimizer: oneOf({
      sgd: {
        learningRate: float(0.01, 1, { scale: 'log' }),
        momentum: float(0, 0.95),
      },
      adam: {
        learningRate: float(1e-3, 0.1, { scale: 'log' }),
      },
    }),
  },
  objective: minimize('valLoss'),
  sampler: tpe(),
  pruner: none(),
  seed: 1,
  progress: false,
})

await study.optimize(tfjsTrainer({
  tf,
  backend: wasm(),
  build: ({ units, activation }) => tf.sequential({
    layers: [
      dense({ units, activation, inputShape: [64] }),
      dense({ units: 10, activation: 'softmax' }),
    ],
  }),
  data: {
    train: tensorsOf(digits, 0, 1200),
    validation: tensorsOf(digits, 1200, 1797),
  },
  epochs: 3,
  batchSize: 32,
  loss: 'categoricalCrossentropy',
  metrics: ['accuracy'],
  optimizer: ({ optimizer }) => optimizer,
}), { trials: Number(process.argv[2] ?? 100) })

console.log(study.best.params)
console.log(study.best.metrics)
