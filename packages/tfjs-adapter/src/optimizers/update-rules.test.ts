import * as tf from '@tensorflow/tfjs'
import { beforeAll, describe, expect, it } from 'vitest'
import { cpu } from '../backends/cpu.ts'
import { wasm } from '../backends/wasm.ts'
import { createStepOptimizer } from './create-step-optimizer.ts'
import type { CommonOptimizerSettings, OptimizerSpec } from './optimizer-spec.ts'
import { descend, disposeWeights, gradientNumbers, nameOf, SPECS, valuesOf, weightsOf } from './optimizers.test-support.ts'
import { ReferenceOptimizer } from './reference-optimizer.test-support.ts'

const STEPS = 25
/** A rate that changes at every step, as a schedule's does. */
const changingRate = (spec: OptimizerSpec) => (step: number): number => spec.learningRate * (1 + Math.cos(step / 4)) * 0.5

const DECAYS: readonly Partial<CommonOptimizerSettings>[] = [{}, { l2: 0.05 }, { weightDecay: 0.1 }, { weightDecay: 0.1, l2: 0.02, decayAll: true }]

function largestDifference(spec: OptimizerSpec): number {
  const weights = weightsOf()
  const rateOf = changingRate(spec)
  const references = weights.map(({ variable, decay }) => new ReferenceOptimizer(spec, [...variable.dataSync()], decay))
  const optimizer = createStepOptimizer(tf, spec)
  try {
    descend(optimizer, weights, 0, STEPS, rateOf)
    for (let step = 0; step < STEPS; step++) {
      for (const [index, { key, rateScale }] of weights.entries()) references[index]!.step([...gradientNumbers(step, key)], rateOf(step) * rateScale)
    }
    return Math.max(...valuesOf(weights).flatMap((values, index) => [...values].map((value, i) => Math.abs(value - references[index]!.weight[i]!))))
  } finally {
    optimizer.dispose()
    disposeWeights(weights)
  }
}

describe.each([cpu(), wasm()])('on $name', (backend) => {
  beforeAll(() => backend.activate(tf))

  it.each(SPECS.flatMap((spec) => DECAYS.map((decay): [string, OptimizerSpec] => [nameOf({ ...spec, ...decay }), { ...spec, ...decay }])))('%s follows its formulas in double precision', (_name, spec) => {
    expect(largestDifference(spec)).toBeLessThan(3e-6)
  })
})

