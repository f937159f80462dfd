import { createStudy, float, minimize } from '@attune/core'
import { cpu, tfjsTrainer, type TrainingData } from '@attune/tfjs-adapter'
import * as tf from '@tensorflow/tfjs'

// Two inputs by name: four measurements, and the index of a place, which stays an integer. One sample after another, as from a file.
function* readings(count: number): Generator<{ xs: { sensors: number[]; place: Int32Array }; ys: number }> {
  for (let i = 0; i < count; i++) {
    const sensors = [1, 2, 3, 4].map((k) => Math.sin(i * k * 12.9898))
    yield { xs: { sensors, place: Int32Array.of(i % 3) }, ys: sensors[0]! + (i % 3) }
  }
}
const streamed: TrainingData = { train: { samples: () => readings(200), shuffleBuffer: 50 }, validation: { samples: () => readings(40) } }

// The same as arrays: batches come in a new order in every epoch, and a fifth is held back for validation.
const all = [...readings(200)]
const arrays: TrainingData = {
  train: {
    x: { sensors: { data: all.flatMap(({ xs }) => xs.sensors), shape: [200, 4] }, place: Int32Array.from(all, ({ xs }) => xs.place[0]!) },
    y: all.map(({ ys }) => ys),
  },
  validation: { split: 0.2, seed: 1 },
}

for (const data of [streamed, arrays]) {
  const study = await createStudy({ space: { learningRate: float(1e-3, 1e-1, { scale: 'log' }) }, objective: minimize('valLoss'), seed: 1 })
  await study.optimize(tfjsTrainer({
    tf,
    backend: cpu(),
    build: () => {
      const sensors = tf.input({ shape: [4], name: 'sensors' })
      const place = tf.input({ shape: [1], name: 'place', dtype: 'int32' })
      const where = tf.layers.flatten().apply(tf.layers.embedding({ inputDim: 3, outputDim: 2 }).apply(place)) as tf.SymbolicTensor
      const joined = tf.layers.concatenate().apply([sensors, where])
      return tf.model({ inputs: [sensors, place], outputs: tf.layers.dense({ units: 1 }).apply(joined) as tf.SymbolicTensor })
    },
    data,
    epochs: 5,
    loss: 'meanSquaredError',
    optimizer: ({ learningRate }) => ({ type: 'adam', learningRate }),
  }), { trials: 3 })
  console.log(study.best.value)
}
