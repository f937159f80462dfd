import * as tf from '@tensorflow/tfjs'
import { asha, createStudy, float, maximize } from 'attune'
import { freezeRatioSpace, transferLearning, wasm } from '@attune/tfjs-adapter'
import { trainBase } from './network.ts'
import { readTasks } from './tasks.ts'

const tasks = readTasks()
const base = await trainBase(tasks)

const study = await createStudy({
  space: { ...freezeRatioSpace({ units: 5 }), learningRate: float(1e-3, 1e-2, { scale: 'log' }) },
  objective: maximize('valAccuracy'),
  pruner: asha({ minResource: 5 }), // a base that thaws bit by bit starts slowly
  seed: 1,
})

await study.optimize(transferLearning({
  tf,
  backend: wasm(),
  base: base.bytes, // or base: () => tf.loadLayersModel('https://…/model.json')
  baseOutput: 'dense2', // the features: what comes after this layer is left out
  head: (features) => tf.layers.dense({ units: 5, activation: 'softmax' }).apply(features),
  freeze: (params) => params, // freezeRatio, rateDecay and unfreezeEvery
  data: { train: tasks.target.draw(10, 1), validation: tasks.target.validation },
  epochs: 10,
  batchSize: 10,
  loss: 'categoricalCrossentropy',
  metrics: ['accuracy'],
  optimizer: ({ learningRate }) => ({ type: 'adam', learningRate }),
}), { trials: 8 })

console.log(study.best.params, study.best.value)
