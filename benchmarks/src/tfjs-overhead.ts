/**
 * What our training costs: a study of three trials beside three bare loops of TensorFlow.js that do the same work, and beside model.fit. Each has a process of
 * its own, so that none runs on code that was compiled for another, and they take turns:
 * node --conditions=attune-source src/tfjs-overhead.ts [--rounds 15] [--only NAME]
 */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { loadavg } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { createStudy, float, minimize, ThreefryRandom } from '@attune/core'
import { cpu, tfjsTrainer, wasm, type Backend } from '@attune/tfjs-adapter'
import * as tf from '@tensorflow/tfjs'
import { storeResult } from './machine.ts'
import { bootstrapInterval, mean, percentile } from './statistics.ts'

interface Data {
  readonly x: Float32Array
  readonly y: Int32Array
  readonly shape: readonly number[]
}

interface Work {
  readonly backend: Backend
  readonly build: (seed: number) => tf.LayersModel
  readonly sample: readonly number[]
  readonly samples: number
  readonly batchSize: number
  readonly epochs: number
}

const classes = 10
const trials = 3
const learningRate = 0.001
/** Initial weights and bias of a layer, the same in every run. */
const seeded = (seed: number): { readonly kernelInitializer: ReturnType<typeof tf.initializers.glorotUniform> } => ({ kernelInitializer: tf.initializers.glorotUniform({ seed }) })

const dense = (units: number, inputs: number) => (seed: number): tf.LayersModel => tf.sequential({
  layers: [tf.layers.dense({ units, activation: 'relu', inputShape: [inputs], ...seeded(seed) }), tf.layers.dense({ units: classes, activation: 'softmax', ...seeded(seed + 1) })],
})

const works: { readonly [name: string]: Work } = {
  'small dense net, wasm': { backend: wasm(), build: dense(32, 64), sample: [64], samples: 2000, batchSize: 32, epochs: 4 },
  'dense net, wasm': { backend: wasm(), build: dense(64, 784), sample: [784], samples: 2000, batchSize: 64, epochs: 3 },
  'convolutional net, wasm': {
    backend: wasm(),
    build: (seed) => tf.sequential({
      layers: [
        tf.layers.conv2d({ filters: 8, kernelSize: 3, activation: 'relu', inputShape: [28, 28, 1], ...seeded(seed) }),
        tf.layers.maxPooling2d({ poolSize: 2 }),
        tf.layers.conv2d({ filters: 16, kernelSize: 3, activation: 'relu', ...seeded(seed + 1) }),
        tf.layers.maxPooling2d({ poolSize: 2 }),
        tf.layers.flatten(),
        tf.layers.dense({ units: classes, activation: 'softmax', ...seeded(seed + 2) }),
      ],
    }),
    sample: [28, 28, 1], samples: 512, batchSize: 64, epochs: 2,
  },
  'dense net, cpu': { backend: cpu(), build: dense(64, 784), sample: [784], samples: 640, batchSize: 64, epochs: 3 },
}

/** Noise with a hint of the class, so that there is something to learn. */
function dataOf({ sample, samples }: Work, seed: number): Data {
  const stream = new ThreefryRandom(seed).stream(0, 'benchmark')
  const width = sample.reduce((product, size) => product * size, 1)
  const y = Int32Array.from({ length: samples }, () => stream.integer(classes))
  const x = Float32Array.from({ length: samples * width }, (_, i) => stream.uniform() + (i % classes === y[Math.floor(i / width)] ? 0.3 : 0))
  return { x, y, shape: [samples, ...sample] }
}

interface Run {
  readonly seconds: number
  readonly cpuSeconds: number
  readonly loss: number
}

async function timed(work: () => Promise<number>): Promise<Run> {
  const cpuBefore = process.cpuUsage()
  const start = performance.now()
  const loss = await work()
  const seconds = (performance.now() - start) / 1000
  const { user, system } = process.cpuUsage(cpuBefore)
  return { seconds, cpuSeconds: (user + system) / 1e6, loss }
}

