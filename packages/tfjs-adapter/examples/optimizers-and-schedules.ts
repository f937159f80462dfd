import { createStudy, maximize } from '@attune/core'
import { optimizerSpace, rateRangeTest, scheduleSpace, tfjsTrainer, wasm, type TfjsTrainerOptions } from '@attune/tfjs-adapter'
import * as tf from '@tensorflow/tfjs'

// Points of a square; class 1 lies within a circle.
function points(count: number, offset: number): { x: { data: number[]; shape: number[] }; y: number[] } {
  const rows = Array.from({ length: count }, (_, i) => [Math.sin((i + offset) * 12.9898), Math.sin((i + offset) * 78.233)] as const)
  return { x: { data: rows.flat(), shape: [count, 2] }, y: rows.map(([a, b]) => (a * a + b * b < 0.6 ? 1 : 0)) }
}

const training = {
  tf,
  backend: wasm(),
  build: () => tf.sequential({ layers: [tf.layers.dense({ units: 16, activation: 'relu', inputShape: [2] }), tf.layers.dense({ units: 2, activation: 'softmax' })] }),
  data: { train: points(200, 0), validation: points(100, 200) },
  loss: 'categoricalCrossentropy',
  metrics: ['accuracy'],
} satisfies Partial<TfjsTrainerOptions<object>>

// Where does the loss of Adam fall? One short training with a rate that grows at every step.
const { suggestion } = await rateRangeTest((sweep) => tfjsTrainer({ ...training, optimizer: { type: 'adam', learningRate: 1 }, ...sweep }))
console.log('learning rates of Adam:', suggestion)

// Which optimiser with which schedule is best? Each has a learning rate of its own.
const study = await createStudy({
  name: 'optimisers',
  space: { ...optimizerSpace({ optimizers: ['nesterov', 'adamw', 'lion'] }), ...scheduleSpace({ schedules: ['constant', 'cosine', 'oneCycle'] }) },
  objective: maximize('valAccuracy'),
  seed: 3,
})
await study.optimize(tfjsTrainer({ ...training, epochs: 8, optimizer: ({ optimizer }) => optimizer, schedule: ({ schedule }) => schedule, clip: { norm: 1 } }), { trials: 20 })
console.log(study.best.params, study.best.metrics)
