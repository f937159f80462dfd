import { createStudy, maximize } from '@attune/core'
import * as tf from '@tensorflow/tfjs'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { cpu, loadModel, wasm, type Backend, type TrainingData } from '../index.ts'
import { images, noise, numbersOf, run, trialOf } from '../training.test-support.ts'
import { freezeBlocksSpace, freezeRatioSpace } from './freeze-space.ts'
import type { FreezeSettings } from './freeze-plan.ts'
import type { FreezeBy } from './freeze-units.ts'
import type { TransferLearningOptions } from './options.ts'
import { transferLearning } from './transfer-learning.ts'

/** Samples of six numbers, in three classes. */
function rows(samples: number, seed = 1): { readonly x: { readonly data: Float32Array; readonly shape: readonly number[] }; readonly y: Uint8Array } {
  const data = noise(samples * 6, seed)
  const y = Uint8Array.from({ length: samples }, (_, sample) => (sample * 5 + seed) % 3)
  for (let sample = 0; sample < samples; sample++) data[sample * 6 + y[sample]!]! += 1
  return { x: { data, shape: [samples, 6] }, y }
}

const few: TrainingData = { train: rows(21), validation: rows(10, 3) }

/** Three units with weights, of which the second normalises batches; trained a little, so that its statistics are no longer 0 and 1. */
function makeBase(): tf.LayersModel {
  const seeded = (seed: number): ReturnType<typeof tf.initializers.glorotUniform> => tf.initializers.glorotUniform({ seed })
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ name: 'stem', units: 8, activation: 'relu', inputShape: [6], kernelInitializer: seeded(1) }),
      tf.layers.batchNormalization({ name: 'norm' }),
      tf.layers.dense({ name: 'body', units: 5, activation: 'relu', kernelInitializer: seeded(2) }),
      tf.layers.dense({ name: 'old', units: 2, activation: 'softmax', kernelInitializer: seeded(3) }),
    ],
  })
  const [mean, variance] = model.getLayer('norm').weights.slice(2).map((weight) => weight.read() as tf.Variable)
  tf.tidy(() => {
    mean!.assign(tf.linspace(0.1, 0.8, 8))
    variance!.assign(tf.linspace(0.5, 1.5, 8))
  })
  return model
}

let base: tf.LayersModel
let before: number

function trainerOf<P = FreezeSettings>(part: Partial<TransferLearningOptions<P>> = {}): ReturnType<typeof transferLearning<P>> {
  return transferLearning<P>({
    tf,
    backend: cpu(),
    base,
    baseOutput: 'body',
    head: (features) => tf.layers.dense({ units: 3, activation: 'softmax' }).apply(features),
    freeze: (params) => params as FreezeSettings,
    data: few,
    epochs: 3,
    batchSize: 8,
    loss: 'categoricalCrossentropy',
    metrics: ['accuracy'],
    optimizer: { type: 'adam', learningRate: 0.01 },
    restoreBest: false,
    ...part,
  })
}

type Weights = { readonly [name: string]: readonly number[] }

function weightsOf(model: tf.LayersModel): Weights {
  return Object.fromEntries(model.weights.map((weight) => [weight.originalName, [...weight.read().dataSync()]]))
}

/** Trains once, and gives what came of it. */
async function train(settings: FreezeSettings, part: Partial<TransferLearningOptions<FreezeSettings>> = {}): Promise<{ readonly reports: ReturnType<typeof numbersOf>; readonly weights: Weights }> {
  const trainer = trainerOf(part)
  const trial = trialOf(settings)
  const { reports, artifact } = await run(trainer, trial)
  await trainer.release?.()
  expect(trial.warnings).toEqual([])
  const model = await loadModel(tf, await artifact!.bytes())
  const weights = weightsOf(model)
  model.dispose()
  return { reports: numbersOf(reports), weights }
}

/** Weights of the base that are not what they were. */
function changed(weights: Weights): string[] {
  return Object.entries(weightsOf(base)).filter(([name, values]) => name in weights && values.some((value, i) => value !== weights[name]![i])).map(([name]) => name)
}

/** Weights that the base does not have, whatever tfjs named them. */
function headOf(weights: Weights): (readonly number[])[] {
  const names = Object.keys(weightsOf(base))
  return Object.entries(weights).filter(([name]) => !names.includes(name)).map(([, values]) => values)
}

