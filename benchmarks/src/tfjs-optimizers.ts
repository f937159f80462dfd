/**
 * Microseconds of one optimiser step, ours and that of TensorFlow.js, on the same weights and gradients in one process, in turns:
 * node --conditions=attune-source src/tfjs-optimizers.ts [--rounds 30]
 */
import { parseArgs } from 'node:util'
import { ThreefryRandom } from '@attune/core'
import { createStepOptimizer, wasm, type OptimizerSpec, type StepOptimizer } from '@attune/tfjs-adapter'
import * as tf from '@tensorflow/tfjs'
import { storeResult } from './machine.ts'
import { bootstrapInterval, percentile } from './statistics.ts'

const networks: { readonly [name: string]: readonly number[][] } = {
  'small (8-8-8-2)': [[8, 8], [8], [8, 8], [8], [8, 2], [2]],
  'dense (784-64-10)': [[784, 64], [64], [64, 10], [10]],
  'convolutional (32 and 64 filters)': [[3, 3, 1, 32], [32], [3, 3, 32, 64], [64], [1600, 128], [128], [128, 10], [10]],
}
const learningRate = 0.001
const optimizers: { readonly [name: string]: { readonly ours: OptimizerSpec; readonly theirs: () => tf.Optimizer } } = {
  sgd: { ours: { type: 'sgd', learningRate }, theirs: () => tf.train.sgd(learningRate) },
  momentum: { ours: { type: 'momentum', learningRate }, theirs: () => tf.train.momentum(learningRate, 0.9) },
  adam: { ours: { type: 'adam', learningRate }, theirs: () => tf.train.adam(learningRate) },
  adamax: { ours: { type: 'adamax', learningRate }, theirs: () => tf.train.adamax(learningRate) },
  rmsprop: { ours: { type: 'rmsprop', learningRate }, theirs: () => tf.train.rmsprop(learningRate) },
  adagrad: { ours: { type: 'adagrad', learningRate }, theirs: () => tf.train.adagrad(learningRate) },
}
const steps = 20

/** A function that makes some steps, at a rate that changes every time, as under a schedule. */
function steppingOf(shapes: readonly number[][], make: () => StepOptimizer): () => number {
  const weights = shapes.map((shape, index) => ({ key: `${index}/kernel`, variable: tf.tidy(() => tf.variable(tf.randomNormal(shape, 0, 1, 'float32', index))), rateScale: 1, decay: false }))
  const gradients = Object.fromEntries(weights.map(({ key, variable }, index) => [key, tf.randomNormal(variable.shape, 0, 1, 'float32', 100 + index)]))
  const optimizer = make()
  let count = 0
  return () => {
    const start = performance.now()
    for (let step = 0; step < steps; step++) optimizer.apply(weights, gradients, learningRate / (1 + ++count / 1000))
    return ((performance.now() - start) / steps) * 1000
  }
}

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '30' } } })
const rounds = Number(values.rounds)
const uniform = new ThreefryRandom(1).stream(0, 'bootstrap')
await wasm().activate(tf)
const results: object[] = []
for (const [network, shapes] of Object.entries(networks)) {
  for (const [name, { ours, theirs }] of Object.entries(optimizers)) {
    const [our, their] = [steppingOf(shapes, () => createStepOptimizer(tf, ours)), steppingOf(shapes, () => createStepOptimizer(tf, theirs()))]
    const pairs: { readonly ours: number; readonly theirs: number }[] = []
    for (let round = -5; round < rounds; round++) {
      // In turns, and each begins every other round; the first rounds are not counted: V8 compiles.
      const first = round % 2 === 0 ? our() : undefined
      const theirTime = their()
      const pair = { ours: first ?? our(), theirs: theirTime }
      if (round >= 0) pairs.push(pair)
    }
    const ratios = pairs.map((pair) => pair.ours / pair.theirs)
    const row = { network, optimizer: name, ours: percentile(pairs.map((pair) => pair.ours), 0.5), tfjs: percentile(pairs.map((pair) => pair.theirs), 0.5), ratio: { median: percentile(ratios, 0.5), meanInterval95: bootstrapInterval(ratios, () => uniform.uniform()) } }
    console.log(`${network.padEnd(34)} ${name.padEnd(9)} ${row.ours.toFixed(0).padStart(6)} µs, tfjs ${row.tfjs.toFixed(0).padStart(6)} µs, ratio ${row.ratio.median.toFixed(2)}`)
    results.push(row)
  }
}
storeResult('tfjs-optimizers', { note: 'microseconds a step on wasm, medians; the rate changes at every step; tfjs through the same adapter', rounds, results })