/** Ours: a study, from the check of the data to the packed models of the best epochs. */
async function byStudy(work: Work, train: Data, validation: Data): Promise<number> {
  const study = await createStudy({ name: 'overhead', space: { learningRate: float(learningRate, learningRate * 2) }, objective: minimize('loss'), seed: 1 })
  for (let trial = 0; trial < trials; trial++) await study.enqueue({ learningRate })
  const part = ({ x, y, shape }: Data): { readonly x: { readonly data: Float32Array; readonly shape: readonly number[] }; readonly y: Int32Array } => ({ x: { data: x, shape }, y })
  await study.optimize(tfjsTrainer<{ readonly learningRate: number }>({
    tf,
    backend: work.backend,
    build: () => work.build(1),
    data: { train: part(train), validation: part(validation) },
    epochs: work.epochs,
    batchSize: work.batchSize,
    loss: 'categoricalCrossentropy',
    metrics: ['accuracy'],
    optimizer: { type: 'adam', learningRate },
  }), { trials })
  const { loss } = study.trial(trials - 1).metrics
  await study.close()
  return loss!
}

/** What one writes without us: gather, gradients, step, mean of loss and accuracy, validation after each epoch. */
async function byHand(work: Work, train: Data, validation: Data): Promise<number> {
  let loss = NaN
  for (let trial = 0; trial < trials; trial++) loss = await oneByHand(work, train, validation)
  return loss
}

async function oneByHand(work: Work, train: Data, validation: Data): Promise<number> {
  const model = work.build(1)
  const optimizer = tf.train.adam(learningRate)
  const weights = model.trainableWeights.map((weight) => weight.read() as tf.Variable)
  const width = train.x.length / work.samples
  const batchOf = (data: Data, rows: Int32Array): { readonly x: tf.Tensor; readonly y: tf.Tensor } => {
    const x = new Float32Array(rows.length * width)
    for (const [to, from] of rows.entries()) x.set(data.x.subarray(from * width, (from + 1) * width), to * width)
    return { x: tf.tensor(x, [rows.length, ...work.sample]), y: tf.tensor2d(Int32Array.from(rows, (row) => data.y[row]!), [rows.length, 1], 'int32') }
  }
  // As tfjsTrainer and fit compute the same loss: with probabilities that are scaled and clipped before.
  const lossOf = (truth: tf.Tensor, output: tf.Tensor): tf.Scalar => tf.mean(tf.metrics.categoricalCrossentropy(tf.oneHot(tf.reshape<tf.Rank.R1>(truth, [-1]), classes), output))
  const accuracyOf = (truth: tf.Tensor, output: tf.Tensor): tf.Scalar => tf.mean(tf.cast(tf.equal(tf.argMax(output, -1), tf.reshape(truth, [-1])), 'float32'))
  let mean = NaN
  for (let epoch = 1; epoch <= work.epochs; epoch++) {
    const order = permutation(work.samples, epoch)
    let [loss, accuracy] = [0, 0]
    for (let from = 0; from < work.samples; from += work.batchSize) {
      const rows = order.subarray(from, from + work.batchSize)
      const { x, y } = batchOf(train, rows)
      const kept: tf.Tensor[] = []
      const { value, grads } = tf.variableGrads(() => {
        const output = model.apply(x, { training: true }) as tf.Tensor
        kept.push(tf.keep(accuracyOf(y, output)))
        return lossOf(y, output)
      }, weights)
      optimizer.applyGradients(grads as { readonly [name: string]: tf.Variable })
      loss += value.dataSync()[0]! * rows.length
      accuracy += kept[0]!.dataSync()[0]! * rows.length
      tf.dispose([x, y, value, grads, kept])
    }
    mean = loss / work.samples
    if (Number.isNaN(mean + accuracy)) throw new Error('The loss is NaN.')
    let judged = 0
    const all = Int32Array.from({ length: work.samples }, (_, row) => row)
    for (let from = 0; from < work.samples; from += work.batchSize) {
      const rows = all.subarray(from, from + work.batchSize)
      const { x, y } = batchOf(validation, rows)
      judged += tf.tidy(() => {
        const output = model.apply(x, { training: false }) as tf.Tensor
        return (lossOf(y, output).dataSync()[0]! + accuracyOf(y, output).dataSync()[0]!) * rows.length
      })
      tf.dispose([x, y])
    }
    if (Number.isNaN(judged)) throw new Error('The validation loss is NaN.')
    await new Promise(setImmediate)
  }
  optimizer.dispose()
  model.dispose()
  return mean
}

function permutation(count: number, epoch: number): Int32Array {
  const stream = new ThreefryRandom(1).stream(epoch, 'benchmark')
  const order = Int32Array.from({ length: count }, (_, i) => i)
  for (let i = count - 1; i > 0; i--) {
    const j = stream.integer(i + 1)
    const kept = order[i]!
    order[i] = order[j]!
    order[j] = kept
  }
  return order
}

