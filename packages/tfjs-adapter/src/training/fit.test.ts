import * as tf from '@tensorflow/tfjs'
import { beforeAll, describe, expect, it } from 'vitest'
import { loadModel, tfjsTrainer, wasm, type TfjsTrainerOptions } from '../index.ts'
import { images, noise, numbersOf, run, trialOf } from '../training.test-support.ts'

beforeAll(() => wasm().activate(tf))

type Options = Omit<TfjsTrainerOptions<unknown>, 'tf' | 'backend' | 'epochs' | 'restoreBest' | 'shuffle' | 'optimizer'> & { readonly build: () => tf.LayersModel }

/** Trains the same network on the same batches by fit() and by the trainer, and compares all numbers and weights. */
async function compare(options: Options, compiled: { readonly loss: unknown; readonly metrics?: unknown; readonly names: readonly string[] }, sets: { readonly train: readonly [x: unknown, y: unknown]; readonly validation?: readonly [x: unknown, y: unknown] }): Promise<void> {
  const trainer = tfjsTrainer<unknown>({ ...options, tf, backend: wasm(), epochs: 3, restoreBest: false, shuffle: false, optimizer: { type: 'sgd', learningRate: 0.1 } })
  const { reports, artifact } = await run(trainer, trialOf({}))
  await trainer.release?.()
  const model = options.build()
  const optimizer = tf.train.sgd(0.1)
  model.compile({ optimizer, loss: compiled.loss as string, ...(compiled.metrics === undefined ? {} : { metrics: compiled.metrics as string[] }) })
  const history = await model.fit(sets.train[0] as tf.Tensor, sets.train[1] as tf.Tensor, { epochs: 3, batchSize: options.batchSize as number, shuffle: false, verbose: 0, ...(sets.validation === undefined ? {} : { validationData: sets.validation as [tf.Tensor, tf.Tensor] }) })
  const theirs = model.metricsNames.flatMap((name, index): [string, number[]][] => [
    [compiled.names[index]!, history.history[name] as number[]],
    ...(sets.validation === undefined ? [] : [[`val${compiled.names[index]![0]!.toUpperCase()}${compiled.names[index]!.slice(1)}`, history.history[`val_${name}`] as number[]] as [string, number[]]]),
  ])
  const ours = numbersOf(reports)
  expect(Object.keys(ours[0]!).sort()).toEqual(['step', ...theirs.map(([name]) => name)].sort())
  for (const [name, values] of theirs) for (const [epoch, value] of values.entries()) expect(Math.abs((ours[epoch]![name] as number) - value) / Math.max(1, Math.abs(value)), `${name} in epoch ${epoch + 1}: ${ours[epoch]![name] as number}, fit ${value}`).toBeLessThan(1e-6)
  const trained = await loadModel(tf, await artifact!.bytes())
  for (const [index, weight] of model.getWeights().entries()) {
    const [left, right] = [weight.dataSync(), trained.getWeights()[index]!.dataSync()]
    for (const [position, value] of left.entries()) expect(right[position]).toBeCloseTo(value, 6)
  }
  model.dispose()
  trained.dispose()
  optimizer.dispose()
}

/** Weights that every build has. */
function fixed(model: tf.LayersModel): tf.LayersModel {
  const weights = model.getWeights().map(({ shape, size }, index) => tf.tensor(noise(size, index + 1).map((value) => (shape.length === 1 ? Math.abs(value) : value)), shape))
  model.setWeights(weights)
  tf.dispose(weights)
  return model
}

