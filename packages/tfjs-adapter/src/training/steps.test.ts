import type { Report } from '@attune/core'
import * as tf from '@tensorflow/tfjs'
import { beforeAll, describe, expect, it, test } from 'vitest'
import { loadModel, tfjsTrainer, wasm, type EarlyStopping, type TfjsTrainerOptions } from '../index.ts'
import { buildConvnet, buildDense, convnetTrainer, countTensors, images, noise, numbersOf, run, trialOf, type Params } from '../training.test-support.ts'

type Options = Partial<TfjsTrainerOptions<Params>>

const params = { learningRate: 0.01 }
const data = { train: images(21), validation: images(10, 3) }
const batches = { epochs: 2, batchSize: 4, data }

function steps(reports: readonly Report[]): number[] {
  return reports.map(({ step }) => step)
}

async function weightsOf(part: Options): Promise<number[][]> {
  const own = convnetTrainer({ restoreBest: false, ...part })
  const { artifact } = await run(own, trialOf(params))
  await own.release?.()
  const model = await loadModel(tf, await artifact!.bytes())
  const weights = model.getWeights().map((weight) => [...weight.dataSync()])
  model.dispose()
  return weights
}

beforeAll(() => wasm().activate(tf))
countTensors()

describe('gradient accumulation', () => {
  const sgd = { build: buildDense, epochs: 3, optimizer: { type: 'sgd', learningRate: 0.1 } } as const

  // 40 samples: batches of 5 in fours are two of 20; of 6 in threes (the last one of 4) 18, 18 and 4; of 7 in twos 14, 14 and 12.
  it.each([[5, 4, 20], [6, 3, 18], [7, 2, 14]])('of batches of %i, %i at a time, is training with batches of %i', async (batchSize, accumulate, large) => {
    const [small, whole] = [await weightsOf({ ...sgd, batchSize, accumulate }), await weightsOf({ ...sgd, batchSize: large })]
    for (const [index, weight] of whole.entries()) {
      const size = Math.max(...weight.map(Math.abs))
      for (const [position, value] of weight.entries()) expect(Math.abs(small[index]![position]! - value)).toBeLessThan(1e-5 * size)
    }
  })

  it('is clipped after all gradients have come', async () => {
    const clipped = { ...sgd, clip: { norm: 0.05 } }
    const [small, whole] = [await weightsOf({ ...clipped, batchSize: 5, accumulate: 4 }), await weightsOf({ ...clipped, batchSize: 20 })]
    for (const [index, weight] of whole.entries()) for (const [position, value] of weight.entries()) expect(small[index]![position]).toBeCloseTo(value, 6)
    expect(whole).not.toEqual(await weightsOf({ ...sgd, batchSize: 20 }))
  })

  it('makes fewer steps', async () => {
    const own = convnetTrainer({ ...batches, accumulate: 4, report: { steps: 1 } })
    expect(steps((await run(own, trialOf(params))).reports)).toEqual([1, 2, 3, 4])
    await own.release?.()
  })
})

describe('clipping', () => {
  it.each([[{ norm: 1e-3 }], [{ value: 1e-4 }]])('by %o bounds what a step changes', async (clip) => {
    const build = (): tf.LayersModel => tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [36], kernelInitializer: 'zeros' })] })
    const { x } = images(8)
    const [kernel] = await weightsOf({ build, clip, data: { train: { x: { data: x.data, shape: [8, 36] }, y: noise(8) } }, loss: 'meanSquaredError', metrics: [], epochs: 1, batchSize: 8, optimizer: { type: 'sgd', learningRate: 1 } })
    if ('norm' in clip) expect(Math.hypot(...kernel!)).toBeLessThanOrEqual(1e-3 * (1 + 1e-5))
    else expect(Math.max(...kernel!.map(Math.abs))).toBeCloseTo(1e-4, 8)
  })
})