async function byFit(work: Work, train: Data, validation: Data): Promise<number> {
  const tensors = [train, validation].flatMap(({ x, y, shape }) => [tf.tensor(x, [...shape]), tf.tensor2d(Float32Array.from(y), [y.length, 1])]) as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]
  let loss = NaN
  for (let trial = 0; trial < trials; trial++) {
    const model = work.build(1)
    model.compile({ optimizer: tf.train.adam(learningRate), loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] })
    const { history } = await model.fit(tensors[0], tensors[1], { epochs: work.epochs, batchSize: work.batchSize, verbose: 0, validationData: [tensors[2], tensors[3]] })
    loss = history['loss']!.at(-1) as number
    model.dispose()
  }
  tf.dispose(tensors)
  return loss
}

const ways = { study: byStudy, bare: byHand, fit: byFit }
type Way = keyof typeof ways
const names = Object.keys(ways) as Way[]
const { values: options } = parseArgs({ options: { rounds: { type: 'string', default: '15' }, only: { type: 'string' }, work: { type: 'string' }, way: { type: 'string' } } })

/** In a child process: one run for each message. */
async function answer(work: Work, way: Way): Promise<void> {
  await work.backend.activate(tf)
  const [train, validation] = [dataOf(work, 1), dataOf(work, 2)]
  for (;;) {
    await once(process, 'message')
    // While others had their turn, code was dropped and memory was tidied up.
    await ways[way](work, train, validation)
    process.send!(await timed(() => ways[way](work, train, validation)))
  }
}

async function runIn(child: ChildProcess): Promise<Run> {
  child.send('run')
  const [run] = (await once(child, 'message')) as [Run]
  return run
}

async function compare(name: string, work: Work): Promise<object> {
  const children = names.map((way) => fork(fileURLToPath(import.meta.url), ['--work', name, '--way', way]))
  const runs: { readonly [way in Way]: Run[] } = { study: [], bare: [], fit: [] }
  try {
    // The rounds before the first warm up; each way begins as often as the others.
    for (let round = -3; round < Number(options.rounds); round++) {
      for (let turn = 0; turn < names.length; turn++) {
        const next = (turn + round + 3) % names.length
        const run = await runIn(children[next]!)
        if (round >= 0) runs[names[next]!].push(run)
      }
    }
  } finally {
    for (const child of children) child.kill()
  }
  const losses = names.map((way) => percentile(runs[way].map(({ loss }) => loss), 0.5))
  // Orders of samples differ.
  if (Math.abs(losses[0]! - losses[1]!) > 0.1 * losses[1]!) throw new Error(`Not the same work: losses of ${losses.join(', ')}.`)
  const stream = new ThreefryRandom(1).stream(0, 'bootstrap')
  const beside = (way: Way, time: 'seconds' | 'cpuSeconds'): object => {
    const logs = runs.study.map((run, i) => Math.log(run[time] / runs[way][i]![time]))
    const [low, high] = bootstrapInterval(logs, () => stream.uniform())
    return { ratio: Number(Math.exp(mean(logs)).toFixed(4)), interval: [low, high].map((log) => Number(Math.exp(log).toFixed(4))), median: Number(Math.exp(percentile(logs, 0.5)).toFixed(4)) }
  }
  const middle = (way: Way, time: 'seconds' | 'cpuSeconds'): number => Number((percentile(runs[way].map((run) => run[time]), 0.5) * 1000).toFixed(1))
  return {
    steps: Math.ceil(work.samples / work.batchSize) * work.epochs * trials,
    milliseconds: Object.fromEntries(names.map((way) => [way, middle(way, 'seconds')])),
    cpuMilliseconds: Object.fromEntries(names.map((way) => [way, middle(way, 'cpuSeconds')])),
    besideBare: beside('bare', 'seconds'),
    besideBareInCpuTime: beside('bare', 'cpuSeconds'),
    besideFit: beside('fit', 'seconds'),
    besideFitInCpuTime: beside('fit', 'cpuSeconds'),
  }
}

if (options.work !== undefined) await answer(works[options.work]!, options.way as Way)
const results: { [name: string]: object } = {}
for (const [name, work] of Object.entries(works)) {
  if (options.only !== undefined && !name.includes(options.only)) continue
  results[name] = await compare(name, work)
  console.log(name, JSON.stringify(results[name], null, 1))
}
if (options.only === undefined) storeResult('tfjs-overhead', { command: `node --conditions=attune-source benchmarks/src/tfjs-overhead.ts --rounds ${options.rounds}`, tfjs: tf.version_core, rounds: Number(options.rounds), load: loadavg()[0], results })
