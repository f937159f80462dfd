import { isAttuneError } from '@attune/core'
import * as tf from '@tensorflow/tfjs'
import { describe, expect, it } from 'vitest'
import { createStepOptimizer } from './create-step-optimizer.ts'
import { forEachTest } from './each-test.test-support.ts'
import type { CommonOptimizerSettings, OptimizerSpec } from './optimizer-spec.ts'
import { descend, disposeWeights, gradientNumbers, nameOf, SPECS, valuesOf } from './optimizers.test-support.ts'
import type { OptimizerState, StepOptimizer, TrainableWeight } from './step-optimizer.ts'

const cases = SPECS.map((spec): [string, OptimizerSpec] => [nameOf(spec), spec])
const rateOf = (step: number): number => 0.01 * (1 + Math.sin(step))

let weights: readonly TrainableWeight[]
let before: number
forEachTest((fresh, tensors) => {
  weights = fresh
  before = tensors
})

/** As a checkpoint keeps it: the numbers, not the tensors. */
function saved(optimizer: StepOptimizer): OptimizerState {
  const { id, steps, slots } = optimizer.state()
  return { id, steps: JSON.parse(JSON.stringify(steps)) as OptimizerState['steps'], slots: slots.map(({ slot, key, tensor }) => ({ slot, key, tensor: tf.tensor(tensor.arraySync()) })) }
}

describe('memory', () => {
  it.each(cases)('%s keeps only its slots, and the numbers of the last step', (_name, spec) => {
    const optimizer = createStepOptimizer(tf, { ...spec, weightDecay: 0.1, l2: 0.1 })
    expect(tf.memory().numTensors).toBe(before + weights.length)
    const [, ...held] = [0, 1, 2, 3, 4].map((step) => {
      descend(optimizer, weights, step, 1, rateOf)
      return tf.memory().numTensors - before - weights.length - optimizer.state().slots.length
    })
    expect(held).toEqual(held.map(() => held[0]))
    expect(held[0]).toBeLessThanOrEqual(12)
    const state = saved(optimizer)
    expect(optimizer.restore(state)).toBe(true)
    expect(tf.memory().numTensors).toBe(before + weights.length + 2 * state.slots.length)
    tf.dispose(state.slots.map(({ tensor }) => tensor))
    descend(optimizer, weights, 5, 1, rateOf)
    optimizer.dispose()
    expect(tf.memory().numTensors).toBe(before + weights.length)
  })

  it('leaves nothing behind when a gradient does not fit', () => {
    const optimizer = createStepOptimizer(tf, { type: 'adam', learningRate: 0.01 })
    const gradient = tf.zeros([3, 7])
    expect(() => optimizer.apply(weights, { '2/kernel': gradient }, 0.01)).toThrow(/[Ss]hape/)
    gradient.dispose()
    optimizer.dispose()
    expect(tf.memory().numTensors).toBe(before + weights.length)
  })
})

describe('state', () => {
  it.each(cases)('%s, restored, goes on bit for bit', (_name, spec) => {
    const through = createStepOptimizer(tf, spec)
    descend(through, weights, 0, 7, rateOf)
    const [middle, state] = [valuesOf(weights), saved(through)]
    descend(through, weights, 7, 7, rateOf)
    const expected = valuesOf(weights)
    through.dispose()

    for (const [index, { variable }] of weights.entries()) tf.tidy(() => variable.assign(tf.tensor(middle[index]!, variable.shape)))
    const restored = createStepOptimizer(tf, spec)
    expect(restored.restore(state)).toBe(true)
    tf.dispose(state.slots.map(({ tensor }) => tensor))
    expect(restored.state().steps).toEqual({ '0/kernel': 7, '0/bias': 7, '2/kernel': 7 })
    descend(restored, weights, 7, 7, rateOf)
    expect(valuesOf(weights)).toEqual(expected)
    restored.dispose()
  })

  it('of another optimiser is refused, and changes nothing', () => {
    const [adam, lion] = [createStepOptimizer(tf, { type: 'adam', learningRate: 0.01 }), createStepOptimizer(tf, { type: 'lion', learningRate: 0.01 })]
    descend(adam, weights, 0, 2, rateOf)
    descend(lion, weights, 0, 1, rateOf)
    expect(lion.restore(adam.state())).toBe(false)
    expect(lion.state().steps).toEqual({ '0/kernel': 1, '0/bias': 1, '2/kernel': 1 })
    adam.dispose()
    lion.dispose()
  })

  it('that lacks a slot is refused', () => {
    const [plain, centered] = [createStepOptimizer(tf, { type: 'rmsprop', learningRate: 0.01 }), createStepOptimizer(tf, { type: 'rmsprop', learningRate: 0.01, centered: true })]
    descend(plain, weights, 0, 1, rateOf)
    expect(centered.restore(plain.state())).toBe(false)
    plain.dispose()
    centered.dispose()
  })

  it('survives the optimiser that it came from, and a restore into itself', () => {
    const optimizer = createStepOptimizer(tf, { type: 'adam', learningRate: 0.01 })
    descend(optimizer, weights, 0, 1, rateOf)
    const slotsBefore = optimizer.state().slots.map(({ tensor }) => [...tensor.dataSync()])
    expect(optimizer.restore(optimizer.state())).toBe(true)
    expect(optimizer.state().slots.map(({ tensor }) => [...tensor.dataSync()])).toEqual(slotsBefore)
    optimizer.dispose()
  })
})

