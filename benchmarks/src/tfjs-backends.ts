/**
 * Seconds an epoch of the same nets on cpu (without convolutions), wasm and tfjs-node, each in a process of its own, in turns:
 * node --conditions=attune-source src/tfjs-backends.ts [--rounds 12] [--only NAME]
 */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { ThreefryRandom, type TrainerTrial } from '@attune/core'
import { cpu, node, tfjsTrainer, wasm, type Backend } from '@attune/tfjs-adapter'
import * as tf from '@tensorflow/tfjs'
import { ensureTfjsNode } from '../../tools/tfjs-node.mjs'
import { storeResult } from './machine.ts'
import { bootstrapInterval, mean, percentile } from './statistics.ts'

interface Work {
  readonly samples: number
  readonly backends: readonly BackendName[]
  readonly layers: () => tf.layers.Layer[]
}

type BackendName = keyof typeof backends
const backends = { cpu, wasm: () => wasm(), 'tfjs-node': node } satisfies { readonly [name: string]: () => Backend }

const classes = 10
const output = () => tf.layers.dense({ units: classes, activation: 'softmax' })
const convolution = (filters: number, more: object = {}) => tf.layers.conv2d({ filters, kernelSize: 3, activation: 'relu', ...more })
const first = { inputShape: [28, 28, 1] }

const works: { readonly [name: string]: Work } = {
  'dense net (784-64-10)': { samples: 2048, backends: ['cpu', 'wasm', 'tfjs-node'], layers: () => [tf.layers.flatten(first), tf.layers.dense({ units: 64, activation: 'relu' }), output()] },
  'convolutional net (8 and 16 filters)': {
    samples: 1024,
    backends: ['wasm', 'tfjs-node'],
    layers: () => [convolution(8, first), tf.layers.maxPooling2d({ poolSize: 2 }), convolution(16), tf.layers.maxPooling2d({ poolSize: 2 }), tf.layers.flatten(), output()],
  },
  'wider convolutional net (32 and 64 filters, normalised)': {
    samples: 256,
    backends: ['wasm', 'tfjs-node'],
    layers: () => [convolution(32, { ...first, padding: 'same' }), tf.layers.batchNormalization(), tf.layers.maxPooling2d({ poolSize: 2 }), convolution(64, { padding: 'same' }), tf.layers.batchNormalization(), tf.layers.globalAveragePooling2d({}), output()],
  },
}

interface Turn {
  readonly seconds: number
  readonly cpuSeconds: number
  readonly loss: number
}

/** A process that trains one epoch whenever it is asked to. */
function serve(work: Work, backend: Backend): void {
  const stream = new ThreefryRandom(1).stream(0, 'benchmark')
  const y = Int32Array.from({ length: work.samples }, () => stream.integer(classes))
  const x = Float32Array.from({ length: work.samples * 784 }, (_, i) => stream.uniform() + (i % classes === y[Math.floor(i / 784)] ? 0.3 : 0))
  const trainer = tfjsTrainer<object>({
    tf,
    backend,
    build: () => tf.sequential({ layers: work.layers() }),
    data: { train: { x: { data: x, shape: [work.samples, 28, 28, 1] }, y } },
    epochs: 1,
    batchSize: 64,
    loss: 'categoricalCrossentropy',
    optimizer: { type: 'adam', learningRate: 0.001 },
  })
  const trial: TrainerTrial<object> = { number: 0, attempt: 1, params: {}, seed: 7, signal: new AbortController().signal, resumeFrom: undefined, toStep: undefined, warn: (message) => process.stderr.write(`${message}\n`), setAttribute: async () => undefined, setArtifact: async () => undefined }
  process.on('message', () => void turn().then((result) => process.send?.(result)))

  async function turn(): Promise<Turn> {
    const cpuBefore = process.cpuUsage()
    const start = performance.now()
    let loss = NaN
    for await (const report of { [Symbol.asyncIterator]: () => trainer.train(trial) }) loss = Number(report['loss'])
    const { user, system } = process.cpuUsage(cpuBefore)
    return { seconds: (performance.now() - start) / 1000, cpuSeconds: (user + system) / 1e6, loss }
  }
}

async function measure(name: string, work: Work, rounds: number): Promise<object> {
  const processes: { readonly backend: BackendName; readonly child: ChildProcess; readonly turns: Turn[] }[] = work.backends.map((backend) => ({ backend, child: fork(import.meta.filename, ['--work', name, '--backend', backend], { env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '2' } }), turns: [] }))
  try {
    for (let round = -1; round < rounds; round++) {
      // Every round begins with another backend; the first is not counted: libraries load, and V8 compiles.
      for (let at = 0; at < processes.length; at++) {
        const { child, turns } = processes[(at + Math.max(0, round)) % processes.length]!
        child.send('train')
        const [turn] = (await once(child, 'message')) as [Turn]
        if (round >= 0) turns.push(turn)
      }
    }
  } finally {
    for (const { child } of processes) child.kill()
  }
  const native = processes.find(({ backend }) => backend === 'tfjs-node')!
  const uniform = new ThreefryRandom(1).stream(0, 'bootstrap')
  const against = (turns: readonly Turn[], of: (turn: Turn) => number) => {
    const ratios = turns.map((turn, round) => of(turn) / of(native.turns[round]!))
    return { median: percentile(ratios, 0.5), mean: mean(ratios), interval95: bootstrapInterval(ratios, () => uniform.uniform()) }
  }
  const rows = processes.map(({ backend, turns }) => ({
    backend,
    medianSeconds: percentile(turns.map(({ seconds }) => seconds), 0.5),
    medianCpuSeconds: percentile(turns.map(({ cpuSeconds }) => cpuSeconds), 0.5),
    timesTfjsNode: against(turns, ({ seconds }) => seconds),
    timesTfjsNodeOfTheProcessor: against(turns, ({ cpuSeconds }) => cpuSeconds),
    loss: turns[0]!.loss,
  }))
  console.log(name)
  const told = ({ mean: value, interval95 }: ReturnType<typeof against>) => `${value.toFixed(2)} (${interval95.map((bound) => bound.toFixed(2)).join('–')})`
  for (const row of rows) console.log(`  ${row.backend.padEnd(10)} ${row.medianSeconds.toFixed(3)} s an epoch, ${row.medianCpuSeconds.toFixed(3)} s of the processor; times tfjs-node: ${told(row.timesTfjsNode)}, of the processor ${told(row.timesTfjsNodeOfTheProcessor)}; loss ${row.loss.toFixed(6)}`)
  return { name, samples: work.samples, batchSize: 64, rounds, rows }
}

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '12' }, only: { type: 'string' }, work: { type: 'string' }, backend: { type: 'string' } } })
if (values.work !== undefined) {
  serve(works[values.work]!, backends[values.backend as BackendName]())
} else {
  const { missing } = ensureTfjsNode()
  if (missing !== undefined) throw new Error(missing)
  const results: object[] = []
  for (const [name, work] of Object.entries(works)) if (values.only === undefined || values.only === name) results.push(await measure(name, work, Number(values.rounds)))
  if (values.only === undefined) storeResult('tfjs-backends', { note: 'tfjs-node on TensorFlow 2.21 of PyPI, all cores; wasm and cpu on one thread', load: loadavg()[1], results })
}