const stem = ['stem/kernel', 'stem/bias']
const scales = ['norm/gamma', 'norm/beta']
const statistics = ['norm/moving_mean', 'norm/moving_variance']
const body = ['body/kernel', 'body/bias']

beforeAll(async () => {
  await cpu().activate(tf)
  base = makeBase()
})

afterAll(() => base.dispose())

beforeEach(() => {
  before = tf.memory().numTensors
})

afterEach(() => {
  const left = tf.memory().numTensors - before
  if (left !== 0) throw new Error(`${left} tensors more than before.`)
})

describe('the freeze ratio', () => {
  it.each<[number, readonly string[]]>([
    [1, []],
    [0.84, []],
    [0.83, body],
    [0.5, body],
    [0.49, [...scales, ...statistics, ...body]],
    [0.16, [...stem, ...scales, ...statistics, ...body]],
    [0, [...stem, ...scales, ...statistics, ...body]],
  ])('of %d trains the head, and of the base %j', async (freezeRatio, expected) => {
    const { weights } = await train({ freezeRatio })
    expect(changed(weights).sort()).toEqual([...expected].sort())
    expect(Object.keys(weights)).toHaveLength(10)
  })

  it.each<[string, FreezeBy]>([['layers', 'layers'], ['parameters', 'parameters'], ['blocks', { blocks: ['norm', 'body'] }]])('by %s trains the head alone at 1, and everything at 0', async (_by, freezeBy) => {
    const begin = headOf((await train({ freezeRatio: 1 }, { freezeBy, optimizer: { type: 'sgd', learningRate: 1e-30 } })).weights)
    const [frozen, free] = [(await train({ freezeRatio: 1 }, { freezeBy })).weights, (await train({ freezeRatio: 0 }, { freezeBy })).weights]
    expect(changed(frozen)).toEqual([])
    expect(changed(free).sort()).toEqual([...stem, ...scales, ...statistics, ...body].sort())
    expect(begin).toHaveLength(2)
    for (const weights of [frozen, free]) for (const [index, values] of headOf(weights).entries()) expect(values).not.toEqual(begin[index])
  })

  it('leaves frozen weights as they are to the last bit, whatever constraints and penalties the base has', async () => {
    const bound = tf.sequential({ layers: [tf.layers.dense({ name: 'stem', units: 8, inputShape: [6], kernelConstraint: 'unitNorm', kernelRegularizer: 'l1l2' }), tf.layers.dense({ name: 'body', units: 5, kernelConstraint: 'unitNorm' })] })
    before = tf.memory().numTensors
    const { weights } = await train({ freezeRatio: 0.5 }, { base: bound, optimizer: { type: 'adamw', learningRate: 0.01, weightDecay: 0.1 } })
    const old = weightsOf(bound)
    expect(weights['stem/kernel']).toEqual(old['stem/kernel'])
    expect(weights['body/kernel']).not.toEqual(old['body/kernel'])
    bound.dispose()
    before -= 4
  })

  it('may count parameters, or blocks by their names', async () => {
    // The stem has 56 of 133 parameters, the statistics 32, the body 45.
    expect(changed((await train({ freezeRatio: 0.5 }, { freezeBy: 'parameters' })).weights)).toEqual(expect.arrayContaining([...scales, ...body]))
    expect(changed((await train({ freezeRatio: 0.55 }, { freezeBy: 'parameters' })).weights).sort()).toEqual([...body].sort())
    const freezeBy = { blocks: ['norm', 'body'] }
    expect(changed((await train({ freezeThrough: 'norm' }, { freezeBy })).weights).sort()).toEqual([...body].sort())
    expect(changed((await train({ freezeThrough: 'body' }, { freezeBy })).weights)).toEqual([])
    expect(changed((await train({ freezeThrough: 'none' }, { freezeBy })).weights)).toEqual(expect.arrayContaining(stem))
  })

  it('comes from the parameters of a study, in a space of one’s own', async () => {
    const study = await createStudy({ name: 'transfer', space: { ...freezeRatioSpace({ units: 3 }) }, objective: maximize('valAccuracy'), seed: 2 })
    await study.optimize(trainerOf({ freeze: (params) => params }), { trials: 4 })
    expect([study.counts.complete, new Set(study.trials().map(({ params }) => params.freezeRatio)).size > 1]).toEqual([4, true])
    const blocks = await createStudy({ name: 'blocks', space: { ...freezeBlocksSpace(['norm', 'body']) }, objective: maximize('valAccuracy'), seed: 2 })
    await blocks.optimize(trainerOf({ freeze: (params) => params, freezeBy: { blocks: ['norm', 'body'] } }), { trials: 3 })
    expect(blocks.counts.complete).toBe(3)
  })
})

