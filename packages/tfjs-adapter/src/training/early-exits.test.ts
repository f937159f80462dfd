import type { Report } from '@attune/core'
import * as tf from '@tensorflow/tfjs'
import { beforeAll, describe, expect, it } from 'vitest'
import { createStudy, float, minimize } from '@attune/core'
import { cpu, customTrainer, tfjsTrainer, wasm, type Backend, type TfjsTrainerOptions } from '../index.ts'
import { buildConvnet, buildDense, convnetTrainer, countTensors, data, images, noise, run, trialOf, type Params } from '../training.test-support.ts'

const params = { learningRate: 0.01 }
const regression = { train: { x: images(40).x, y: { data: noise(80), shape: [40, 2] } } }
/** Everything that holds tensors at once: sums of gradients, slots, the best weights, a schedule. */
const everything = { accumulate: 2, clip: { norm: 1 }, batchSize: 8, report: { steps: 1 }, validate: 'epoch', optimizer: { type: 'momentum', learningRate: 0.01, momentum: 0.9 } } as const satisfies Partial<TfjsTrainerOptions<Params>>

beforeAll(() => wasm().activate(tf))
countTensors()

async function failure(own: ReturnType<typeof convnetTrainer>, part: Parameters<typeof trialOf<Params>>[1] = {}): Promise<unknown> {
  const trial = trialOf(params, part)
  const error: unknown = await run(own, trial).then(() => undefined, (reason: unknown) => reason)
  await own.release?.()
  expect(trial.warnings).toEqual([])
  return error
}

/** Throws, or aborts, in the n-th call. */
function inCall(count: number, act: () => void): TfjsTrainerOptions<Params>['loss'] {
  let call = 0
  return () => (truth, prediction) => {
    if (++call === count) act()
    return tf.metrics.meanSquaredError(truth, prediction)
  }
}

const broken = (): never => {
  throw new TypeError('the user made a mistake')
}

describe('nothing is left in memory', () => {
  const mistakes: [string, Partial<TfjsTrainerOptions<Params>>][] = [
    ['build', { build: () => (buildConvnet(), tf.zeros([4]), broken()) }],
    ['the loss of the first batch', { data: regression, metrics: [], loss: inCall(1, broken) }],
    ['the loss of a later batch', { data: regression, metrics: [], loss: inCall(4, broken) }],
    ['a metric, after the loss', { metrics: ['accuracy', function own() { return broken() }] }],
    ['the loss of validation', { data: { ...regression, validation: regression.train }, metrics: [], epochs: 1, loss: inCall(6, broken) }],
    ['a metric that is no tensor', { metrics: [function own() { return 'high' as never }] }],
    ['a function of the parameters', { optimizer: broken }],
  ]
  it.each(mistakes)('after a mistake in %s', async (_name, part) => {
    expect(await failure(convnetTrainer({ ...everything, ...part }))).toBeInstanceOf(Error)
  })

  it.each([1, 2, 3, 5, 6, 7])('after an abort in batch %i', async (batch) => {
    const controller = new AbortController()
    let batches = 0
    const loss = (truth: tf.Tensor, prediction: tf.Tensor): tf.Tensor => {
      if (++batches === batch) setImmediate(() => controller.abort())
      return tf.metrics.meanSquaredError(truth, prediction)
    }
    const own = convnetTrainer({ ...everything, data: { ...regression, validation: regression.train }, metrics: [], loss: () => loss })
    expect(await failure(own, { signal: controller.signal })).toBeUndefined()
    // What comes while a batch is computed is seen before the next one begins, also in validation.
    expect(batches).toBe(batch)
  })

  it('after a checkpoint that cannot be restored', async () => {
    const own = convnetTrainer(everything)
    let bytes = new Uint8Array()
    await run(own, trialOf(params, { toStep: 1 }), async ({ checkpoint }) => (bytes = (await checkpoint!()) as typeof bytes))
    await own.release?.()
    expect(await failure(convnetTrainer({ ...everything, build: buildDense }), { resumeFrom: { step: 1, bytes } })).toMatchObject({ code: 'TFJS_CHECKPOINT', message: expect.stringMatching(/the model has weights 1\/kernel \[36, 4\].*the checkpoint 0\/kernel \[3, 3, 1, 3\]/) })
    for (let index = 16; index < bytes.length; index += 97) expect(await failure(convnetTrainer(everything), { resumeFrom: { step: 1, bytes: Uint8Array.from(bytes, (byte, at) => (at === index ? byte ^ 1 : byte)) } })).toMatchObject({ code: 'TFJS_FORMAT' })
  })

  it.each([1, 2, 3, 4, 5])('when the study stops pulling after report %i', async (count) => {
    const own = convnetTrainer(everything)
    const training = own.train(trialOf(params))
    for (let report = 0; report < count; report++) await training.next()
    await training.return(undefined)
    await own.release?.()
  })
})

