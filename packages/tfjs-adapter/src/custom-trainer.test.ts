import * as tf from '@tensorflow/tfjs'
import { beforeAll, describe, expect, it } from 'vitest'
import { customTrainer, loadModel, loadWeights, TFJS_WEIGHTS_KIND, wasm, type CustomTrainerOptions } from './index.ts'
import { countTensors, noise, numbersOf, run, trialOf, type Params } from './training.test-support.ts'

beforeAll(() => wasm().activate(tf))
countTensors()

const params = { learningRate: 0.05 }
const rows = noise(60)
const x = { data: rows, shape: [30, 2] }
const data = { train: { x, y: Float32Array.from({ length: 30 }, (_, row) => 2 * rows[2 * row]! - rows[2 * row + 1]! + 0.5) }, validation: { x, y: new Float32Array(30) } }

interface Line {
  readonly weight: tf.Variable
  readonly bias: tf.Variable
}

type LineOptions = CustomTrainerOptions<Params, Line>

function line(part: Partial<LineOptions> = {}): ReturnType<typeof customTrainer<Params, Line>> {
  return customTrainer<Params, Line>({
    tf,
    backend: wasm(),
    data,
    init: () => ({ weight: tf.variable(tf.randomNormal([2, 1])), bias: tf.variable(tf.zeros([1])) }),
    step: ({ weight, bias }, batch) => {
      const error = tf.sub(tf.add(tf.matMul(batch.x as tf.Tensor2D, weight as tf.Tensor2D), bias), batch.y)
      return { loss: tf.mean(tf.square(error)), metrics: { mae: tf.abs(error), worst: tf.max(tf.abs(error)) } }
    },
    epochs: 40,
    batchSize: 10,
    optimizer: ({ learningRate }) => ({ type: 'adam', learningRate }),
    restoreBest: { metric: 'loss' },
    ...part,
  })
}

/** An autoencoder: two models, noise, and a weight of its own, in a state with other things. */
interface Autoencoder {
  readonly nets: readonly [encoder: tf.LayersModel, decoder: tf.LayersModel]
  readonly scale: tf.Variable
  readonly label: string
}

function autoencoder(part: Partial<CustomTrainerOptions<Params, Autoencoder>> = {}): ReturnType<typeof customTrainer<Params, Autoencoder>> {
  const { layers } = tf
  return customTrainer<Params, Autoencoder>({
    tf,
    backend: wasm(),
    data,
    init: () => ({
      nets: [
        tf.sequential({ layers: [layers.dense({ units: 4, inputShape: [2] }), layers.batchNormalization(), layers.dropout({ rate: 0.2 })] }),
        tf.sequential({ layers: [layers.dense({ units: 2, inputShape: [4] })] }),
      ],
      scale: tf.variable(tf.scalar(1)),
      label: 'noisy',
    }),
    step: ({ nets: [encoder, decoder], scale }, batch, { training, seed }) => {
      const code = encoder.apply(batch.x, { training }) as tf.Tensor
      const noisy = training ? tf.add(code, tf.mul(scale, tf.add(tf.randomNormal(code.shape, 0, 0.1), tf.randomNormal(code.shape, 0, 0.1, 'float32', seed)))) : code
      return { loss: tf.losses.meanSquaredError(batch.x, decoder.apply(noisy, { training }) as tf.Tensor), metrics: { scale: tf.add(scale, 0), size: batch.size } }
    },
    epochs: 4,
    batchSize: 8,
    accumulate: 2,
    ...part,
  })
}