describe('a base with branches and a model within', () => {
  it('is frozen in the order of computation, layer by layer, and leaves nothing in memory', async () => {
    const inner = tf.sequential({ name: 'inner', layers: [tf.layers.dense({ name: 'first', units: 5, inputShape: [6] }), tf.layers.batchNormalization({ name: 'norm' })] })
    const input = tf.input({ shape: [6] })
    const side = tf.layers.dense({ name: 'side', units: 5 }).apply(input) as tf.SymbolicTensor
    const sum = tf.layers.add().apply([inner.apply(input) as tf.SymbolicTensor, side]) as tf.SymbolicTensor
    const graph = tf.model({ inputs: input, outputs: tf.layers.dense({ name: 'last', units: 4 }).apply(sum) as tf.SymbolicTensor })
    before = tf.memory().numTensors
    const trainer = trainerOf({ base: graph, baseOutput: 'last' })
    const old = weightsOf(graph)
    const moved = async (freezeRatio: number): Promise<string[]> => {
      const trial = trialOf<FreezeSettings>({ freezeRatio })
      const { artifact } = await run(trainer, trial)
      expect(trial.warnings).toEqual([])
      const model = await loadModel(tf, await artifact!.bytes())
      const now = weightsOf(model)
      model.dispose()
      return [...new Set(Object.keys(old).filter((name) => now[name]!.some((value, i) => value !== old[name]![i])).map((name) => name.split('/')[0]!))].sort()
    }
    expect(await moved(1)).toEqual([])
    expect(await moved(0.75)).toEqual(['last'])
    expect(await moved(0)).toEqual(['first', 'last', 'norm', 'side'])
    // Side and inner model stand beside each other; what is nearer to the input comes first.
    expect(await moved(0.25)).toHaveLength(3)
    await trainer.release?.()
    graph.dispose()
    before -= 10
  })
})

describe('a head with several outputs', () => {
  it('is trained for each of them, from features that are computed once, too', async () => {
    const { x, y } = rows(21)
    const two: Partial<TransferLearningOptions<FreezeSettings>> = {
      head: (features) => [tf.layers.dense({ name: 'which', units: 3, activation: 'softmax' }).apply(features) as tf.SymbolicTensor, tf.layers.dense({ name: 'first', units: 1 }).apply(features) as tf.SymbolicTensor],
      data: { train: { x, y: { which: y, first: y.map((value) => Number(value === 0)) } } },
      loss: { which: 'categoricalCrossentropy', first: 'meanSquaredError' },
    }
    const { reports } = await train({ freezeRatio: 1 }, two)
    expect(Object.keys(reports[0]!)).toEqual(expect.arrayContaining(['loss', 'whichLoss', 'firstLoss', 'whichAccuracy']))
    expect((await train({ freezeRatio: 1 }, { ...two, cacheFeatures: false })).reports).toEqual(reports)
  })
})

describe('a Sequential that begins with a model', () => {
  it('is frozen as if it were one', async () => {
    const inner = tf.sequential({ layers: [tf.layers.dense({ name: 'first', units: 5, inputShape: [6] })] })
    const outer = tf.sequential({ layers: [inner, tf.layers.dense({ name: 'second', units: 4 })] })
    before = tf.memory().numTensors
    const old = weightsOf(outer)
    const moved = async (freezeRatio: number): Promise<string[]> => {
      const { weights } = await train({ freezeRatio }, { base: outer, baseOutput: 'second' })
      return Object.keys(old).filter((name) => weights[name]!.some((value, i) => value !== old[name]![i]))
    }
    expect(await moved(1)).toEqual([])
    expect(await moved(0.5)).toEqual(['second/kernel', 'second/bias'])
    expect(await moved(0)).toHaveLength(4)
    tf.dispose(outer.weights.map((weight) => weight.read()))
    before -= 4
  })
})

