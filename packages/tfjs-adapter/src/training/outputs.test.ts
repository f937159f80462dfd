import * as tf from '@tensorflow/tfjs'
import { beforeAll, describe, expect, it } from 'vitest'
import { tfjsTrainer, toModelFiles, wasm, type TfjsTrainerOptions } from '../index.ts'
import { countTensors, images, noise, numbersOf, run, trialOf } from '../training.test-support.ts'

type Options = Partial<TfjsTrainerOptions<unknown>>

const kinds = Uint8Array.from({ length: 12 }, (_, i) => i % 3)
const sizes = noise(12, 3)
const set = { x: { data: noise(36), shape: [12, 3] }, y: { kind: kinds, size: sizes } }

function twoHeads(names = ['kind', 'size']): tf.LayersModel {
  const input = tf.input({ shape: [3] })
  const both = tf.layers.dense({ units: 4, activation: 'tanh', kernelInitializer: tf.initializers.glorotUniform({ seed: 3 }) }).apply(input)
  const heads = [tf.layers.dense({ units: 3, activation: 'softmax', name: names[0]!, kernelInitializer: 'zeros' }), tf.layers.dense({ units: 1, name: names[1]!, kernelInitializer: 'zeros' })]
  return tf.model({ inputs: input, outputs: heads.map((head) => head.apply(both) as tf.SymbolicTensor) })
}

function trainer(part: Options): ReturnType<typeof tfjsTrainer<unknown>> {
  return tfjsTrainer<unknown>({ tf, backend: wasm(), build: () => twoHeads(), data: { train: set, validation: set }, epochs: 2, batchSize: 12, loss: { kind: 'categoricalCrossentropy', size: 'meanSquaredError' }, optimizer: { type: 'sgd', learningRate: 0.1 }, ...part })
}

async function numbers(part: Options): Promise<readonly { readonly [name: string]: number }[]> {
  const own = trainer(part)
  const { reports } = await run(own, trialOf({}))
  await own.release?.()
  return numbersOf(reports) as readonly { readonly [name: string]: number }[]
}

beforeAll(() => wasm().activate(tf))
countTensors()