describe('customTrainer', () => {
  it('trains variables by the loss of a step, and leaves them as its artefact', async () => {
    const own = line()
    const { reports, artifact } = await run(own, trialOf(params))
    await own.release?.()
    expect(Object.keys(numbersOf(reports)[0]!)).toEqual(['step', 'loss', 'mae', 'worst', 'valLoss', 'valMae', 'valWorst'])
    expect(reports.at(-1)!['loss']).toBeLessThan(0.01)
    expect(artifact).toMatchObject({ kind: TFJS_WEIGHTS_KIND, meta: { parameters: 3, backend: 'wasm', loss: Math.min(...reports.map((report) => report['loss'] as number)) } })
    const weights = loadWeights(tf, await artifact!.bytes())
    expect(Object.keys(weights)).toEqual(['weight', 'bias'])
    expect(weights['weight']!.dataSync()[0]).toBeCloseTo(2, 1)
    expect(weights['bias']!.dataSync()[0]).toBeCloseTo(0.5, 1)
    tf.dispose(weights)
    await expect((async () => artifact!.as('onnx'))()).rejects.toMatchObject({ code: 'UNSUPPORTED', message: expect.stringMatching(/tfjs-weights/) })
  })

  it('finds models, lists and variables in the state, seeds all noise, and goes on bit for bit from any report', async () => {
    const own = autoencoder({ report: { steps: 1 } })
    const saved: { readonly step: number; readonly bytes: Uint8Array }[] = []
    const whole = await run(own, trialOf(params), async ({ step, checkpoint }) => saved.push({ step, bytes: await checkpoint!() }))
    expect(saved).toHaveLength(8)
    expect(numbersOf((await run(own, trialOf(params))).reports)).toEqual(numbersOf(whole.reports))
    expect(numbersOf((await run(own, trialOf(params, { seed: 8 }))).reports)).not.toEqual(numbersOf(whole.reports))
    for (const resumeFrom of saved) {
      const rest = await run(own, trialOf(params, { resumeFrom }))
      expect(numbersOf(rest.reports)).toEqual(numbersOf(whole.reports.slice(resumeFrom.step)))
      expect(await rest.artifact!.bytes()).toEqual(await whole.artifact!.bytes())
    }
    const weights = loadWeights(tf, await whole.artifact!.bytes())
    expect(Object.keys(weights)).toEqual(['nets/0/0/kernel', 'nets/0/0/bias', 'nets/0/1/gamma', 'nets/0/1/beta', 'nets/0/1/moving_mean', 'nets/0/1/moving_variance', 'nets/1/0/kernel', 'nets/1/0/bias', 'scale'])
    tf.dispose(weights)
    await own.release?.()
  })

  it('leaves the model of the state that is asked for', async () => {
    const own = autoencoder({ model: ({ nets }) => nets[0] })
    const { artifact } = await run(own, trialOf(params))
    await own.release?.()
    expect(artifact?.kind).toBe('tfjs-layers-model')
    expect((await (await artifact!.as('onnx')).bytes()).length).toBeGreaterThan(100)
    const encoder = await loadModel(tf, await artifact!.bytes())
    expect(encoder.outputs[0]!.shape).toEqual([null, 4])
    encoder.dispose()
  })

  it('trains what is trainable, and keeps the rest', async () => {
    const own = line({ init: () => ({ weight: tf.variable(tf.ones([2, 1]), false), bias: tf.variable(tf.zeros([1])) }), epochs: 2 })
    const { artifact } = await run(own, trialOf(params))
    await own.release?.()
    const weights = loadWeights(tf, await artifact!.bytes())
    expect([...weights['weight']!.dataSync()]).toEqual([1, 1])
    expect(weights['bias']!.dataSync()[0]).not.toBe(0)
    tf.dispose(weights)
  })

  it('takes layers that are built, and frees tensors that are no variables', async () => {
    const built = (): tf.layers.Layer => {
      const layer = tf.layers.dense({ units: 1 })
      layer.build([null, 2])
      return layer
    }
    const own = customTrainer<Params, { layer: tf.layers.Layer; offset: tf.Tensor }>({
      tf,
      backend: wasm(),
      data,
      init: () => ({ layer: built(), offset: tf.scalar(0.5) }),
      step: ({ layer, offset }, batch) => ({ loss: tf.losses.meanSquaredError(batch.y, tf.add(layer.apply(batch.x) as tf.Tensor, offset)) }),
      epochs: 3,
    })
    const { reports } = await run(own, trialOf(params))
    await own.release?.()
    expect(reports).toHaveLength(3)
  })

  const step = (metrics: (call: number) => { readonly [name: string]: tf.Tensor | number }): LineOptions['step'] => {
    let call = 0
    return ({ weight }, batch) => ({ loss: tf.mean(tf.square(tf.matMul(batch.x as tf.Tensor2D, weight as tf.Tensor2D))), metrics: metrics(call++) })
  }
  const cases: [string, Partial<LineOptions>, string, RegExp][] = [
    ['nothing to train', { init: () => ({}) as Line }, 'TFJS_MODEL', /nothing to train: put tf\.variable/],
    ['a layer that is not built', { init: () => ({ layer: tf.layers.dense({ units: 1 }) }) as unknown as Line }, 'TFJS_MODEL', /layer at layer .* has no weights yet/],
    ['an asynchronous step', { step: (async () => ({ loss: tf.scalar(1) })) as never }, 'TFJS_OPTION', /step\(\) is asynchronous/],
    ['no loss', { step: (() => undefined) as never }, 'TFJS_OPTION', /must return \{ loss \}, a scalar tensor of this tf; got undefined/],
    ['a loss for each sample', { step: ({ weight }, batch) => ({ loss: tf.matMul(batch.x, weight) }) }, 'TFJS_OPTION', /got one of shape \[10, 1\]: take its mean/],
    ['a loss that depends on no weight', { step: (_, batch) => ({ loss: tf.mean(batch.x) }) }, 'TFJS_MODEL', /does not depend on any weight/],
    ['a metric that is no number', { step: step(() => ({ mae: 'low' as never })) }, 'TFJS_OPTION', /the metric "mae" as string/],
    ['a metric called loss', { step: step(() => ({ loss: 1 })) }, 'TFJS_OPTION', /cannot be called "loss"/],
    ['metrics that change', { step: step((call) => (call === 2 ? { mse: 1 } : { mae: 1 })) }, 'TFJS_OPTION', /the metrics mse for this batch, and mae for those before/],
    ['a best metric that is not reported', { restoreBest: { metric: 'valF1' } }, 'TFJS_OPTION', /"valF1", which is not reported; there are loss, mae, worst, valLoss, valMae, valWorst/],
    ['a model that is not in the state', { model: () => tf.sequential() }, 'TFJS_OPTION', /must return a layers model that is in the state/],
    ['an init that throws', { init: () => { throw new TypeError('no such file') } }, '', /no such file/],
    ['a step that throws', { step: () => { throw new TypeError('no such key') } }, '', /no such key/],
  ]
  it('refuses options that do not exist, and what is no function, at once', () => {
    expect(() => line({ build: () => tf.sequential() } as object)).toThrow(/customTrainer has no option "build"\. It has tf, backend/)
    expect(() => line({ step: undefined as never })).toThrow(/init and step must be functions/)
  })

  it.each(cases)('refuses %s and leaves nothing behind', async (_name, part, code, message) => {
    const own = line(part)
    const trial = trialOf(params)
    const error: unknown = await run(own, trial).then(() => undefined, (reason: unknown) => reason)
    expect(error).toMatchObject({ message: expect.stringMatching(message), ...(code === '' ? {} : { code }) })
    await own.release?.()
    expect(trial.warnings).toEqual([])
  })
})