describe('a base with two inputs and a layer that both share', () => {
  it.each([0, 1])('leaves nothing in memory at %d', async (freezeRatio) => {
    const twins = (): tf.LayersModel => {
      const inputs = [tf.input({ shape: [6] }), tf.input({ shape: [6] })]
      const shared = tf.layers.dense({ name: 'shared', units: 3 })
      return tf.model({ inputs, outputs: tf.layers.concatenate().apply(inputs.map((input) => shared.apply(input) as tf.SymbolicTensor)) as tf.SymbolicTensor })
    }
    const [one, other] = [rows(21), rows(21, 5)]
    const trial = trialOf<FreezeSettings>({ freezeRatio })
    const trainer = transferLearning<FreezeSettings>({ tf, backend: cpu(), base: twins, head: (features) => tf.layers.dense({ units: 3, activation: 'softmax' }).apply(features), freeze: (params) => params, data: { train: { x: [one.x, other.x], y: one.y } }, epochs: 2, loss: 'categoricalCrossentropy' })
    const { reports } = await run(trainer, trial)
    await trainer.release?.()
    expect([reports.length, trial.warnings]).toEqual([2, []])
  })
})

describe('gradual unfreezing', () => {
  it('thaws the layer next to the head first, with its epoch', async () => {
    const after = async (epochs: number): Promise<string[]> => changed((await train({ freezeRatio: 0, unfreezeEvery: 1 }, { epochs })).weights)
    expect(await after(1)).toEqual([])
    expect((await after(2)).sort()).toEqual([...body].sort())
    expect((await after(3)).sort()).toEqual([...scales, ...statistics, ...body].sort())
    expect(await after(4)).toEqual(expect.arrayContaining(stem))
  })
})

describe('lower rates for earlier layers', () => {
  it('shrink the first step of plain gradient descent by the decay, once for each layer from the head', async () => {
    const one = { epochs: 1, batchSize: 21, shuffle: false, optimizer: { type: 'sgd', learningRate: 0.1 }, batchNorm: 'keep' } as const
    const [plain, lowered] = [(await train({ freezeRatio: 0 }, one)).weights, (await train({ freezeRatio: 0, rateDecay: 0.5 }, one)).weights]
    const old = weightsOf(base)
    for (const [names, factor] of [[body, 0.5], [scales, 0.25], [stem, 0.125]] as const) {
      for (const name of names) {
        const steps = old[name]!.map((value, i) => [plain[name]![i]! - value, lowered[name]![i]! - value] as const)
        expect(Math.max(...steps.map(([step]) => Math.abs(step)))).toBeGreaterThan(1e-3)
        for (const [step, less] of steps) expect(Math.abs(less - factor * step)).toBeLessThan(1e-6)
      }
    }
    expect(headOf(lowered)).toEqual(headOf(plain))
  })
})

describe('batch normalisation', () => {
  it('by default keeps the statistics of frozen layers and uses them, so that a base that does not learn gives what it predicts', async () => {
    const still = { epochs: 1, batchSize: 21, shuffle: false, optimizer: { type: 'sgd', learningRate: 1e-12 } } as const
    const same: TrainingData = { train: rows(21), validation: rows(21) }
    const [frozen] = (await train({ freezeRatio: 1 }, { ...still, data: same, cacheFeatures: false })).reports
    expect(frozen!['loss']).toBeCloseTo(frozen!['valLoss'] as number, 6)
    const [adapting] = (await train({ freezeRatio: 1 }, { ...still, data: same, batchNorm: 'adapt' })).reports
    expect(Math.abs((adapting!['loss'] as number) - (adapting!['valLoss'] as number))).toBeGreaterThan(1e-3)
  })

  it('may keep the statistics of thawed layers too, or move those of frozen ones', async () => {
    expect(changed((await train({ freezeRatio: 0 }, { batchNorm: 'keep' })).weights).sort()).toEqual([...stem, ...scales, ...body].sort())
    expect(changed((await train({ freezeRatio: 1 }, { batchNorm: 'adapt' })).weights).sort()).toEqual([...statistics].sort())
    expect(changed((await train({ freezeRatio: 1 }, { batchNorm: () => 'frozen' })).weights)).toEqual([])
  })
})

