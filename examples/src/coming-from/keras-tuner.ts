import * as tf from '@tensorflow/tfjs'
import { asha, choice, createStudy, int, maximize } from 'attune'
import { tfjsTrainer, wasm } from '@attune/tfjs-adapter'
import { loadDigits, tensorsOf } from './digits-8x8.ts'

const digits = loadDigits()

const study = await createStudy({
  name: 'keras-tuner',
  space: { units: int(32, 512, { step: 32 }), learningRate: choice([1e-2, 1e-3, 1e-4]) },
  objective: maximize('valAccuracy'),
  pruner: asha({ minResource: 1, reductionFactor: 3 }),
  seed: 1,
  progress: false,
})

const trainer = tfjsTrainer<typeof study.best.params>({
  tf,
  backend: wasm(),
  build: ({ units }) => tf.sequential({ layers: [tf.layers.dense({ units, activation: 'relu', inputShape: [64] }), tf.layers.dense({ units: 10, activation: 'softmax' })] }),
  data: { train: tensorsOf(digits, 0, 1200), validation: tensorsOf(digits, 1200, 1797) },
  epochs: 9,
  loss: 'categoricalCrossentropy',
  metrics: ['accuracy'],
  optimizer: ({ learningRate }) => ({ type: 'adam', learningRate }),
})
await study.optimize(trainer, { trials: Number(process.argv[2] ?? 20) })

console.log(study.best.params, study.best.value!.toFixed(3), `${study.history.counts.pruned} trials pruned`)
