import process from 'node:process'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { countMultiplyAdds, OnnxFormatError } from '@attune/onnx-format'
import { latencyQuantiles } from '../../cost/cost-directions.ts'
import type { CostSettings, RunSettings } from '../../cost/cost-settings.ts'
import { medianInterval } from '../../cost/median-interval.ts'
import type { SessionSettings } from '../../protocol.ts'
import { quantile } from '../../quantile.ts'
import type { ModelInputs } from '../../tensor-data.ts'
import { Failure } from '../failure.ts'
import { cycledRows, loadModel, prepareModel, type ModelSession, type NamedTensors, type PreparedModel } from '../model-session.ts'
import { probeProvider } from '../probe-provider.ts'
import { timeRuns, type SessionTimes, type TimedRuns } from './time-runs.ts'

type Costs = { [metric: string]: number }

/** Where a process that only computes has a smaller share of a processor, other work took the rest. */
const enoughProcessor = 0.9

/** What a model costs. Throws as loading and running it does, and ONNX_UNCOUNTED. */
export async function measureCost(source: Uint8Array, session: SessionSettings, inputs: ModelInputs, settings: CostSettings): Promise<{ readonly [metric: string]: number }> {
  const prepared = await prepareModel(source, session)
  const open = (): Promise<ModelSession> => loadModel(prepared, session)
  const costs: Costs = {}
  if (settings.parameters) costs['parameters'] = prepared.model.parameterCount
  if (settings.memory) costs['residentMb'] = await measureMemory(open, inputs, prepared.size)
  if (settings.multiplyAdds) costs['multiplyAdds'] = await countOfRow(prepared, open, inputs)
  // Other providers compute elsewhere, while this process waits.
  const leastProcessor = session.executionProviders.every((provider) => provider === 'cpu') ? enoughProcessor : 0
  const times = (runs: RunSettings & { readonly batchSize: number }): Promise<TimedRuns> => timeRuns(open, (opened) => batchesOf(opened, inputs, runs.batchSize), runs, leastProcessor)
  const timed: TimedRuns[] = []
  if (settings.latency !== undefined) {
    const measured = await times(settings.latency)
    timed.push(measured)
    Object.assign(costs, latencies(measured.sessions))
  }
  for (const flow of settings.throughput) {
    const measured = await times(flow)
    timed.push(measured)
    costs[flow.metric] = medianInterval(measured.sessions.map(({ times: runs }) => (1000 * measured.rows * runs.length) / runs.reduce((sum, time) => sum + time, 0))).median
  }
  if (settings.load !== undefined) {
    // Sessions of one run each, if no others were loaded.
    if (timed.length === 0) timed.push(await times({ warmUp: 0, runs: 1, sessions: settings.load, budget: 1, batchSize: 1 }))
    costs['loadMs'] = medianInterval(timed.flatMap(({ sessions }) => sessions.map(({ loadMs }) => loadMs))).median
  }
  if (timed.length > 0) costs['contended'] = timed.some(({ contended }) => contended) ? 1 : 0
  return costs
}

/** Of each quantile the median over the sessions, and its interval. */
function latencies(sessions: readonly SessionTimes[]): Costs {
  return Object.fromEntries(latencyQuantiles.flatMap(([name, share]) => {
    const { median, low, high } = medianInterval(sessions.map(({ times }) => quantile(times, share)))
    return [[`latency${name}Ms`, median], [`latency${name}LowMs`, low], [`latency${name}HighMs`, high]]
  }))
}

/** Different rows are run in turn, so that no run profits from the answer before. */
const distinctBatches = 16

/** Batches out of the rows there are, which are repeated if they do not suffice. */
function batchesOf(session: ModelSession, inputs: ModelInputs, batchSize: number): readonly NamedTensors[] {
  const bound = session.bind(inputs)
  const size = session.fixedBatch ?? batchSize
  const rows = Object.values(bound)[0]!.dims[0]!
  const count = Math.max(1, Math.min(distinctBatches, Math.floor(rows / size)))
  return Array.from({ length: count }, (_, index) => cycledRows(bound, index * size, size))
}

/** Of all sessions together, as far as their size tells it before. */
const memoryToMeasureWith = 200e6

/**
 * By how much the memory of this process grows with a session of the model that has run, in MB. The first one finds memory that reading the model
 * left free, so that several are opened, and the median of the others counts; of a large model there is one, of which that is a small part.
 */
async function measureMemory(open: () => Promise<ModelSession>, inputs: ModelInputs, size: number): Promise<number> {
  const count = Math.max(1, Math.min(6, Math.floor(memoryToMeasureWith / size)))
  // What the runtime takes for its first model, whatever that is, is not this model's.
  await probeProvider('cpu')
  const sessions: ModelSession[] = []
  const growths: number[] = []
  try {
    await collectGarbage()
    let before = process.memoryUsage.rss()
    while (sessions.length < count) {
      const session = await open()
      sessions.push(session)
      for (const batch of batchesOf(session, inputs, 1).slice(0, 4)) await session.run(batch)
      await collectGarbage()
      const now = process.memoryUsage.rss()
      growths.push(now - before)
      before = now
    }
    const settled = count === 1 ? growths : growths.slice(1)
    return Math.max(0, medianInterval(settled).median) / 1e6
  } finally {
    for (const session of sessions) await session.release()
  }
}

/** Twice: what the first collection finds is freed by another thread, for which the second waits. */
async function collectGarbage(): Promise<void> {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  await new Promise((resolve) => setImmediate(resolve))
  collect()
}

async function countOfRow({ model }: PreparedModel, open: () => Promise<ModelSession>, inputs: ModelInputs): Promise<number> {
  const session = await open()
  const shapes = Object.fromEntries(Object.entries(session.bind(inputs)).map(([name, { dims }]) => [name, [session.fixedBatch ?? 1, ...dims.slice(1)]]))
  await session.release()
  try {
    const { total, unknown } = countMultiplyAdds(model, shapes)
    if (unknown.length === 0) return total / (session.fixedBatch ?? 1)
    const listed = unknown.slice(0, 3).map(({ operator, node, reason }) => `${operator} "${node}" (${reason})`)
    throw new Failure('ONNX_UNCOUNTED', `The multiply-adds of the model cannot be counted: ${listed.join(', ')}${unknown.length > 3 ? ` and ${unknown.length - 3} more` : ''}. All others have ${total}. Leave multiplyAdds out of the evaluator's options for such models; countMultiplyAdds of @attune/onnx-format tells operators apart.`)
  } catch (cause) {
    if (cause instanceof OnnxFormatError) throw new Failure('ONNX_UNCOUNTED', cause.message, { cause })
    throw cause
  }
}