describe('weights', () => {
  it.each(cases)('%s leaves a weight without a gradient as it is, and begins with it when it thaws', (_name, spec) => {
    const late = (optimizer: StepOptimizer, first: number): Float32Array => {
      const [kernel] = weights as [TrainableWeight, ...TrainableWeight[]]
      const start = kernel.variable.clone()
      descend(optimizer, weights.slice(1), 0, first, rateOf)
      expect(kernel.variable.dataSync()).toEqual(start.dataSync())
      descend(optimizer, weights, 100, 3, rateOf)
      const end = Float32Array.from(kernel.variable.dataSync())
      kernel.variable.assign(start)
      start.dispose()
      optimizer.dispose()
      return end
    }
    // How long the others have been trained makes no difference to it: its averages and their corrections are its own.
    expect(late(createStepOptimizer(tf, spec), 5)).toEqual(late(createStepOptimizer(tf, spec), 0))
  })

  it.each(cases.filter(([, { type }]) => type !== 'lamb'))('%s does not decay what is left out, unless it is told to', (_name, spec) => {
    const moved = (options: Partial<CommonOptimizerSettings>): Float32Array[] => {
      const start = valuesOf(weights)
      const optimizer = createStepOptimizer(tf, { ...spec, ...options })
      const zeros = Object.fromEntries(weights.map(({ key, variable }) => [key, tf.zerosLike(variable as tf.Tensor)]))
      optimizer.apply(weights, zeros, 0.1)
      tf.dispose(zeros)
      optimizer.dispose()
      const end = valuesOf(weights)
      for (const [index, { variable }] of weights.entries()) tf.tidy(() => variable.assign(tf.tensor(start[index]!, variable.shape)))
      return end.map((values, index) => values.map((value, i) => value / start[index]![i]!))
    }
    const near = (ratio: number): unknown => expect.closeTo(ratio, 6)
    const rows = (ratios: readonly number[]): unknown[] => ratios.map((ratio, index) => Array.from({ length: [72, 4, 10][index]! }, () => near(ratio)))
    const asRows = (values: Float32Array[]): number[][] => values.map((each) => [...each])
    expect(asRows(moved({ weightDecay: 0.2 }))).toEqual(rows([0.98, 1, 0.99]))
    expect(asRows(moved({ weightDecay: 0.2, decayAll: true }))).toEqual(rows([0.98, 0.98, 0.99]))
    expect(asRows(moved({ weightDecay: 0.2, decayExcept: ['2/kernel', 'ernel'] }))).toEqual(rows([0.98, 1, 1]))
    expect(asRows(moved({ weightDecay: 0.2, decayExcept: ['kernel'], decayAll: true }))).toEqual(rows([1, 0.98, 1]))
    expect(asRows(moved({ weightDecay: 0.2, decayExcept: ['0'], decayAll: true }))).toEqual(rows([1, 1, 0.99]))
    const [, bias] = moved({ weightDecay: 0, l2: 0.2 })
    expect([...bias!]).toEqual([1, 1, 1, 1])
  })

  it('LAMB lets go of a weight that is zero, and of one that is left out of decay', () => {
    const zero: TrainableWeight[] = [true, false].map((decay) => ({ key: `${String(decay)}/kernel`, variable: tf.tidy(() => tf.variable(tf.zeros([2, 2]))), rateScale: 1, decay }))
    const optimizer = createStepOptimizer(tf, { type: 'lamb', learningRate: 0.1, weightDecay: 0.1 })
    const gradient = tf.ones([2, 2])
    for (let step = 0; step < 2; step++) optimizer.apply(zero, { 'true/kernel': gradient, 'false/kernel': gradient }, 0.1)
    const [adapted, free] = zero.map(({ variable }) => variable.dataSync()[0]!)
    expect(free).toBeCloseTo(-0.2, 5)
    // The second step is as long as the weight after the first (0.1) times the rate.
    expect(adapted).toBeCloseTo(-0.11, 5)
    gradient.dispose()
    optimizer.dispose()
    disposeWeights(zero)
  })

  it('centred RMSprop outlives a gradient that never changes', () => {
    const optimizer = createStepOptimizer(tf, { type: 'rmsprop', learningRate: 0.01, centered: true })
    const gradient = tf.fill([4], 300.1)
    for (let step = 0; step < 300; step++) optimizer.apply(weights, { '0/bias': gradient }, 1e-6)
    expect([...weights[1]!.variable.dataSync()].every(Number.isFinite)).toBe(true)
    gradient.dispose()
    optimizer.dispose()
  })
})