describe('an optimiser and that of tfjs', () => {
  beforeAll(() => cpu().activate(tf))

  const equal: [OptimizerSpec, (rate: number) => tf.Optimizer][] = [
    [{ type: 'sgd', learningRate: 0.1 }, (rate) => tf.train.sgd(rate)],
    [{ type: 'momentum', learningRate: 0.05, momentum: 0.8 }, (rate) => tf.train.momentum(rate, 0.8)],
    [{ type: 'nesterov', learningRate: 0.05, momentum: 0.8 }, (rate) => tf.train.momentum(rate, 0.8, true)],
    [{ type: 'adam', learningRate: 0.01 }, (rate) => tf.train.adam(rate)],
    [{ type: 'adam', learningRate: 0.01, beta1: 0.8, beta2: 0.95, epsilon: 1e-4 }, (rate) => tf.train.adam(rate, 0.8, 0.95, 1e-4)],
    [{ type: 'adamax', learningRate: 0.01 }, (rate) => tf.train.adamax(rate)],
    [{ type: 'rmsprop', learningRate: 0.01 }, (rate) => tf.train.rmsprop(rate)],
    [{ type: 'rmsprop', learningRate: 0.01, momentum: 0.7, rho: 0.8 }, (rate) => tf.train.rmsprop(rate, 0.8, 0.7)],
    [{ type: 'adagrad', learningRate: 0.1 }, (rate) => tf.train.adagrad(rate)],
  ]

  function bothEnds(spec: OptimizerSpec, optimizer: tf.Optimizer, rateOf: (step: number) => number): [Float32Array[], Float32Array[]] {
    const ends = [createStepOptimizer(tf, spec), createStepOptimizer(tf, optimizer)].map((each) => {
      const weights = weightsOf()
      descend(each, weights, 0, STEPS, rateOf)
      const values = valuesOf(weights)
      each.dispose()
      disposeWeights(weights)
      return values
    })
    return ends as [Float32Array[], Float32Array[]]
  }

  function distance([ours, theirs]: [Float32Array[], Float32Array[]]): number {
    return Math.max(...ours.flatMap((values, index) => [...values].map((value, i) => Math.abs(value - theirs[index]![i]!))))
  }

  it.each(equal.map(([spec, make]) => [nameOf(spec), spec, make] as const))('%s is the same', (_name, spec, make) => {
    expect(distance(bothEnds(spec, make(spec.learningRate), () => spec.learningRate))).toBeLessThan(2e-6)
  })

  it.each(equal.filter(([spec]) => !('momentum' in spec && spec.type === 'rmsprop')).map(([spec, make]) => [nameOf(spec), spec, make] as const))('%s is the same while the rate changes', (_name, spec, make) => {
    expect(distance(bothEnds(spec, make(1), changingRate(spec)))).toBeLessThan(2e-6)
  })

  it('differs where definitions do: the velocity of RMSprop has the rate in it there, so past rates live on', () => {
    const spec: OptimizerSpec = { type: 'rmsprop', learningRate: 0.01, momentum: 0.7, rho: 0.8 }
    expect(distance(bothEnds(spec, tf.train.rmsprop(1, 0.8, 0.7), changingRate(spec)))).toBeGreaterThan(1e-3)
  })

  it('differs where definitions do: centred RMSprop takes ε away from the variance there, and fails where that is below 0', () => {
    const spec: OptimizerSpec = { type: 'rmsprop', learningRate: 0.01, centered: true, epsilon: 0.3 }
    const [ours, theirs] = bothEnds(spec, tf.train.rmsprop(0.01, 0.9, 0, 0.3, true), () => 0.01)
    expect(theirs.some((values) => values.some((value) => Number.isNaN(value)))).toBe(true)
    expect(ours.every((values) => values.every(Number.isFinite))).toBe(true)
  })
})

describe('two ways to the same', () => {
  beforeAll(() => cpu().activate(tf))

  function end(spec: OptimizerSpec): Float32Array[] {
    const weights = weightsOf()
    const optimizer = createStepOptimizer(tf, spec)
    descend(optimizer, weights, 0, STEPS, changingRate(spec))
    const values = valuesOf(weights)
    optimizer.dispose()
    disposeWeights(weights)
    return values
  }

  it('AdamW without decay is Adam, and Adam with decoupled decay is AdamW', () => {
    expect(end({ type: 'adamw', learningRate: 0.01, weightDecay: 0 })).toEqual(end({ type: 'adam', learningRate: 0.01 }))
    expect(end({ type: 'adam', learningRate: 0.01, weightDecay: 0.004 })).toEqual(end({ type: 'adamw', learningRate: 0.01 }))
    expect(end({ type: 'adam', learningRate: 0.01, l2: 0.1 })).not.toEqual(end({ type: 'adamw', learningRate: 0.01, weightDecay: 0.1 }))
  })

  it('in gradient descent, and only there, coupled and decoupled decay are one', () => {
    const difference = (spec: OptimizerSpec): number => {
      const [coupled, decoupled] = [end({ ...spec, l2: 0.3 }), end({ ...spec, weightDecay: 0.3 })]
      return Math.max(...coupled.flatMap((values, index) => [...values].map((value, i) => Math.abs(value - decoupled[index]![i]!))))
    }
    expect(difference({ type: 'sgd', learningRate: 0.1 })).toBeLessThan(1e-6)
    expect(difference({ type: 'momentum', learningRate: 0.1 })).toBeGreaterThan(1e-3)
    expect(difference({ type: 'adam', learningRate: 0.1 })).toBeGreaterThan(1e-3)
  })

  it('sgd with momentum is the optimiser of that name', () => {
    expect(end({ type: 'sgd', learningRate: 0.1, momentum: 0.9 })).toEqual(end({ type: 'momentum', learningRate: 0.1 }))
    expect(end({ type: 'sgd', learningRate: 0.1, momentum: 0.9, nesterov: true })).toEqual(end({ type: 'nesterov', learningRate: 0.1 }))
  })
})