describe('a loss that is no number', () => {
  it.each([NaN, Infinity, -Infinity])('fails the trial in the batch where it becomes %d', async (value) => {
    let calls = 0
    const loss = (truth: tf.Tensor, prediction: tf.Tensor): tf.Tensor => tf.mul(tf.metrics.meanSquaredError(truth, prediction), ++calls === 5 ? value : 1)
    const own = convnetTrainer({ ...everything, accumulate: 1, data: regression, metrics: [], loss: () => loss })
    expect(await failure(own)).toMatchObject({ code: 'INVALID_METRIC', message: expect.stringMatching(new RegExp(`^Training diverged: loss is ${value} in batch 5 of epoch 1 \\(step 5 of the optimiser\\)\\. The last good values, at step 4: loss [\\d.]+\\. A smaller learning rate`)), details: { metric: 'loss', value, step: 5, lastStep: 4, lastMetrics: { loss: expect.any(Number) } } })
    expect(calls).toBe(5)
  })

  it('fails it on validation data too', async () => {
    let calls = 0
    const loss = (truth: tf.Tensor, prediction: tf.Tensor): tf.Tensor => tf.mul(tf.metrics.meanSquaredError(truth, prediction), ++calls === 7 ? NaN : 1)
    const own = convnetTrainer({ data: { ...regression, validation: regression.train }, metrics: [], batchSize: 8, loss: () => loss })
    expect(await failure(own)).toMatchObject({ code: 'INVALID_METRIC', message: expect.stringMatching(/valLoss is NaN in batch 2 of the validation data \(step 5 of the optimiser\)\. Nothing was reported before/) })
  })

  it('is found where weights have become NaN by themselves', async () => {
    const own = convnetTrainer({ data: regression, metrics: [], loss: 'meanSquaredError', build: () => tf.sequential({ layers: [tf.layers.flatten({ inputShape: [6, 6, 1] }), tf.layers.dense({ units: 2 })] }), optimizer: { type: 'sgd', learningRate: 1e20 }, epochs: 9 })
    expect(await failure(own)).toMatchObject({ code: 'INVALID_METRIC', message: expect.stringMatching(/Training diverged: loss is (NaN|Infinity) in batch \d of epoch 1/) })
  })
})

describe('weights that are no numbers', () => {
  const dense = (): tf.LayersModel => tf.sequential({ layers: [tf.layers.flatten({ inputShape: [6, 6, 1] }), tf.layers.dense({ units: 4, activation: 'relu' }), tf.layers.dense({ units: 2, activation: 'softmax' })] })

  it.each([wasm(), cpu()])('fail the trial on $name before they are reported or saved, also where every loss is a number', async (backend) => {
    await backend.activate(tf)
    let calls = 0
    // The last batch of epoch 3: its loss is a number, its gradient NaN (that of a root at 0). On wasm later losses would be numbers too, as relu makes 0 of NaN.
    const loss = (truth: tf.Tensor, prediction: tf.Tensor): tf.Tensor => {
      const own = tf.metrics.categoricalCrossentropy(truth, prediction)
      return ++calls === 6 ? tf.add(own, tf.sqrt(tf.mul(tf.sum(prediction), 0))) : own
    }
    const reports: Report[] = []
    const own = convnetTrainer({ backend, build: dense, data: { train: { x: images(40).x, y: { data: Float32Array.from({ length: 80 }, (_, index) => index % 2), shape: [40, 2] } } }, metrics: [], batchSize: 20, accumulate: 1, epochs: 5, loss: () => loss })
    const error: unknown = await run(own, trialOf(params), (report) => reports.push(report)).then(() => undefined, (reason: unknown) => reason)
    await own.release?.()
    expect(error).toMatchObject({ code: 'INVALID_METRIC', message: expect.stringMatching(/^Training diverged: the weight 1\/kernel holds NaN \(step 6 of the optimiser\)\. The last good values, at step 2: loss [\d.]+\./), details: { metric: 'weights', step: 6, lastStep: 2 } })
    expect(reports.map(({ step }) => step)).toEqual([1, 2])
  })

  it('are found where the loss is fetched late, and the batch and step that are told are those of the loss', async () => {
    await cpu().activate(tf)
    let calls = 0
    const loss = (truth: tf.Tensor, prediction: tf.Tensor): tf.Tensor => tf.mul(tf.metrics.meanSquaredError(truth, prediction), ++calls === 7 ? NaN : 1)
    const elsewhere: typeof tf = { ...tf, getBackend: () => 'webgpu' }
    const own = convnetTrainer({ tf: elsewhere, backend: { ...cpu(), activate: async () => undefined }, build: dense, data: regression, metrics: [], batchSize: 2, accumulate: 2, epochs: 2, loss: () => loss })
    expect(await failure(own)).toMatchObject({ code: 'INVALID_METRIC', message: expect.stringMatching(/^Training diverged: loss is NaN in batch 7 of epoch 1 \(step 4 of the optimiser\)\. Nothing was reported before/), details: { metric: 'loss', step: 4 } })
    expect(calls).toBe(20)
    await wasm().activate(tf)
  })
})

