/**
 * How far two measurements of one model's latency are apart, for models from microseconds to tens of milliseconds, and what storing weights in
 * fewer bits changes:
 * node --conditions=attune-source src/onnx-latency.ts
 */
import { loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { onnxEvaluator } from '@attune/onnx-adapter'
import { createModelBuilder } from '@attune/onnx-format'
import { storeResult } from './machine.ts'
import { percentile } from './statistics.ts'

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '6' }, dry: { type: 'boolean', default: false } } })
const rounds = Number(values.rounds)

function numbers(count: number, size: number): Float32Array {
  const drawn = new Float32Array(count)
  for (let index = 0; index < count; index++) drawn[index] = (((index * 7919) % 2003) / 1001 - 1) * size
  return drawn
}

/** Two hidden layers of this width over 784 numbers. */
function dense(width: number): Uint8Array {
  const model = createModelBuilder({ graphName: 'dense' })
  const layer = (x: string, from: number, to: number): string => model.node('Gemm', [x, model.initializer(`w${from}-${to}`, { data: numbers(from * to, 1 / Math.sqrt(from)), dims: [from, to] })])
  model.node('Softmax', [layer(model.node('Relu', [layer(model.node('Relu', [layer(model.input('x', 'float32', ['N', 784]), 784, width)]), width, width + 1)]), width + 1, 10)], { outputs: ['y'] })
  model.output('y', 'float32', ['N', 10])
  return model.toBytes()
}

const data = { inputs: { data: numbers(784 * 256, 1), dims: [256, 784] }, labels: Array.from({ length: 256 }, (_, row) => row % 10) }
/** Width of the layers, and rows of one run. */
const cases = [
  { name: 'dense 64, 1 row', width: 64, batchSize: 1 },
  { name: 'dense 512, 1 row', width: 512, batchSize: 1 },
  { name: 'dense 512, 64 rows', width: 512, batchSize: 64 },
  { name: 'dense 2048, 64 rows', width: 2048, batchSize: 64 },
  { name: 'dense 2048, 256 rows', width: 2048, batchSize: 256 },
] as const

const load = loadavg()[0]!
const repeated = []
for (const { name, width, batchSize } of cases) {
  const model = dense(width)
  const measurements: { readonly p50: number; readonly low: number; readonly high: number; readonly p95: number; readonly p99: number; readonly contended: boolean }[] = []
  for (let round = 0; round < rounds; round++) {
    await using evaluator = onnxEvaluator({ data, metrics: [], latency: { batchSize } })
    const metrics = await evaluator.evaluate(model)
    const value = (quantile: string): number => metrics[`latency${quantile}Ms`]!
    measurements.push({ p50: value('P50'), low: metrics['latencyP50LowMs']!, high: metrics['latencyP50HighMs']!, p95: value('P95'), p99: value('P99'), contended: metrics['contended'] === 1 })
  }
  // Every pair of measurements: the larger median over the smaller.
  const ratios = measurements.flatMap((a, index) => measurements.slice(index + 1).map((b) => Math.max(a.p50, b.p50) / Math.min(a.p50, b.p50)))
  const quiet = measurements.filter(({ contended }) => !contended)
  const quietRatios = quiet.flatMap((a, index) => quiet.slice(index + 1).map((b) => Math.max(a.p50, b.p50) / Math.min(a.p50, b.p50)))
  const overlapping = measurements.flatMap((a, index) => measurements.slice(index + 1).map((b) => a.low <= b.high && b.low <= a.high))
  const row = {
    name,
    medianP50Ms: percentile(measurements.map(({ p50 }) => p50), 0.5),
    largestRatio: Math.max(...ratios),
    largestRatioOfQuiet: quietRatios.length === 0 ? null : Math.max(...quietRatios),
    within10Percent: ratios.filter((ratio) => ratio <= 1.1).length / ratios.length,
    overlappingIntervals: overlapping.filter(Boolean).length / overlapping.length,
    contended: measurements.length - quiet.length,
    measurements,
  }
  repeated.push(row)
  console.log(`${name}: p50 ${row.medianP50Ms.toFixed(4)} ms, largest ratio ${row.largestRatio.toFixed(3)} (not contended ${row.largestRatioOfQuiet?.toFixed(3) ?? '-'}), pairs within 10 % ${(row.within10Percent * 100).toFixed(0)} %, intervals that overlap ${(row.overlappingIntervals * 100).toFixed(0)} %, contended ${row.contended} of ${rounds}`)
}

const precisions = []
for (const precision of ['float32', 'float16', 'int8'] as const) {
  await using evaluator = onnxEvaluator({ data, metrics: [], latency: { batchSize: 64 }, load: true, memory: true, serving: () => ({ precision }) })
  const metrics = await evaluator.evaluate(dense(2048), { params: {} })
  const row = { precision, modelBytes: metrics['modelBytes']!, p50Ms: metrics['latencyP50Ms']!, loadMs: metrics['loadMs']!, residentMb: metrics['residentMb']! }
  precisions.push(row)
  console.log(`${precision}: ${row.modelBytes} bytes, p50 ${row.p50Ms.toFixed(3)} ms, loaded in ${row.loadMs.toFixed(1)} ms, ${row.residentMb.toFixed(1)} MB`)
}
if (!values.dry) storeResult('onnx-latency', { loadBefore: load, rounds, repeated, precisions })
