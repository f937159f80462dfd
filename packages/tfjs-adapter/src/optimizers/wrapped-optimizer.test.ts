import { isAttuneError } from '@attune/core'
import * as tf from '@tensorflow/tfjs'
import { describe, expect, it } from 'vitest'
import { baseRateOf, createStepOptimizer } from './create-step-optimizer.ts'
import { forEachTest } from './each-test.test-support.ts'
import { descend, valuesOf } from './optimizers.test-support.ts'
import type { OptimizerState, TrainableWeight } from './step-optimizer.ts'

const OPTIMIZERS: readonly [string, () => tf.Optimizer][] = [
  ['sgd', () => tf.train.sgd(0.3)],
  ['momentum', () => tf.train.momentum(0.3, 0.9)],
  ['nesterov', () => tf.train.momentum(0.3, 0.9, true)],
  ['adam', () => tf.train.adam(0.3)],
  ['adamax', () => tf.train.adamax(0.3)],
  ['rmsprop', () => tf.train.rmsprop(0.3)],
  ['rmsprop, centred', () => tf.train.rmsprop(0.3, 0.9, 0.5, 1e-8, true)],
  ['adagrad', () => tf.train.adagrad(0.3)],
  ['adadelta', () => tf.train.adadelta(0.3)],
]
const rateOf = (step: number): number => 0.01 * (1 + Math.sin(step))

let weights: readonly TrainableWeight[]
let before: number
forEachTest((fresh, tensors) => {
  weights = fresh
  before = tensors
})

/** As a checkpoint keeps it: the numbers, not the tensors. */
function saved(state: OptimizerState): OptimizerState {
  return { ...state, slots: state.slots.map(({ slot, key, tensor }) => ({ slot, key, tensor: tf.tensor(tensor.arraySync()) })) }
}

function putBack(values: readonly Float32Array[]): void {
  for (const [index, { variable }] of weights.entries()) tf.tidy(() => variable.assign(tf.tensor(values[index]!, variable.shape)))
}

describe.each(OPTIMIZERS)('a wrapped %s', (_name, make) => {
  it('takes the rate that it is told at every step', () => {
    const start = valuesOf(weights)
    /** The same steps by an optimiser that is made anew with each rate, and given the state of the one before. */
    let state: OptimizerState | undefined
    for (let step = 0; step < 5; step++) {
      const optimizer = make()
      if ('setLearningRate' in optimizer) (optimizer as tf.SGDOptimizer).setLearningRate(rateOf(step))
      else (optimizer as unknown as { learningRate: number }).learningRate = rateOf(step)
      const wrapped = createStepOptimizer(tf, optimizer)
      if (state !== undefined) wrapped.restore(state)
      tf.dispose(state?.slots.map(({ tensor }) => tensor) ?? [])
      descend(wrapped, weights, step, 1, () => rateOf(step))
      state = saved(wrapped.state())
      wrapped.dispose()
    }
    tf.dispose(state!.slots.map(({ tensor }) => tensor))
    const expected = valuesOf(weights)
    putBack(start)
    const told = createStepOptimizer(tf, make())
    descend(told, weights, 0, 5, rateOf)
    told.dispose()
    expect(valuesOf(weights)).toEqual(expected)
    expect(expected).not.toEqual(start)
  })

  it('is restored bit for bit', () => {
    const through = createStepOptimizer(tf, make())
    descend(through, weights.slice(1), 0, 3, rateOf)
    descend(through, weights, 3, 4, rateOf)
    const [middle, state] = [valuesOf(weights), saved(through.state())]
    descend(through, weights.slice(0, 2), 7, 2, rateOf)
    descend(through, weights, 9, 4, rateOf)
    const expected = valuesOf(weights)
    through.dispose()

    putBack(middle)
    const restored = createStepOptimizer(tf, make())
    expect(restored.restore(state)).toBe(true)
    tf.dispose(state.slots.map(({ tensor }) => tensor))
    expect(restored.restore(restored.state())).toBe(true)
    descend(restored, weights.slice(0, 2), 7, 2, rateOf)
    descend(restored, weights, 9, 4, rateOf)
    expect(valuesOf(weights)).toEqual(expected)
    restored.dispose()
  })

  it('holds no more from one step to the next', () => {
    const optimizer = createStepOptimizer(tf, make())
    descend(optimizer, weights, 0, 1, rateOf)
    const { numTensors } = tf.memory()
    descend(optimizer, weights, 1, 5, rateOf)
    expect(tf.memory().numTensors).toBe(numTensors)
    optimizer.dispose()
    expect(tf.memory().numTensors).toBe(before + weights.length)
  })

  it('moves a weight by its share of the rate', () => {
    const plain = weights.map((weight) => ({ ...weight, rateScale: 1 }))
    const start = valuesOf(plain)
    const moves = [plain, plain.map((weight) => ({ ...weight, rateScale: 0.25 }))].map((each) => {
      putBack(start)
      const optimizer = createStepOptimizer(tf, make())
      descend(optimizer, each, 0, 1, () => 0.1)
      optimizer.dispose()
      return valuesOf(each).map((values, index) => values.map((value, i) => value - start[index]![i]!))
    })
    for (const [index, whole] of moves[0]!.entries()) for (const [i, move] of whole.entries()) expect(moves[1]![index]![i]).toBeCloseTo(move / 4, 6)
  })

  it('leaves a weight without a gradient as it is', () => {
    const optimizer = createStepOptimizer(tf, make())
    descend(optimizer, weights, 0, 2, rateOf)
    const [kernel] = valuesOf(weights)
    descend(optimizer, weights.slice(1), 2, 2, rateOf)
    expect(valuesOf(weights)[0]).toEqual(kernel)
    optimizer.dispose()
  })
})

it('what says how fast an optimiser is made to learn', () => {
  const optimizer = tf.train.momentum(0.3, 0.9)
  const wrapped = createStepOptimizer(tf, optimizer)
  expect(baseRateOf(tf, optimizer)).toBe(0.3)
  expect(baseRateOf(tf, { type: 'lion', learningRate: 0.002 })).toBe(0.002)
  expect(wrapped.id).toBe('tf:Momentum')
  wrapped.dispose()
})

it('the state of another class is refused', () => {
  const [adam, sgd] = [createStepOptimizer(tf, tf.train.adam(0.1)), createStepOptimizer(tf, tf.train.sgd(0.1))]
  descend(adam, weights, 0, 1, rateOf)
  expect(sgd.restore(adam.state())).toBe(false)
  expect(adam.restore({ ...adam.state(), slots: [] })).toBe(false)
  adam.dispose()
  sgd.dispose()
})

it('an optimiser without a rate is refused', () => {
  class Rateless extends tf.Optimizer {
    static readonly className = 'Rateless'
    applyGradients(): void { /* moves nothing */ }
    getConfig(): Record<string, never> { return {} }
  }
  const attempt = (): unknown => createStepOptimizer(tf, new Rateless())
  expect(attempt).toThrow(/Rateless has no number as its learningRate, so no schedule can set it/)
  try {
    attempt()
  } catch (error) {
    expect(isAttuneError(error, 'TFJS_OPTION')).toBe(true)
  }
})