describe('cost', () => {
  /** Kernels for each weight and step: each is a call into the backend. tfjs's own: sgd 2, momentum 4, nesterov 6, adam 14, adamax 11, rmsprop 15, adagrad 7. */
  const kernels: readonly [OptimizerSpec, number][] = [
    [{ type: 'sgd', learningRate: 0.1 }, 2],
    [{ type: 'momentum', learningRate: 0.1 }, 4],
    [{ type: 'nesterov', learningRate: 0.1 }, 6],
    [{ type: 'adam', learningRate: 0.1 }, 10],
    [{ type: 'adamw', learningRate: 0.1 }, 11],
    [{ type: 'adamax', learningRate: 0.1 }, 9],
    [{ type: 'rmsprop', learningRate: 0.1 }, 8],
    [{ type: 'adagrad', learningRate: 0.1 }, 6],
    [{ type: 'lion', learningRate: 0.1 }, 7],
  ]
  it.each(kernels.map(([spec, count]) => [spec.type, spec, count] as const))('%s takes as few kernels as before', async (_name, spec, count) => {
    const optimizer = createStepOptimizer(tf, spec)
    const [weight] = weights as [TrainableWeight, ...TrainableWeight[]]
    const gradient = tf.tensor(gradientNumbers(0, weight.key), weight.variable.shape)
    optimizer.apply([weight], { [weight.key]: gradient }, 0.1)
    const { kernels: taken, result } = await tf.profile(() => {
      optimizer.apply([weight], { [weight.key]: gradient }, 0.1)
      return gradient.clone()
    })
    tf.dispose([result, gradient])
    expect(taken.filter(({ name }) => name !== 'Identity')).toHaveLength(count)
    optimizer.dispose()
  })
})

describe('a spec', () => {
  it.each<[string, unknown, RegExp]>([
    ['an unknown type', { type: 'adamn', learningRate: 0.1 }, /type "adamn" is not one of sgd, momentum, .*; for others, return a tf\.Optimizer/],
    ['no type', { learningRate: 0.1 }, /type undefined is not one of/],
    ['nothing', undefined, /type undefined is not one of/],
    ['a name of Object', { type: 'toString', learningRate: 0.1 }, /type "toString" is not one of/],
    ['no rate', { type: 'sgd' }, /"sgd" needs the setting "learningRate", a number above 0/],
    ['a rate of 0', { type: 'sgd', learningRate: 0 }, /learningRate must be a number above 0, got 0/],
    ['a rate that is no number', { type: 'adam', learningRate: Number.NaN }, /learningRate must be a number above 0, got NaN/],
    ['a setting of another optimiser', { type: 'sgd', learningRate: 0.1, beta1: 0.9 }, /"sgd" does not know the setting "beta1"; it has learningRate, l2, weightDecay, decayAll, decayExcept, momentum, nesterov/],
    ['a momentum of 1', { type: 'momentum', learningRate: 0.1, momentum: 1 }, /momentum must be a number of at least 0 and below 1, got 1/],
    ['a negative decay', { type: 'adamw', learningRate: 0.1, weightDecay: -1 }, /weightDecay must be a number of at least 0, got -1/],
    ['an epsilon of 0', { type: 'adam', learningRate: 0.1, epsilon: 0 }, /epsilon must be a number above 0, got 0/],
    ['a name for a list', { type: 'sgd', learningRate: 0.1, decayExcept: 'bias' }, /decayExcept must be a list of names, got "bias"/],
    ['nesterov without a momentum', { type: 'sgd', learningRate: 0.1, nesterov: true }, /nesterov is a way to use a momentum, and there is none/],
    ['a word for a boolean', { type: 'rmsprop', learningRate: 0.1, centered: 'yes' }, /centered must be true or false, got "yes"/],
  ])('with %s is refused', (_name, spec, message) => {
    const attempt = (): unknown => createStepOptimizer(tf, spec as OptimizerSpec)
    expect(attempt).toThrow(message)
    try {
      attempt()
    } catch (error) {
      expect(isAttuneError(error, 'TFJS_OPTION')).toBe(true)
    }
  })

  it('may leave settings undefined', () => {
    createStepOptimizer(tf, { type: 'adam', learningRate: 0.1, beta1: undefined, weightDecay: undefined } as unknown as OptimizerSpec).dispose()
  })
})