describe('reports and validations', () => {
  // 21 samples in batches of 4: six steps an epoch.
  const cases: [string, Options, number[], number[]][] = [
    ['of every epoch by default', {}, [1, 2], [1, 2]],
    ['every 4 steps, and at the end', { report: { steps: 4 } }, [4, 8, 12], [4, 8, 12]],
    ['every 5 steps, and at the end', { report: { steps: 5 } }, [5, 10, 12], [5, 10, 12]],
    ['every 4 steps, because of the validation', { validate: { steps: 4 } }, [4, 8, 12], [4, 8, 12]],
    ['every 2 steps, validated every 6', { report: { steps: 2 }, validate: { steps: 6 } }, [2, 4, 6, 8, 10, 12], [6, 12]],
    ['every 4 steps, validated every epoch', { report: { steps: 4 }, validate: 'epoch' }, [4, 6, 8, 12], [6, 12]],
    ['by a function of the parameters', { report: ({ learningRate }) => ({ steps: Math.round(learningRate * 600) }) }, [6, 12], [6, 12]],
  ]
  it.each(cases)('%s', async (_name, part, reported, validated) => {
    const own = convnetTrainer({ ...batches, ...part })
    const { reports } = await run(own, trialOf(params))
    await own.release?.()
    expect(steps(reports)).toEqual(reported)
    expect(steps(reports.filter((report) => 'valLoss' in report))).toEqual(validated)
    for (const report of reports) expect(report).toMatchObject({ loss: expect.any(Number), accuracy: expect.any(Number) })
  })

  it('mean over the samples since the report before', async () => {
    const frozen: Options = { ...batches, build: buildDense, optimizer: { type: 'sgd', learningRate: 1e-12 }, shuffle: false }
    const own = convnetTrainer({ ...frozen, report: { steps: 3 } })
    const { reports } = await run(own, trialOf(params))
    await own.release?.()
    const [whole] = numbersOf((await run(convnetTrainer({ ...frozen, epochs: 1 }), trialOf(params))).reports)
    // Steps 1 to 3 have 12 samples, 4 to 6 the other 9.
    expect(((reports[0]!['loss'] as number) * 12 + (reports[1]!['loss'] as number) * 9) / 21).toBeCloseTo(whole!['loss'] as number, 5)
    expect(reports[0]!['loss']).not.toBeCloseTo(reports[1]!['loss'] as number, 5)
  })

  it('stop at the step that the pruner gives, in the unit of reports, and report there', async () => {
    const own = convnetTrainer({ ...batches, report: { steps: 4 } })
    const { reports, artifact } = await run(own, trialOf(params, { toStep: 7 }))
    expect(steps(reports)).toEqual([4, 7])
    expect(reports[1]).toMatchObject({ valLoss: expect.any(Number) })
    expect(artifact).toBeDefined()
    expect(steps((await run(own, trialOf(params, { toStep: 8 }))).reports)).toEqual([4, 8])
    expect(steps((await run(own, trialOf(params, { toStep: 99 }))).reports)).toEqual([4, 8, 12])
    await own.release?.()
  })

  it.each([
    [{ report: { steps: 0 } }, /report\.steps must be a whole number of at least 1/],
    [{ report: 'batch' as never }, /report is 'epoch' or \{ steps \}, got "batch"/],
    [{ report: 'epoch', validate: { steps: 3 } }, /validate counts steps and report epochs/],
    [{ accumulate: 0 }, /accumulate must be a whole number of at least 1/],
    [{ clip: { norm: 0 } }, /clipped by \{ norm \} or by \{ value \}/],
    [{ stepsPerEpoch: 1.5 }, /stepsPerEpoch must be a whole number/],
  ] satisfies [Options, RegExp][])('are refused for %o', async (part, message) => {
    await expect(run(convnetTrainer({ ...batches, ...part }), trialOf(params))).rejects.toMatchObject({ code: 'TFJS_OPTION', message: expect.stringMatching(message) })
  })
})