describe('a backend without memory', () => {
  const backends: [string, Backend, () => tf.Tensor][] = [
    // 2 ** 36 bytes at once, which no engine gives.
    ['cpu', cpu(), () => tf.zeros([2 ** 34])],
    // More than the 2 ** 32 bytes that WebAssembly can have.
    ['wasm', wasm(), () => tf.tile(tf.ones([3]), [2 ** 31])],
  ]
  it.each(backends)('fails the trial on %s with the size of batches and a remedy, and the study goes on', async (name, backend, huge) => {
    const trainer = customTrainer<{ readonly size: number }, { readonly weight: tf.Variable }>({
      tf,
      backend,
      data: { train: { x: { data: noise(8), shape: [8, 1] }, y: noise(8, 2) } },
      init: () => ({ weight: tf.variable(tf.ones([1, 1])) }),
      step: ({ weight }, { x }, { params: { size } }) => {
        const square = tf.square(tf.matMul(x as tf.Tensor2D, weight as tf.Tensor2D))
        return { loss: tf.mean(size > 0.5 ? tf.mul(square, tf.sum(huge())) : square) }
      },
      epochs: 1,
      batchSize: 4,
    })
    const study = await createStudy({ space: { size: float(0, 1) }, objective: minimize('loss'), seed: 5 })
    await study.optimize(trainer, { trials: 3 })
    const trials = study.trials()
    const failed = trials.filter(({ state }) => state === 'failed')
    expect(failed.length).toBeGreaterThan(0)
    for (const { failure } of failed) expect(failure).toMatchObject({ reason: 'out-of-memory', message: expect.stringMatching(new RegExp(`^The backend "${name}" ran out of memory with batches of 4: .* A smaller batchSize with accumulate gives the same steps .*\\(batchSize 2, accumulate 2\\)`)) })
    expect(trials.filter(({ state }) => state === 'complete')).toHaveLength(3)
    await study.close()
    await wasm().activate(tf)
  })
})

it('takes no checkpoint after the last report', async () => {
  const own = convnetTrainer({ data: { train: data.train }, epochs: 1 })
  const reports: Report[] = []
  const training = own.train(trialOf(params))
  reports.push((await training.next()).value as Report)
  await training.next()
  expect(() => reports[0]!.checkpoint?.()).toThrow(/was asked for after the next step began/)
  await own.release?.()
})

it('says what is left by losses and metrics', async () => {
  const kept: tf.Tensor[] = []
  const own = tfjsTrainer<Params>({ tf, backend: wasm(), build: buildDense, data, epochs: 1, batchSize: 40, loss: 'categoricalCrossentropy', metrics: [function own(truth) { return (kept.push(tf.keep(tf.zeros([2]))), tf.mean(truth)) }] })
  const trial = trialOf(params)
  await run(own, trial)
  expect(trial.warnings).toEqual([expect.stringMatching(/left 2 tensors in memory: dispose of what build\(\), losses and metrics create/)])
  tf.dispose(kept)
  await own.release?.()
})