describe('a training', () => {
  it.each([
    ['any epoch', {}],
    ['any second step', { report: { steps: 2 } }],
  ] as const)('that is stopped at %s and restored gives the same numbers, also across a thaw', async (_when, part) => {
    const settings: FreezeSettings = { freezeRatio: 0, unfreezeEvery: 1, rateDecay: 0.7 }
    const trainer = trainerOf({ epochs: 5, ...part })
    const checkpoints: Uint8Array[] = []
    const whole = await run(trainer, trialOf(settings), async (report) => checkpoints.push(await report.checkpoint!()))
    const bytes = await whole.artifact!.bytes()
    for (const [index, checkpoint] of checkpoints.slice(0, -1).entries()) {
      const trial = trialOf(settings, { resumeFrom: { step: whole.reports[index]!.step, bytes: checkpoint } })
      const rest = await run(trainer, trial)
      expect(numbersOf(rest.reports)).toEqual(numbersOf(whole.reports).slice(index + 1))
      const [one, other] = [await loadModel(tf, bytes), await loadModel(tf, await rest.artifact!.bytes())]
      expect(Object.values(weightsOf(other))).toEqual(Object.values(weightsOf(one)))
      one.dispose()
      other.dispose()
      expect(trial.warnings).toEqual([])
    }
    await trainer.release?.()
  })

  it('may go on from a checkpoint with another ratio: what is frozen then stays as the checkpoint has it', async () => {
    const trainer = trainerOf({ epochs: 4 })
    let checkpoint: Uint8Array | undefined
    await run(trainer, trialOf<FreezeSettings>({ freezeRatio: 0 }, { toStep: 2 }), async (report) => (checkpoint = await report.checkpoint!()))
    const at2 = (await train({ freezeRatio: 0 }, { epochs: 2 })).weights
    const fork = trialOf<FreezeSettings>({ freezeRatio: 1 }, { resumeFrom: { step: 2, bytes: checkpoint! } })
    const { reports, artifact } = await run(trainer, fork)
    expect(numbersOf(reports).map(({ step }) => step)).toEqual([3, 4])
    expect(fork.warnings).toEqual([])
    const model = await loadModel(tf, await artifact!.bytes())
    const weights = weightsOf(model)
    for (const name of [...stem, ...scales, ...statistics, ...body]) expect(weights[name]).toEqual(at2[name])
    model.dispose()
    // And the other way: what was frozen learns.
    let late: Uint8Array | undefined
    await run(trainer, trialOf<FreezeSettings>({ freezeRatio: 1 }, { toStep: 2 }), async (report) => (late = await report.checkpoint!()))
    const thawed = await run(trainer, trialOf<FreezeSettings>({ freezeRatio: 0 }, { resumeFrom: { step: 2, bytes: late! } }))
    const second = await loadModel(tf, await thawed.artifact!.bytes())
    expect(changed(weightsOf(second))).toEqual(expect.arrayContaining([...stem, ...body]))
    second.dispose()
    await trainer.release?.()
  })

  it('leaves the base as it was, and a model that answers by itself', async () => {
    const old = weightsOf(base)
    const trainer = trainerOf()
    const { artifact } = await run(trainer, trialOf({ freezeRatio: 0 }))
    await trainer.release?.()
    expect(weightsOf(base)).toEqual(old)
    const model = await loadModel(tf, await artifact!.bytes())
    const shape = tf.tidy(() => (model.predict(tf.zeros([4, 6])) as tf.Tensor).shape)
    expect(shape).toEqual([4, 3])
    model.dispose()
  })
})