describe('early stopping', () => {
  /** A training whose loss follows a script, one epoch a step. */
  function scripted(losses: readonly number[], part: Options): ReturnType<typeof convnetTrainer> {
    let epoch = 0
    const loss = (_truth: tf.Tensor, prediction: tf.Tensor): tf.Tensor => tf.add(tf.mul(tf.mean(prediction), 0), losses[epoch++]!)
    return tfjsTrainer<Params>({ tf, backend: wasm(), build: () => tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [1] })] }), data: { train: { x: { data: [1], shape: [1, 1] }, y: [1] } }, epochs: losses.length, loss: () => loss, ...part })
  }

  const scripts: [EarlyStopping, number[], number][] = [
    [{ patience: 2 }, [5, 4, 4, 4, 1], 4],
    [{ patience: 1 }, [5, 4, 6, 1], 3],
    [{ patience: 2, minDelta: 0.5 }, [5, 4.75, 4.5, 1], 3],
    [{ patience: 2, metric: 'loss', direction: 'maximize' }, [5, 6, 4, 4, 9], 4],
    [{ patience: 9 }, [5, 4, 4, 4, 1], 5],
  ]
  it.each(scripts)('with %o ends losses %o after epoch %i', async (earlyStopping, losses, last) => {
    const own = scripted(losses, { earlyStopping })
    const { reports, artifact } = await run(own, trialOf(params))
    await own.release?.()
    expect(steps(reports).at(-1)).toBe(last)
    expect(artifact?.meta).toMatchObject({ loss: Math.min(...losses.slice(0, last)) })
    expect((artifact!.meta as { stoppedEarly?: number }).stoppedEarly).toBe(last < losses.length ? last : undefined)
  })

  it('goes on where it was after a restart, and ends at once if it had ended', async () => {
    const own = convnetTrainer({ ...batches, epochs: 30, earlyStopping: ({ learningRate }) => ({ patience: Math.round(learningRate * 300), metric: 'valAccuracy' }), optimizer: { type: 'sgd', learningRate: 0.5 } })
    const saved: { readonly step: number; readonly bytes: Uint8Array }[] = []
    const whole = await run(own, trialOf(params), async ({ step, checkpoint }) => saved.push({ step, bytes: await checkpoint!() }))
    expect(whole.reports.length).toBeLessThan(30)
    for (const resumeFrom of saved.slice(-3)) {
      const rest = await run(own, trialOf(params, { resumeFrom }))
      expect(numbersOf(rest.reports)).toEqual(numbersOf(whole.reports.slice(resumeFrom.step)))
      expect(rest.artifact?.meta).toEqual(whole.artifact?.meta)
    }
    await own.release?.()
  })

  it.each([
    [{ patience: 0 }, /earlyStopping\.patience must be a whole number of at least 1/],
    [{ patience: 1, minDelta: -1 }, /minDelta must be a number of at least 0/],
    [{ patience: 1, metric: 'valF1' }, /earlyStopping names the metric "valF1", which is not reported/],
    [{ patience: 1, monitor: 'valLoss' }, /earlyStopping has no option "monitor"\. It has patience, minDelta, metric, direction/],
    [3 as never, /The options of earlyStopping are an object, got 3/],
    [{ patience: 1, metric: 'cosine' }, /earlyStopping\.direction is 'minimize' or 'maximize': the name "cosine" does not say which/],
  ])('refuses %o', async (earlyStopping, message) => {
    const own = convnetTrainer({ ...batches, metrics: ['cosine'], loss: 'sparseCategoricalCrossentropy', restoreBest: false, earlyStopping })
    await expect(run(own, trialOf(params))).rejects.toMatchObject({ code: 'TFJS_OPTION', message: expect.stringMatching(message) })
    await own.release?.()
  })
})