describe('a model with several outputs', () => {
  it('reports the loss and the metrics of each by the name of its layer', async () => {
    const [first] = await numbers({ metrics: { kind: ['accuracy'], size: ['mae', function worst(truth, prediction) { return tf.max(tf.abs(tf.sub(truth, prediction))) }] } })
    expect(Object.keys(first!)).toEqual(['step', 'loss', 'kindLoss', 'sizeLoss', 'kindAccuracy', 'sizeMae', 'sizeWorst', 'valLoss', 'valKindLoss', 'valSizeLoss', 'valKindAccuracy', 'valSizeMae', 'valSizeWorst'])
    expect(first!['kindLoss']).toBeCloseTo(Math.log(3), 5)
    expect(first!['loss']).toBeCloseTo(first!['kindLoss']! + first!['sizeLoss']!, 5)
    expect(first!['valLoss']).toBeCloseTo(first!['valKindLoss']! + first!['valSizeLoss']!, 5)
  })

  it('weighs the losses, in training and on validation data', async () => {
    const [first] = await numbers({ lossWeights: () => ({ size: 0.25 }) })
    expect(first!['loss']).toBeCloseTo(first!['kindLoss']! + 0.25 * first!['sizeLoss']!, 5)
    expect(first!['valLoss']).toBeCloseTo(first!['valKindLoss']! + 0.25 * first!['valSizeLoss']!, 5)
    const [start, next] = await numbers({ lossWeights: { kind: 0 }, optimizer: { type: 'sgd', learningRate: 0.1 } })
    expect(next!['kindLoss']).toBeCloseTo(start!['kindLoss']!, 5)
    expect(next!['sizeLoss']).toBeLessThan(start!['sizeLoss']!)
  })

  it('takes one list of metrics for all of them', async () => {
    const [first] = await numbers({ metrics: ['mse'], loss: { kind: 'meanSquaredError', size: 'meanSquaredError' }, data: { train: { ...set, y: [{ data: noise(36, 2), shape: [12, 3] }, sizes] } } })
    expect(Object.keys(first!)).toEqual(['step', 'loss', 'kindLoss', 'sizeLoss', 'kindMse', 'sizeMse'])
  })

  it('keeps the report that is best by one of them', async () => {
    const own = trainer({ restoreBest: { metric: 'valSizeLoss', direction: 'maximize' } })
    const { reports, artifact } = await run(own, trialOf({}))
    await own.release?.()
    expect(artifact?.meta).toMatchObject({ epoch: 1, valSizeLoss: reports[0]!['valSizeLoss'] })
  })

  const cases: [string, Options, string, RegExp][] = [
    ['one loss for all', { loss: 'meanSquaredError' }, 'TFJS_OPTION', /has the outputs kind, size: give a loss for each by these names, loss: \{ kind: …, size: … \}/],
    ['an output without a loss', { loss: { kind: 'categoricalCrossentropy' } }, 'TFJS_OPTION', /nothing for the output "size"/],
    ['a loss for an output that is not there', { loss: { kind: 'categoricalCrossentropy', size: 'hinge', weight: 'hinge' } }, 'TFJS_OPTION', /loss names the output "weight", which the model does not have; there are kind, size/],
    ['metrics for an output that is not there', { metrics: { weight: ['mse'] } }, 'TFJS_OPTION', /metrics names the output "weight"/],
    ['metrics that are no list', { metrics: { kind: 'accuracy' } as never }, 'TFJS_OPTION', /metrics\.kind must be a list/],
    ['a weight below 0', { lossWeights: { size: -1 } }, 'TFJS_OPTION', /lossWeights\.size must be a number of at least 0, got -1/],
    ['a weight for an output that is not there', { lossWeights: { sizes: 1 } }, 'TFJS_OPTION', /lossWeights names the output "sizes"/],
    ['targets for an output that is not there', { data: { train: { ...set, y: { ...set.y, weight: sizes } } } }, 'TFJS_DATA', /data\.train\.y has "weight", for which the model has no output/],
    ['an output without targets', { data: { train: { ...set, y: { kind: kinds } } } }, 'TFJS_DATA', /data\.train\.y has no "size"/],
    ['targets of another width for one of them', { data: { train: { ...set, y: { kind: kinds, size: { data: noise(24), shape: [12, 2] } } } } }, 'TFJS_DATA', /data\.train\.y for "size" has shape \[2\], the model's output is \[1\]/],
    ['names that a metric would have twice', { build: () => twoHeads(['a', 'aMse']), loss: { a: 'categoricalCrossentropy', aMse: 'meanSquaredError' }, data: { train: { ...set, y: [kinds, sizes] } }, metrics: { a: [function mseLoss(truth) { return tf.mean(truth) }] } }, 'TFJS_OPTION', /"aMseLoss" is given twice/],
  ]
  it.each(cases)('is refused with %s', async (_name, part, code, message) => {
    const own = trainer(part)
    await expect(run(own, trialOf({}))).rejects.toMatchObject({ code, message: expect.stringMatching(message) })
    await own.release?.()
  })
})

describe('label smoothing', () => {
  const { x, y } = images(16)
  const rows = { data: Float32Array.from({ length: 32 }, (_, i) => (y[i >> 1] === i % 2 ? 1 : 0)), shape: [16, 2] }
  const softmax = (): tf.LayersModel => tf.sequential({ layers: [tf.layers.flatten({ inputShape: [6, 6, 1] }), tf.layers.dense({ units: 2, activation: 'softmax', kernelInitializer: tf.initializers.glorotUniform({ seed: 1 }) })] })
  const sigmoid = (): tf.LayersModel => tf.sequential({ layers: [tf.layers.flatten({ inputShape: [6, 6, 1] }), tf.layers.dense({ units: 1, activation: 'sigmoid', kernelInitializer: tf.initializers.glorotUniform({ seed: 1 }) })] })

  it('gives one-hot rows and class indices the same numbers', async () => {
    const common = { build: softmax, loss: 'categoricalCrossentropy', labelSmoothing: 0.2, metrics: ['accuracy'] } as const
    const [byRow, byIndex] = [await numbers({ ...common, data: { train: { x, y: rows }, validation: { x, y: rows } } }), await numbers({ ...common, data: { train: { x, y }, validation: { x, y } } })]
    for (const [epoch, report] of byRow.entries()) for (const [name, value] of Object.entries(report)) expect(byIndex[epoch]![name], name).toBeCloseTo(value, 5)
  })

  it('is the cross-entropy against (1 − ε)·y + ε/K in training alone', async () => {
    const own = { build: softmax, loss: 'categoricalCrossentropy', batchSize: 16, data: { train: { x, y }, validation: { x, y } }, optimizer: { type: 'sgd', learningRate: 1e-12 } } as const
    const [[plain], [smooth]] = [await numbers(own), await numbers({ ...own, labelSmoothing: () => 0.3 })]
    const model = softmax()
    const expected = tf.tidy(() => {
      const logs = tf.log(model.predict(tf.tensor(x.data, [16, 6, 6, 1])) as tf.Tensor)
      const soft = tf.add(tf.mul(tf.tensor(rows.data, [16, 2]), 0.7), 0.15)
      return -tf.mean(tf.sum(tf.mul(soft, logs), -1)).dataSync()[0]!
    })
    model.dispose()
    expect(smooth!['loss']).toBeCloseTo(expected, 5)
    expect(smooth!['valLoss']).toBeCloseTo(plain!['valLoss']!, 6)
    expect(plain!['valLoss']).toBeCloseTo(plain!['loss']!, 6)
  })

  it('smooths binary targets towards one half', async () => {
    const own = { build: sigmoid, loss: 'binaryCrossentropy', batchSize: 16, data: { train: { x, y } }, optimizer: { type: 'sgd', learningRate: 1e-12 } } as const
    const [[smooth], [asSoft]] = [await numbers({ ...own, labelSmoothing: 0.1 }), await numbers({ ...own, data: { train: { x, y: Float32Array.from(y, (label) => label * 0.9 + 0.05) } } })]
    expect(smooth!['loss']).toBeCloseTo(asSoft!['loss']!, 6)
  })

  it.each([[1, 'categoricalCrossentropy'], [-0.1, 'categoricalCrossentropy'], [NaN, 'categoricalCrossentropy'], [0.1, 'meanSquaredError']] as const)('of %d is refused for %s', async (labelSmoothing, loss) => {
    await expect(numbers({ build: softmax, data: { train: { x, y: rows } }, loss, labelSmoothing })).rejects.toMatchObject({ code: 'TFJS_OPTION', message: expect.stringMatching(/labelSmoothing/) })
  })
})

describe('layers that fit() treats in its own way', () => {
  it('keep to their constraints after every step', async () => {
    const build = (): tf.LayersModel => tf.sequential({ layers: [tf.layers.dense({ units: 3, inputShape: [3], kernelConstraint: tf.constraints.maxNorm({ maxValue: 0.5, axis: 0 }), kernelInitializer: 'ones' })] })
    const own = trainer({ build, loss: 'meanSquaredError', data: { train: { x: set.x, y: set.x } }, restoreBest: false })
    const { artifact } = await run(own, trialOf({}))
    await own.release?.()
    // Not by loadModel(): tfjs leaks a tensor where it sets a weight that has a constraint.
    const { 'weights.bin': bytes } = toModelFiles(await artifact!.bytes())
    const kernel = new Float32Array(bytes.slice(0, 36).buffer)
    const norms = [0, 1, 2].map((unit) => Math.hypot(kernel[unit]!, kernel[3 + unit]!, kernel[6 + unit]!))
    for (const norm of norms) expect(norm).toBeLessThanOrEqual(0.5 + 1e-6)
  })

  it('repeat their noise, though tfjs cannot seed it, and leave no masks of recurrent dropout', async () => {
    const build = (): tf.LayersModel => tf.sequential({
      layers: [
        tf.layers.gaussianNoise({ stddev: 0.5, inputShape: [4, 3] }),
        tf.layers.lstm({ units: 3, dropout: 0.3, recurrentDropout: 0.3 }),
        tf.layers.alphaDropout({ rate: 0.2 }),
        tf.layers.dense({ units: 1 }),
      ],
    })
    const data = { train: { x: { data: noise(96), shape: [8, 4, 3] }, y: noise(8, 2) } }
    const [first, second] = [await numbers({ build, loss: 'meanSquaredError', data, batchSize: 3 }), await numbers({ build, loss: 'meanSquaredError', data, batchSize: 3 })]
    expect(second).toEqual(first)
  })

  it('learn from sequences of class indices', async () => {
    const build = (): tf.LayersModel => tf.sequential({ layers: [tf.layers.timeDistributed({ layer: tf.layers.dense({ units: 3, activation: 'softmax' }), inputShape: [4, 2] })] })
    const data = { train: { x: { data: noise(48), shape: [6, 4, 2] }, y: { data: Int32Array.from({ length: 24 }, (_, i) => i % 3), shape: [6, 4] } } }
    const reports = await numbers({ build, loss: 'categoricalCrossentropy', metrics: ['accuracy'], data, epochs: 30, optimizer: { type: 'adam', learningRate: 0.1 } })
    expect(reports.at(-1)!['loss']).toBeLessThan(reports[0]!['loss']!)
    expect(Object.keys(reports[0]!)).toEqual(['step', 'loss', 'accuracy'])
  })

  it('are refused if they keep a state from batch to batch', async () => {
    const build = (): tf.LayersModel => tf.sequential({ layers: [tf.layers.lstm({ units: 2, stateful: true, batchInputShape: [4, 2, 1] }), tf.layers.dense({ units: 1 })] })
    await expect(numbers({ build, loss: 'meanSquaredError', data: { train: { x: { data: noise(8), shape: [4, 2, 1] }, y: noise(4) } } })).rejects.toMatchObject({ code: 'TFJS_MODEL', message: expect.stringMatching(/stateful layer/) })
  })
})