describe('features computed once', () => {
  /** Counts what goes through it. */
  class Counting extends tf.layers.Layer {
    static className = 'Counting'
    static samples = 0
    static onCall: (samples: number) => unknown = () => undefined
    override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
      const input = Array.isArray(inputs) ? inputs[0]! : inputs
      Counting.samples += input.shape[0] ?? 0
      Counting.onCall(Counting.samples)
      return input.clone()
    }
  }

  const convolutional = (part: tf.layers.Layer): tf.LayersModel => tf.sequential({
    layers: [tf.layers.conv2d({ filters: 3, kernelSize: 3, activation: 'relu', inputShape: [6, 6, 1] }), tf.layers.batchNormalization(), part, tf.layers.flatten(), tf.layers.dense({ units: 7, activation: 'tanh', kernelRegularizer: 'l1l2' })],
  })

  async function course(backend: Backend, model: tf.LayersModel, cacheFeatures: boolean, batchSize: number): Promise<{ readonly reports: unknown; readonly weights: unknown; readonly samples: number }> {
    Counting.samples = 0
    const trainer = trainerOf({ backend, base: model, baseOutput: model.layers.at(-1)!.name, data: { train: images(37), validation: images(11, 3) }, batchSize, cacheFeatures, head: (features) => tf.layers.dense({ units: 2, activation: 'softmax' }).apply(tf.layers.dropout({ rate: 0.2 }).apply(features)) })
    const results = []
    for (let i = 0; i < 2; i++) {
      const trial = trialOf<FreezeSettings>({ freezeRatio: 1 })
      const { reports, artifact } = await run(trainer, trial)
      expect(trial.warnings).toEqual([])
      const trained = await loadModel(tf, await artifact!.bytes())
      results.push([numbersOf(reports), Object.values(weightsOf(trained))])
      trained.dispose()
    }
    await trainer.release?.()
    expect(results[1]).toEqual(results[0])
    return { reports: results[0]![0], weights: results[0]![1], samples: Counting.samples }
  }

  beforeAll(() => {
    tf.serialization.registerClass(Counting)
  })

  it.each([['cpu', cpu()], ['wasm', wasm()]] as const)('give the same numbers, bit for bit, on %s', async (_name, backend) => {
    await backend.activate(tf)
    const model = convolutional(new Counting({}))
    before = tf.memory().numTensors
    for (const batchSize of [1, 8, 37]) {
      const [cached, plain] = [await course(backend, model, true, batchSize), await course(backend, model, false, batchSize)]
      expect(cached.reports).toEqual(plain.reports)
      expect(cached.weights).toEqual(plain.weights)
      // Two trials of three epochs.
      expect([cached.samples, plain.samples]).toEqual([48, 2 * 3 * 48])
    }
    expect(tf.memory().numTensors).toBe(before)
    model.dispose()
    await cpu().activate(tf)
    before = tf.memory().numTensors
  })

  it('are those of the base that a checkpoint has', async () => {
    const numbers = []
    for (const cacheFeatures of [true, false]) {
      const trainer = trainerOf({ epochs: 4, cacheFeatures })
      const checkpoints: Uint8Array[] = []
      for (const freezeRatio of [0, 1]) await run(trainer, trialOf<FreezeSettings>({ freezeRatio }, { toStep: 2 }), async (report) => checkpoints.push(await report.checkpoint!()))
      for (const bytes of [checkpoints[1]!, checkpoints[3]!]) numbers.push(numbersOf((await run(trainer, trialOf<FreezeSettings>({ freezeRatio: 1 }, { resumeFrom: { step: 2, bytes } }))).reports))
      await trainer.release?.()
    }
    expect(numbers.slice(2)).toEqual(numbers.slice(0, 2))
    expect(numbers[1]).not.toEqual(numbers[0])
  })

  it('are not, where samples cannot be told apart', async () => {
    const { x, y } = rows(21)
    async function* samples(): AsyncGenerator<{ readonly x: Float32Array; readonly y: number }> {
      for (let i = 0; i < 21; i++) yield { x: x.data.subarray(i * 6, i * 6 + 6), y: y[i]! }
    }
    const arrays = (await train({ freezeRatio: 1 }, { data: { train: { x, y } }, shuffle: false })).reports
    expect((await train({ freezeRatio: 1 }, { data: { train: { samples } }, shuffle: false })).reports).toEqual(arrays)
  })

  it('are given up when the trial is aborted meanwhile', async () => {
    const abort = new AbortController()
    const model = convolutional(new Counting({}))
    before = tf.memory().numTensors
    const trainer = trainerOf({ base: model, baseOutput: model.layers.at(-1)!.name, data: { train: images(200) }, head: (features) => tf.layers.dense({ units: 2, activation: 'softmax' }).apply(features) })
    Counting.samples = 0
    Counting.onCall = (samples) => samples > 0 && abort.abort()
    const { reports, artifact } = await run(trainer, trialOf<FreezeSettings>({ freezeRatio: 1 }, { signal: abort.signal }))
    Counting.onCall = () => undefined
    expect([reports, artifact, Counting.samples]).toEqual([[], undefined, 64])
    await trainer.release?.()
    expect(tf.memory().numTensors).toBe(before)
    model.dispose()
    before = tf.memory().numTensors
  })

  it('are not, where the base draws noise', async () => {
    const model = tf.sequential({ layers: [tf.layers.conv2d({ filters: 2, kernelSize: 3, inputShape: [6, 6, 1] }), new Counting({}), tf.layers.dropout({ rate: 0.5 }), tf.layers.flatten()] })
    before = tf.memory().numTensors
    expect((await course(cpu(), model, true, 8)).samples).toBe(2 * 3 * 48)
    expect(tf.memory().numTensors).toBe(before)
    tf.dispose(model.weights.map((weight) => weight.read()))
    before = tf.memory().numTensors
  })
})