describe('a training in steps that is stopped and restored', () => {
  const everything: Options = {
    ...batches,
    build: buildConvnet,
    accumulate: 2,
    report: { steps: 1 },
    validate: 'epoch',
    schedule: { type: 'plateau', patience: 1, factor: 0.5, warmup: { steps: 2 } },
    clip: { norm: 1 },
    labelSmoothing: 0.1,
    earlyStopping: { patience: 3 },
    epochs: 3,
    optimizer: { type: 'adamw', learningRate: 0.05, weightDecay: 0.1 },
  }

  test('gives the same numbers bit for bit from every report on, in the middle of epochs too', async () => {
    const own = convnetTrainer(everything)
    const saved: { readonly step: number; readonly bytes: Uint8Array }[] = []
    const whole = await run(own, trialOf(params), async ({ step, checkpoint }) => saved.push({ step, bytes: await checkpoint!() }))
    expect(saved).toHaveLength(9)
    const bytes = await whole.artifact!.bytes()
    for (const resumeFrom of saved) {
      const trial = trialOf(params, { resumeFrom, attempt: 2 })
      const rest = await run(own, trial)
      expect(numbersOf(rest.reports)).toEqual(numbersOf(whole.reports.slice(resumeFrom.step)))
      expect(rest.artifact?.meta).toEqual(whole.artifact?.meta)
      expect(weightData(await rest.artifact!.bytes(), bytes)).toBe(true)
      expect(trial.warnings).toEqual([])
    }
    await own.release?.()
  })

  test('also from where a pruner paused it between two reports', async () => {
    const own = convnetTrainer({ ...everything, report: { steps: 4 } })
    const whole = await run(own, trialOf(params))
    for (const toStep of [2, 3, 5]) {
      let resumeFrom: { readonly step: number; readonly bytes: Uint8Array } | undefined
      const first = await run(own, trialOf(params, { toStep }), async ({ step, checkpoint }) => (resumeFrom = { step, bytes: await checkpoint!() }))
      const rest = await run(own, trialOf(params, { resumeFrom }))
      const planned = first.reports.filter(({ step }) => step !== toStep || whole.reports.some((report) => report.step === toStep))
      expect(numbersOf([...planned, ...rest.reports])).toEqual(numbersOf(whole.reports))
      expect(rest.artifact?.meta).toEqual(whole.artifact?.meta)
    }
    await own.release?.()
  })

  test('goes on with batches of another size at the first sample that it has not seen', async () => {
    const seen: number[][] = []
    const watched = (batchSize: number): ReturnType<typeof convnetTrainer> => {
      const loss = (truth: tf.Tensor, prediction: tf.Tensor): tf.Tensor => {
        seen.push([...truth.dataSync()])
        return tf.mean(tf.squaredDifference(truth, tf.mean(prediction, -1, true)))
      }
      return tfjsTrainer<Params>({ tf, backend: wasm(), build: () => tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [1] })] }), data: { train: { x: { data: noise(12), shape: [12, 1] }, y: Float32Array.from({ length: 12 }, (_, i) => i) } }, epochs: 1, batchSize, report: { steps: 1 }, shuffle: false, loss: () => loss })
    }
    const small = watched(2)
    let resumeFrom: { readonly step: number; readonly bytes: Uint8Array } | undefined
    await run(small, trialOf(params, { toStep: 3 }), async ({ step, checkpoint }) => (resumeFrom = { step, bytes: await checkpoint!() }))
    await small.release?.()
    seen.length = 0
    const large = watched(3)
    const { reports } = await run(large, trialOf(params, { resumeFrom }))
    await large.release?.()
    expect(seen).toEqual([[6, 7, 8], [9, 10, 11]])
    expect(steps(reports)).toEqual([4, 5])
  })
})

/** Whether two models have the same weights, whatever their layers are called in this process. */
function weightData(left: Uint8Array, right: Uint8Array): boolean {
  const size = 4 * (3 * 9 + 3 + 12 + 24 + 2)
  return Buffer.compare(left.subarray(-size - 4, -4), right.subarray(-size - 4, -4)) === 0
}
