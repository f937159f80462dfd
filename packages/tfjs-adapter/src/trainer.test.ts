import type { Report } from '@attune/core'
import * as tf from '@tensorflow/tfjs'
import { afterAll, beforeEach, describe, expect, it, test } from 'vitest'
import { cpu, loadModel, tfjsTrainer, wasm, type OptimizerSpec, type TfjsTrainerOptions } from './index.ts'
import { buildConvnet, buildDense, convnetTrainer, data, images, noise, numbersOf, run, trialOf, type Params } from './training.test-support.ts'

const params = { learningRate: 0.01 }
const trainer = convnetTrainer()
const fourEpochs = [1, 2, 3, 4]

beforeEach(() => wasm().activate(tf))
afterAll(() => trainer.release?.())

describe('tfjsTrainer', () => {
  it('reports what users expect, once an epoch, and learns', async () => {
    const { reports } = await run(convnetTrainer({ epochs: 12 }), trialOf({ learningRate: 0.03 }))
    expect(Object.keys(reports[0] ?? {}).sort()).toEqual(['accuracy', 'checkpoint', 'loss', 'step', 'valAccuracy', 'valLoss'])
    expect(reports.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
    expect(reports.at(-1)?.['accuracy']).toBeGreaterThan(0.9)
    expect(reports.at(-1)?.['loss']).toBeLessThan(reports[0]?.['loss'] as number)
  })

  it('gives the same numbers for the same seed, others for another', async () => {
    const first = numbersOf((await run(trainer, trialOf(params))).reports)
    expect(numbersOf((await run(trainer, trialOf(params))).reports)).toEqual(first)
    expect(numbersOf((await run(trainer, trialOf(params, { seed: 8 }))).reports)).not.toEqual(first)
  })

  it('asks for the data once, though the trial that asked first was given up while they came', async () => {
    const came = Promise.withResolvers<typeof data>()
    let asked = 0
    const slow = convnetTrainer({ data: () => (asked++, came.promise) })
    const [first, second] = [slow.train(trialOf(params)), slow.train(trialOf(params))]
    const waiting = [first.next(), second.next()]
    came.resolve(data)
    await Promise.all(waiting)
    expect(asked).toBe(1)
    await Promise.all([first.return(undefined), second.return(undefined)])
    await slow.release?.()
  })

  it('asks again for data that did not come', async () => {
    let asked = 0
    const trainer = convnetTrainer({
      data: () => {
        if (asked++ === 0) throw new Error('the disk is away')
        return data
      },
    })
    await expect(run(trainer, trialOf(params))).rejects.toThrow('the disk is away')
    await run(trainer, trialOf(params))
    expect(asked).toBe(2)
    await trainer.release?.()
  })

  it('gives the numbers of cpu on wasm', async () => {
    // Without maximum pooling, whose gradient in a tie is a matter of taste, and without a bias that normalisation makes pointless.
    const build = (): tf.LayersModel => tf.sequential({
      layers: [
        tf.layers.conv2d({ filters: 3, kernelSize: 3, strides: 2, padding: 'same', activation: 'relu', useBias: false, inputShape: [6, 6, 1] }),
        tf.layers.batchNormalization(),
        tf.layers.averagePooling2d({ poolSize: 2 }),
        tf.layers.flatten(),
        tf.layers.dropout({ rate: 0.3 }),
        tf.layers.dense({ units: 2, activation: 'softmax' }),
      ],
    })
    const onWasm = numbersOf((await run(convnetTrainer({ build }), trialOf(params))).reports)
    const onCpu = numbersOf((await run(convnetTrainer({ build, backend: cpu() }), trialOf(params))).reports)
    for (const [index, report] of onWasm.entries()) {
      for (const [metric, value] of Object.entries(report)) expect(value, metric).toBeCloseTo(onCpu[index]?.[metric] as number, 4)
    }
  })

  it('leaves Math.random and the seeds of layers as they were', async () => {
    const original = Math.random
    const { artifact } = await run(trainer, trialOf(params))
    expect(Math.random).toBe(original)
    const model = await loadModel(tf, await artifact!.bytes())
    expect(model.layers[4]?.getConfig()).toMatchObject({ rate: 0.3 })
    expect(model.layers[4]?.getConfig()['seed'] ?? undefined).toBeUndefined()
    model.dispose()
  })

  it('draws another dropout mask for every batch, the same ones in a second run', async () => {
    const build = (): tf.LayersModel => tf.sequential({ layers: [tf.layers.dropout({ rate: 0.5, inputShape: [32] }), tf.layers.dense({ units: 1, useBias: false, kernelInitializer: 'ones' })] })
    const ones = { x: { data: new Float32Array(8 * 32).fill(1), shape: [8, 32] }, y: new Float32Array(8) }
    // The mean output of one batch tells its mask; a learning rate of almost nothing keeps the weights.
    const losses: number[][] = []
    for (let attempt = 0; attempt < 2; attempt++) {
      const seen: number[] = []
      const watch = (truth: tf.Tensor, prediction: tf.Tensor): tf.Tensor => {
        seen.push((prediction.dataSync() as Float32Array).reduce((sum, value) => sum + value, 0))
        return tf.mean(tf.squaredDifference(truth, prediction))
      }
      await run(tfjsTrainer<Params>({ tf, backend: wasm(), build, data: { train: ones }, epochs: 2, batchSize: 4, loss: () => watch, optimizer: { type: 'sgd', learningRate: 1e-12 } }), trialOf(params))
      losses.push(seen)
    }
    expect(losses[0]).toHaveLength(4)
    expect(new Set(losses[0]).size).toBe(4)
    expect(losses[1]).toEqual(losses[0])
  })

  it('stops at the step that the pruner gives', async () => {
    expect((await run(trainer, trialOf(params, { toStep: 2 }))).reports.map(({ step }) => step)).toEqual([1, 2])
  })

  it('keeps weights that build loaded from elsewhere', async () => {
    const build = (): tf.LayersModel => {
      const model = buildDense()
      model.setWeights(model.getWeights().map((weight) => tf.fill(weight.shape, 0.125)))
      return model
    }
    const { artifact } = await run(convnetTrainer({ build, epochs: 1, optimizer: { type: 'sgd', learningRate: 1e-12 } }), trialOf(params))
    const model = await loadModel(tf, await artifact!.bytes())
    expect([...model.getWeights()[0]!.dataSync()].every((value) => value === 0.125)).toBe(true)
    model.dispose()
  })

  it('takes tensors, one-hot targets, an asynchronous build and data from a function', async () => {
    const { x, y } = images(40)
    const own = { x: tf.tensor(x.data, [...x.shape]), y: tf.oneHot(tf.tensor1d(y, 'int32'), 2).toFloat() }
    const options: Partial<TfjsTrainerOptions<Params>> = { epochs: 2, build: async () => buildConvnet(), data: async () => ({ train: own }) }
    const oneHot = convnetTrainer(options)
    const { reports } = await run(oneHot, trialOf(params))
    await oneHot.release?.()
    expect(own.x.isDisposed || own.y.isDisposed).toBe(false)
    const indices = await run(convnetTrainer({ epochs: 2, data: { train: data.train } }), trialOf(params))
    expect(numbersOf(reports)).toEqual(numbersOf(indices.reports))
    tf.dispose([own.x, own.y])
  })

  it('trains regressions, with functions of the parameters for every option', async () => {
    const rows = noise(60)
    const linear = tfjsTrainer<Params & { readonly size: number }>({
      tf,
      backend: wasm(),
      build: (p, own) => own.sequential({ layers: [own.layers.dense({ units: p.size, activation: 'tanh', inputShape: [2] }), own.layers.dense({ units: 1 })] }),
      data: { train: { x: { data: rows, shape: [30, 2] }, y: Float32Array.from({ length: 30 }, (_, row) => rows[row * 2]! - 0.5 * rows[row * 2 + 1]!) } },
      epochs: ({ size }) => size,
      batchSize: ({ size }) => size * 2,
      loss: () => 'meanSquaredError',
      metrics: () => ['mae', function worst(truth, prediction) { return tf.max(tf.abs(tf.sub(truth, prediction))) }],
      optimizer: (p, own) => own.train.adagrad(p.learningRate),
      shuffle: false,
    })
    const trial = trialOf({ learningRate: 0.1, size: 5 })
    const { reports, artifact } = await run(linear, trial)
    await linear.release?.()
    expect(reports).toHaveLength(5)
    expect(Object.keys(numbersOf(reports)[0] ?? {})).toEqual(['step', 'loss', 'mae', 'worst'])
    expect(reports[4]?.['loss']).toBeLessThan(reports[0]?.['loss'] as number)
    expect(artifact?.meta).toMatchObject({ backend: 'wasm', tfjs: '4.22.0', parameters: 21, loss: Math.min(...reports.map((report) => report['loss'] as number)) })
    expect(trial.warnings).toEqual([])
  })
})

describe('a trial that ends early', () => {
  it('frees everything when the study stops pulling', async () => {
    await run(trainer, trialOf(params))
    const before = tf.memory().numTensors
    const training = trainer.train(trialOf(params))
    await training.next()
    await training.return(undefined)
    expect(tf.memory().numTensors).toBe(before)
  })

  it('ends within one batch after an abort, without an artefact', async () => {
    const controller = new AbortController()
    let batches = 0
    const loss = (truth: tf.Tensor, prediction: tf.Tensor): tf.Tensor => {
      if (++batches === 5) controller.abort()
      return tf.metrics.meanSquaredError(truth, prediction)
    }
    const many = tfjsTrainer<Params>({ tf, backend: wasm(), build: buildDense, data: { train: { x: images(40).x, y: { data: noise(80), shape: [40, 2] } } }, epochs: 50, batchSize: 2, loss: () => loss, optimizer: { type: 'momentum', learningRate: 0.01, momentum: 0.9 } })
    const trial = trialOf(params, { signal: controller.signal })
    const { reports, artifact } = await run(many, trial)
    expect(reports).toEqual([])
    expect(artifact).toBeUndefined()
    expect(batches).toBeLessThanOrEqual(6)
    expect(trial.warnings).toEqual([])
    await many.release?.()
  })

  it('fails with the step and the last good values when the loss is NaN', async () => {
    let epoch = 0
    const loss = (truth: tf.Tensor, prediction: tf.Tensor): tf.Tensor => tf.mul(tf.metrics.meanSquaredError(truth, prediction), ++epoch === 3 ? NaN : 1)
    const diverging = tfjsTrainer<Params>({ tf, backend: wasm(), build: buildDense, data: { train: { x: images(40).x, y: { data: noise(80), shape: [40, 2] } } }, epochs: 5, batchSize: 40, loss: () => loss })
    const trial = trialOf(params)
    const before = tf.memory().numTensors
    await expect(run(diverging, trial)).rejects.toThrow(/Training diverged: loss is NaN in batch 1 of epoch 3 \(step 3 of the optimiser\)\. The last good values, at step 2: loss [\d.]+\. A smaller learning rate/)
    epoch = 0
    await expect(run(diverging, trial)).rejects.toMatchObject({ code: 'INVALID_METRIC', details: { metric: 'loss', step: 3, lastStep: 2 } })
    await diverging.release?.()
    expect(tf.memory().numTensors).toBe(before)
  })

  it('says how many tensors build left behind', async () => {
    const kept: tf.Tensor[] = []
    const leaky = convnetTrainer({ epochs: 1, build: () => {
      kept.push(tf.zeros([3]), tf.zeros([4]))
      return buildConvnet()
    } })
    const trial = trialOf(params)
    await run(leaky, trial)
    expect(trial.warnings).toEqual([expect.stringContaining('left 2 tensors in memory')])
    tf.dispose(kept)
    await leaky.release?.()
  })

})

describe('restoreBest', () => {
  /** A loss that follows a script: its value in epoch n is losses[n - 1]; every batch is an epoch. */
  function scripted(losses: readonly number[], restoreBest: TfjsTrainerOptions<Params>['restoreBest']): { readonly trainer: ReturnType<typeof convnetTrainer>; readonly weights: number[] } {
    const weights: number[] = []
    let epoch = 0
    const loss = (_truth: tf.Tensor, prediction: tf.Tensor): tf.Tensor => tf.add(tf.mul(tf.mean(prediction), 0), losses[epoch++]!)
    const build = (): tf.LayersModel => tf.sequential({ layers: [tf.layers.dense({ units: 1, useBias: false, inputShape: [1], kernelInitializer: 'ones', kernelRegularizer: tf.regularizers.l1({ l1: 1e-9 }) })] })
    const one = { x: { data: [1], shape: [1, 1] }, y: [1] }
    return { weights, trainer: tfjsTrainer<Params>({ tf, backend: wasm(), build, data: { train: one }, epochs: losses.length, batchSize: 1, loss: () => loss, optimizer: { type: 'sgd', learningRate: 1e7 }, ...(restoreBest === undefined ? {} : { restoreBest }) }) }
  }

  /** Each epoch takes 0.01 off the weight, through the regulariser alone: so the weight tells the epoch. */
  async function epochOfArtifact(losses: readonly number[], restoreBest: TfjsTrainerOptions<Params>['restoreBest']): Promise<number> {
    const { artifact } = await run(scripted(losses, restoreBest).trainer, trialOf(params))
    const model = await loadModel(tf, await artifact!.bytes())
    const weight = model.getWeights()[0]!.dataSync()[0]!
    model.dispose()
    const epoch = Math.round((1 - weight) / 0.01)
    expect(artifact?.meta).toMatchObject({ epoch })
    return epoch
  }

  it.each([
    [undefined, [3, 1, 2, 4], 2],
    [true, [1, 1, 2], 1],
    [false, [3, 1, 2, 4], 4],
    [{ metric: 'loss', direction: 'maximize' } as const, [3, 5, 2, 4], 2],
  ])('%o of losses %o gives epoch %i', async (restoreBest, losses, expected) => {
    expect(await epochOfArtifact(losses, restoreBest)).toBe(expected)
  })

  it('takes any number for better than none, as a metric may be undefined at first', async () => {
    const scores = [NaN, 1, 3, NaN, 2]
    let epoch = 0
    function score(_truth: tf.Tensor, prediction: tf.Tensor): tf.Tensor {
      return tf.add(tf.mul(tf.mean(prediction), 0), scores[epoch++]!)
    }
    const { reports, artifact } = await run(convnetTrainer({ build: buildDense, data: { train: data.train }, epochs: 5, batchSize: 40, metrics: [score], restoreBest: { metric: 'score', direction: 'maximize' } }), trialOf(params))
    expect(reports.map((report) => report['score'])).toEqual(scores)
    expect(artifact?.meta).toMatchObject({ epoch: 3, score: 3 })
  })

  it('refuses a metric that is not reported', async () => {
    await expect(run(convnetTrainer({ restoreBest: { metric: 'valF1', direction: 'maximize' } }), trialOf(params))).rejects.toThrow(/"valF1", which is not reported; there are loss, accuracy, valLoss, valAccuracy/)
  })
})

describe('checkpoints', () => {
  const optimizers: [string, TfjsTrainerOptions<Params>['optimizer']][] = [
    ...([
      { type: 'sgd', learningRate: 0.05 },
      { type: 'sgd', learningRate: 0.05, momentum: 0.9, nesterov: true },
      { type: 'momentum', learningRate: 0.05, momentum: 0.5 },
      { type: 'adam', learningRate: 0.01, beta1: 0.8 },
      { type: 'rmsprop', learningRate: 0.01, momentum: 0.5 },
      { type: 'rmsprop', learningRate: 0.01, centered: true },
    ] satisfies OptimizerSpec[]).map((spec): [string, OptimizerSpec] => [JSON.stringify(spec), spec]),
    ['adamax', (p, own) => own.train.adamax(p.learningRate)],
    ['adagrad', (p, own) => own.train.adagrad(p.learningRate)],
    ['adadelta', (p, own) => own.train.adadelta(p.learningRate)],
  ]

  test.each(optimizers)('training that is stopped after any epoch goes on bit by bit the same: %s', async (_name, optimizer) => {
    const own = convnetTrainer({ optimizer: optimizer! })
    const saved: { readonly step: number; readonly bytes: Uint8Array }[] = []
    const whole = await run(own, trialOf(params), async ({ step, checkpoint }) => saved.push({ step, bytes: await checkpoint!() }))
    const bytes = await whole.artifact!.bytes()
    const before = tf.memory().numTensors
    for (const resumeFrom of saved) {
      const trial = trialOf(params, { resumeFrom, attempt: 2 })
      const rest = await run(own, trial)
      expect(numbersOf(rest.reports)).toEqual(numbersOf(whole.reports.slice(resumeFrom.step)))
      expect(rest.artifact?.meta).toEqual(whole.artifact?.meta)
      const [left, right] = [await loadModel(tf, bytes), await loadModel(tf, await rest.artifact!.bytes())]
      expect(right.getWeights().map((weight) => [...weight.dataSync()])).toEqual(left.getWeights().map((weight) => [...weight.dataSync()]))
      left.dispose()
      right.dispose()
      expect(trial.warnings).toEqual([])
    }
    expect(tf.memory().numTensors).toBe(before)
    await own.release?.()
  })

  it('does not change training by being taken', async () => {
    const taken = await run(trainer, trialOf(params), ({ checkpoint }) => checkpoint!())
    expect(numbersOf(taken.reports)).toEqual(numbersOf((await run(trainer, trialOf(params))).reports))
    expect(taken.reports.map(({ step }) => step)).toEqual(fourEpochs)
  })

  it('is refused when it is asked for too late', async () => {
    const training = trainer.train(trialOf(params))
    const first = (await training.next()).value as Report
    await training.next()
    expect(() => first.checkpoint?.()).toThrow(/checkpoint of step 1 was asked for after the next step began/)
    await training.return(undefined)
  })

  async function checkpointOf(own: ReturnType<typeof convnetTrainer>): Promise<{ readonly step: number; readonly bytes: Uint8Array }> {
    const training = own.train(trialOf(params))
    const first = (await training.next()).value as Report
    const bytes = await first.checkpoint!()
    await training.return(undefined)
    return { step: 1, bytes }
  }

  it('can be forked with other parameters: the weights stay, another optimiser starts afresh', async () => {
    const resumeFrom = await checkpointOf(trainer)
    const slower = trialOf({ learningRate: 0.001 }, { resumeFrom, seed: 99 })
    expect((await run(trainer, slower)).reports.map(({ step }) => step)).toEqual([2, 3, 4])
    expect(slower.warnings).toEqual([])
    const other = trialOf(params, { resumeFrom })
    await run(convnetTrainer({ optimizer: { type: 'momentum', learningRate: 0.01, momentum: 0.9 } }), other)
    expect(other.warnings).toEqual([expect.stringMatching(/state of the optimiser adam, this trial uses momentum/)])
  })

  it('is refused by a model of another shape, and when it is damaged', async () => {
    const resumeFrom = await checkpointOf(trainer)
    await expect(run(convnetTrainer({ build: buildDense }), trialOf(params, { resumeFrom }))).rejects.toMatchObject({ code: 'TFJS_CHECKPOINT' })
    const cut = { step: 1, bytes: resumeFrom.bytes.subarray(0, -1) }
    await expect(run(trainer, trialOf(params, { resumeFrom: cut }))).rejects.toMatchObject({ code: 'TFJS_FORMAT' })
  })
})

describe('bad input', () => {
  it('is refused at once where an option does not exist, or is no function', () => {
    expect(() => convnetTrainer({ earlystopping: { patience: 3 } } as object)).toThrow('tfjsTrainer has no option "earlystopping". Did you mean "earlyStopping"?')
    expect(() => convnetTrainer({ callbacks: [] } as object)).toThrow(/tfjsTrainer has no option "callbacks"\. It has tf, backend, data/)
    expect(() => convnetTrainer({ build: {} as never })).toThrow(/build must be a function of the parameters that returns a layers model/)
  })

  const compiled = (): tf.LayersModel => {
    const model = buildDense()
    model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' })
    return model
  }
  const twoHeads = (): tf.LayersModel => {
    const input = tf.input({ shape: [6, 6, 1] })
    const flat = tf.layers.flatten().apply(input) as tf.SymbolicTensor
    return tf.model({ inputs: input, outputs: [0, 1].map(() => tf.layers.dense({ units: 2 }).apply(flat) as tf.SymbolicTensor) })
  }
  const head = (units: number): tf.LayersModel => tf.sequential({ layers: [tf.layers.flatten({ inputShape: [6, 6, 1] }), tf.layers.dense({ units, activation: 'softmax' })] })
  const cases: [string, Partial<TfjsTrainerOptions<Params>>, string, RegExp][] = [
    ['a compiled model', { build: compiled }, 'TFJS_MODEL', /is compiled: the trainer owns optimiser, loss and metrics/],
    ['no model', { build: () => ({}) as tf.LayersModel }, 'TFJS_MODEL', /no layers model of this tf/],
    ['a model without input shape', { build: () => tf.sequential() }, 'TFJS_MODEL', /no input shape/],
    ['two outputs for one target', { build: twoHeads }, 'TFJS_DATA', /data\.train\.y has 1 array, the model 2/],
    ['nothing to train', { build: () => tf.sequential({ layers: [tf.layers.flatten({ inputShape: [6, 6, 1] })] }) }, 'TFJS_MODEL', /no weights that can be trained/],
    ['another input shape', { build: () => tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [36] })] }) }, 'TFJS_DATA', /data\.train\.x has shape \[6, 6, 1\], the model's input is \[36\]/],
    ['too few classes', { build: () => head(2), data: { train: { ...images(40), y: Uint8Array.from({ length: 40 }, (_, i) => i % 3) } } }, 'TFJS_DATA', /class index 2 in data\.train\.y, the model has outputs for 0 to 1/],
    ['fractions as classes', { data: { train: { ...images(40), y: new Float32Array(40).fill(0.5) } } }, 'TFJS_DATA', /whole numbers from 0 on/],
    ['one-hot targets for a sparse loss', { loss: 'sparseCategoricalCrossentropy', data: { train: { ...images(40), y: { data: new Float32Array(80), shape: [40, 2] } } } }, 'TFJS_DATA', /wants one class index where the output has 2 classes, \[1\]; a sample of data\.train\.y has shape \[2\]/],
    ['targets of another width', { loss: 'meanSquaredError' }, 'TFJS_DATA', /data\.train\.y has shape \[1\], the model's output is \[2\]/],
    ['no epochs', { epochs: 0 }, 'TFJS_OPTION', /epochs must be a whole number of at least 1, got 0/],
    ['half a sample', { batchSize: () => 0.5 }, 'TFJS_OPTION', /batchSize must be a whole number/],
    ['an unknown loss', { loss: 'crossEntropy' as never }, 'TFJS_OPTION', /no loss crossEntropy; there are meanSquaredError/],
    ['a loss function instead of a function of the parameters', { loss: tf.metrics.meanSquaredError as never }, 'TFJS_OPTION', /write loss: \(\) => myLoss/],
    ['an unknown metric', { metrics: ['acurracy' as never] }, 'TFJS_OPTION', /no metric acurracy; there are accuracy/],
    ['a metric twice', { metrics: ['mse', 'mse'] }, 'TFJS_OPTION', /"mse" is given twice/],
    ['a metric without a name', { metrics: [(() => (truth: tf.Tensor) => truth)()] }, 'TFJS_OPTION', /has no name/],
    ['a metric called step', { metrics: [function step(truth) { return truth }] }, 'TFJS_OPTION', /cannot be called "step"/],
    ['a metric called as another one on the validation data', { metrics: ['mse', function valMse(truth) { return truth }] }, 'TFJS_OPTION', /cannot be called "valMse": that is the name of "mse" on the validation data/],
    ['a best epoch without a direction', { restoreBest: { metric: 'valLoss', direction: 'max' as never } }, 'TFJS_OPTION', /direction is 'minimize' or 'maximize', got "max"/],
    ['a metric as restoreBest', { restoreBest: 'valLoss' as never }, 'TFJS_OPTION', /The options of restoreBest are an object, got valLoss/],
    ['an optimiser by its name', { optimizer: 'adam' as never }, 'TFJS_OPTION', /Optimizer: give an object, \{ type: "adam", … \}, got "adam"/],
    ['an optimiser object', { optimizer: tf.train.sgd(0.1) as never }, 'TFJS_OPTION', /give a function that makes it/],
    ['an unknown optimiser', { optimizer: { type: 'adamax2', learningRate: 0.1 } as never }, 'TFJS_OPTION', /"adamax2" is not one of sgd, momentum/],
    ['a learning rate of 0', { optimizer: { type: 'sgd', learningRate: 0 } }, 'TFJS_OPTION', /learningRate must be a number above 0/],
    ['a momentum of 1', { optimizer: { type: 'sgd', learningRate: 0.1, momentum: 1 } }, 'TFJS_OPTION', /momentum must be a number of at least 0 and below 1/],
  ]

  it.each(cases)('refuses %s and leaves nothing behind', async (_name, options, code, message) => {
    const own = convnetTrainer(options)
    const before = tf.memory().numTensors
    const trial = trialOf(params)
    const error: unknown = await run(own, trial).then(() => undefined, (reason: unknown) => reason)
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) })
    await own.release?.()
    expect(tf.memory().numTensors).toBe(before)
  })

  it('names the kernel that a backend lacks, and the remedy, and frees what the gradient had kept', async () => {
    // The gradient of ReLU, and nothing else here, needs it.
    const kernel = tf.getKernel('Step', 'wasm')
    const trial = trialOf(params)
    const own = convnetTrainer()
    const before = tf.memory().numTensors
    tf.unregisterKernel('Step', 'wasm')
    try {
      await expect(run(own, trial)).rejects.toMatchObject({ code: 'TFJS_KERNEL', message: expect.stringMatching(/"wasm" has no kernel Step.*Use node\(\)/), details: { backend: 'wasm' } })
    } finally {
      tf.registerKernel(kernel)
    }
    await own.release?.()
    expect(tf.memory().numTensors).toBe(before)
    expect(trial.warnings).toEqual([])
  })

  it('refuses a namespace and a backend that are none', () => {
    expect(() => convnetTrainer({ tf: {} as typeof tf })).toThrow(/tf must be the TensorFlow\.js namespace/)
    expect(() => convnetTrainer({ backend: 'wasm' as never })).toThrow(/backend must be one of cpu\(\), wasm\(\)/)
  })
})