describe('the loop gives the numbers of fit()', () => {
  it('for a classifier with batch statistics, regularisers and a last batch that is smaller', async () => {
    const { x, y } = images(22)
    const { x: vx, y: vy } = images(9, 3)
    const build = (): tf.LayersModel => fixed(tf.sequential({
      layers: [
        tf.layers.conv2d({ filters: 2, kernelSize: 3, activation: 'relu', inputShape: [6, 6, 1], kernelRegularizer: tf.regularizers.l2({ l2: 0.01 }) }),
        tf.layers.batchNormalization(),
        tf.layers.flatten(),
        tf.layers.dense({ units: 2, activation: 'softmax', biasRegularizer: tf.regularizers.l1({ l1: 0.02 }) }),
      ],
    }))
    const tensors = [tf.tensor(x.data, [...x.shape]), tf.tensor(y, [22, 1], 'float32'), tf.tensor(vx.data, [...vx.shape]), tf.tensor(vy, [9, 1], 'float32')] as const
    await compare(
      { build, data: { train: { x, y }, validation: { x: vx, y: vy } }, batchSize: 8, loss: 'categoricalCrossentropy', metrics: ['accuracy', 'crossentropy'] },
      { loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy', 'crossentropy'], names: ['loss', 'accuracy', 'crossentropy'] },
      { train: [tensors[0], tensors[1]], validation: [tensors[2], tensors[3]] },
    )
    tf.dispose([...tensors])
  })

  it.each(['meanSquaredError', 'meanAbsoluteError', 'logcosh', 'hinge', 'poisson', 'cosineProximity', 'binaryCrossentropy', 'kullbackLeiblerDivergence'] as const)('for %s', async (loss) => {
    const rows = noise(20)
    const targets = Float32Array.from(noise(10, 5), (value) => Math.abs(value))
    const build = (): tf.LayersModel => fixed(tf.sequential({ layers: [tf.layers.dense({ units: 3, activation: 'tanh', inputShape: [2] }), tf.layers.dense({ units: 1, activation: 'sigmoid' })] }))
    const [x, y] = [tf.tensor(rows, [10, 2]), tf.tensor(targets, [10, 1])]
    await compare({ build, data: { train: { x: { data: rows, shape: [10, 2] }, y: targets } }, batchSize: 4, loss, metrics: ['mse', 'mae'] }, { loss, metrics: ['mse', 'mae'], names: ['loss', 'mse', 'mae'] }, { train: [x, y] })
    tf.dispose([x, y])
  })

  it('for several inputs and outputs', async () => {
    const build = (): tf.LayersModel => {
      const [left, right] = [tf.input({ shape: [3], name: 'left' }), tf.input({ shape: [2], name: 'right' })]
      const both = tf.layers.dense({ units: 4, activation: 'tanh' }).apply(tf.layers.concatenate().apply([left, right])) as tf.SymbolicTensor
      return fixed(tf.model({
        inputs: [left, right],
        outputs: [tf.layers.dense({ units: 3, activation: 'softmax', name: 'kind' }).apply(both), tf.layers.dense({ units: 1, name: 'size' }).apply(both)] as tf.SymbolicTensor[],
      }))
    }
    const [a, b, size] = [noise(30), noise(20, 2), noise(10, 3)]
    const kind = Int32Array.from({ length: 10 }, (_, i) => i % 3)
    const tensors = [tf.tensor(a, [10, 3]), tf.tensor(b, [10, 2]), tf.tensor(kind, [10, 1], 'float32'), tf.tensor(size, [10, 1])] as const
    const set = { x: { right: { data: b, shape: [10, 2] }, left: { data: a, shape: [10, 3] } }, y: { size, kind } }
    await compare(
      { build, data: { train: set }, batchSize: 4, loss: { kind: 'categoricalCrossentropy', size: 'meanSquaredError' }, metrics: { kind: ['accuracy'], size: ['mae'] } },
      { loss: { kind: 'sparseCategoricalCrossentropy', size: 'meanSquaredError' }, metrics: { kind: ['accuracy'], size: ['mae'] }, names: ['loss', 'kindLoss', 'sizeLoss', 'kindAccuracy', 'sizeMae'] },
      { train: [[tensors[0], tensors[1]], [tensors[2], tensors[3]]] },
    )
    tf.dispose([...tensors])
  })
})