describe('bad input', () => {
  it('without a head, or with options that do not exist, is refused at once', () => {
    expect(() => trainerOf({ freezeby: 'parameters' } as object)).toThrow('transferLearning has no option "freezeby". Did you mean "freezeBy"?')
    expect(() => trainerOf({ head: undefined as unknown as TransferLearningOptions<FreezeSettings>['head'] })).toThrow(expect.objectContaining({ code: 'TFJS_OPTION' }))
  })

  const fails = async (settings: FreezeSettings, part: Partial<TransferLearningOptions<FreezeSettings>>): Promise<unknown> => {
    const trainer = trainerOf(part)
    try {
      return await run(trainer, trialOf(settings))
    } finally {
      await trainer.release?.()
    }
  }

  it.each<[string, FreezeSettings, Partial<TransferLearningOptions<FreezeSettings>>, { readonly code: string; readonly message: RegExp }]>([
    ['a ratio above 1', { freezeRatio: 1.5 }, {}, { code: 'TFJS_OPTION', message: /freezeRatio must be between 0/ }],
    ['a ratio that is no number', { freezeRatio: NaN }, {}, { code: 'TFJS_OPTION', message: /got NaN/ }],
    ['an unknown block', { freezeRatio: 0 }, { freezeBy: { blocks: ['head'] } }, { code: 'TFJS_OPTION', message: /names "head", and the base has no layer of that name; there are stem, norm, body/ }],
    ['a block that the space has and the base does not', { freezeThrough: 'neck' }, { freezeBy: { blocks: ['norm', 'body'] } }, { code: 'TFJS_OPTION', message: /"neck", which is no block/ }],
    ['an unknown layer as the base’s output', { freezeRatio: 0 }, { baseOutput: 'neck' }, { code: 'TFJS_OPTION', message: /baseOutput is "neck"/ }],
    ['an unknown rule for batch normalisations', { freezeRatio: 0 }, { batchNorm: 'thawed' as 'keep' }, { code: 'TFJS_OPTION', message: /batchNorm is 'frozen', 'keep' or 'adapt', got "thawed"/ }],
    ['data of another shape', { freezeRatio: 0 }, { data: { train: images(8) } }, { code: 'TFJS_DATA', message: /data\.train\.x has shape \[6, 6, 1\], the model's input is \[6\]/ }],
    ['a head that ignores the features', { freezeRatio: 0 }, { head: () => tf.layers.dense({ units: 3 }).apply(tf.input({ shape: [6] })) }, { code: 'TFJS_MODEL', message: /ignores the features/ }],
    ['a head without weights on a base that has yet to thaw', { freezeRatio: 0, unfreezeEvery: 2 }, { head: (features) => tf.layers.reshape({ targetShape: [5] }).apply(features) }, { code: 'TFJS_MODEL', message: /at least at first/ }],
    ['a head without weights on a frozen base', { freezeRatio: 1 }, { head: (features) => tf.layers.reshape({ targetShape: [5] }).apply(features) }, { code: 'TFJS_MODEL', message: /Nothing is left to train/ }],
    ['a base that is none', { freezeRatio: 1 }, { base: {} as tf.LayersModel }, { code: 'TFJS_MODEL', message: /base is neither/ }],
    ['labels that the head has no output for', { freezeRatio: 1 }, { head: (features) => tf.layers.dense({ units: 2, activation: 'softmax' }).apply(features) }, { code: 'TFJS_DATA', message: /class index 2/ }],
  ])('%s is refused', async (_what, settings, part, { code, message }) => {
    await expect(fails(settings, part)).rejects.toMatchObject({ code, message: expect.stringMatching(message) as string })
  })
})
