import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { createStudy, float, minimize, type Logger, type LoggerFactory, type Study } from '@attune/core'
import { mlflow } from '@attune/mlflow-logger'
import { mlflowClient } from '@attune/mlflow-logger/client'
import { openTelemetry } from '@attune/opentelemetry-logger'
import { tensorboard } from '@attune/tensorboard-logger'
import { listRuns, readRun } from '@attune/tensorboard-logger/events'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { jsonl, median, progress } from 'attune'
import { expect } from 'vitest'

export const loggerNames = ['progress', 'jsonl', 'tensorboard', 'openTelemetry', 'mlflow'] as const
export type LoggerName = (typeof loggerNames)[number]

/** What a tracker has of a study, the same for each: curves as `trial 0 step 1: 0.5`, and how trials ended. */
export interface Kept {
  readonly curves?: readonly string[]
  readonly ends?: readonly string[]
}

/** A tracker of each kind, with nothing in it yet. */
export interface Trackers extends AsyncDisposable {
  readonly folder: string
  readonly spans: InMemorySpanExporter
  readonly factories: { readonly [name in LoggerName]: LoggerFactory }
  /** What it has of a study by now. */
  kept(name: LoggerName, study: Study<{ x: number }>): Promise<Kept>
}

/** Without a server, its logger must not be used. */
export async function makeTrackers(trackingUri = 'http://127.0.0.1:1'): Promise<Trackers> {
  const folder = await mkdtemp(join(tmpdir(), 'attune all loggers '))
  let shown = ''
  const stream = new Writable({
    write: (chunk: Buffer, _, done) => {
      shown += chunk.toString()
      done()
    },
  })
  const spans = new InMemorySpanExporter()
  const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] })
  const experimentName = folder.slice(folder.lastIndexOf(' ') + 1)
  return {
    folder,
    spans,
    factories: {
      progress: progress({ stream, live: false, environment: {} }),
      jsonl: jsonl({ folder: join(folder, 'jsonl') }),
      tensorboard: tensorboard({ logDir: join(folder, 'tensorboard') }),
      openTelemetry: openTelemetry({ tracerProvider }),
      mlflow: mlflow({ trackingUri, experimentName, links: false }),
    },
    async kept(name, study) {
      switch (name) {
        case 'progress':
          return { ends: study.trials().filter(({ number, state }) => new RegExp(`trial ${number}\\b.*${state === 'complete' ? '' : state}`).test(shown)).map(endOf) }
        case 'jsonl':
          return readJsonl(join(folder, 'jsonl'))
        case 'tensorboard':
          return readTensorBoard(join(folder, 'tensorboard'))
        case 'openTelemetry':
          return readSpans(spans)
        case 'mlflow':
          return readMlflow(trackingUri, experimentName)
      }
    },
    async [Symbol.asyncDispose]() {
      await tracerProvider.shutdown()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

const point = (trial: number, step: number, value: number): string => `trial ${trial} step ${step}: ${Math.fround(value)}`
const endOf = ({ number, state }: { readonly number: number; readonly state: string }): string => `trial ${number}: ${state}`

/** What each tracker has to have of a study. */
function expected(study: Study<{ x: number }>): Required<Kept> {
  return {
    curves: study.trials().flatMap(({ number, reports }) => reports.map(({ step, metrics }) => point(number, step, metrics['loss']!))).toSorted(byText),
    ends: study.trials().map(endOf),
  }
}

const byText = (a: string, b: string): number => (a < b ? -1 : Number(a > b))

async function readJsonl(folder: string): Promise<Kept> {
  const lines = (await Promise.all((await readdir(folder)).map((name) => readFile(join(folder, name), 'utf8')))).join('').split('\n').filter((line) => line !== '')
  const events = lines.map((line) => JSON.parse(line) as { readonly event: string; readonly kind: string; readonly trial: number; readonly step: number; readonly state: string; readonly name: string; readonly value: number })
  return {
    curves: events.filter(({ event, kind, name }) => event === 'trial.reported' && kind === 'metric' && name === 'loss').map(({ trial, step, value }) => point(trial, step, value)).toSorted(byText),
    ends: events.filter(({ event, kind }) => kind === 'event' && /^trial\.(completed|pruned|failed)$/.test(event)).map(({ trial, state }) => endOf({ number: trial, state })).toSorted(byText),
  }
}

async function readTensorBoard(logDir: string): Promise<Kept> {
  const curves: string[] = []
  for (const { name, folder } of await listRuns(logDir)) {
    const number = /trial-(\d+)$/.exec(name)?.[1]
    if (number === undefined) continue
    for await (const event of readRun(folder)) {
      if (event.kind !== 'summary') continue
      for (const value of event.values) if (value.kind === 'scalar' && value.tag === 'loss') curves.push(point(Number(number), event.step, value.value))
    }
  }
  return { curves: curves.toSorted(byText) }
}

function readSpans(spans: InMemorySpanExporter): Kept {
  const trials = spans.getFinishedSpans().filter(({ name }) => name === 'attune.trial')
  const number = (attributes: { readonly [name: string]: unknown }): number => Number(attributes['attune.trial.number'])
  return {
    curves: trials.flatMap(({ attributes, events }) => events.flatMap(({ name, attributes: of = {} }) => (name === 'attune.report' ? [point(number(attributes), Number(of['attune.step']), Number(of['attune.metric.loss']))] : []))).toSorted(byText),
    ends: trials.map(({ attributes }) => endOf({ number: number(attributes), state: String(attributes['attune.trial.state']) })).toSorted(byText),
  }
}

async function readMlflow(trackingUri: string, experimentName: string): Promise<Kept> {
  await using client = mlflowClient({ trackingUri })
  const experiment = await client.experiments.find(experimentName)
  const curves = new Set<string>()
  const ends: string[] = []
  for await (const run of client.runs.search(experiment === undefined ? [] : [experiment.experimentId])) {
    const { number, 'attune.state': state } = run.tags
    if (run.tags['mlflow.parentRunId'] === undefined) continue
    ends.push(endOf({ number: Number(number), state: String(state) }))
    for await (const { step, value } of client.runs.metricHistory(run.runId, 'loss')) curves.add(point(Number(number), step, value))
  }
  return { curves: [...curves].toSorted(byText), ends: ends.toSorted(byText) }
}

export interface Ran {
  readonly study: Study<{ x: number }>
  readonly warnings: readonly string[]
}

/** Five trials of three reports, one of which is pruned and one fails. */
export async function runStudy(loggers: readonly LoggerFactory[], during: (trial: number) => Promise<void> = () => Promise.resolve()): Promise<Ran> {
  const study = await createStudy({ name: 'all', seed: 5, space: { x: float(0, 1) }, objective: minimize('loss'), pruner: median({ startupTrials: 2, warmupSteps: 0 }), loggers })
  const warnings = new Set<string>()
  study.on((event) => event.type === 'warning' && warnings.add(event.message))
  await study.optimize(async function* ({ number, params: { x } }) {
    await during(number)
    for (let step = 1; step <= 3; step++) {
      if (number === 1 && step === 3) throw new Error('This trial fails on purpose.')
      yield { step, loss: x / step }
    }
  }, { trials: 5 })
  // Those from before somebody listened, too.
  for await (const event of study.events()) if (event.type === 'warning') warnings.add(event.message)
  await study.close()
  return { study, warnings: [...warnings] }
}

/** What came of a study, without its times. */
export function outcome({ study }: Ran): unknown {
  return study.trials().map(({ state, params, value, reports }) => ({ state, params, value, reports: reports.map(({ step, metrics }) => ({ step, metrics })) }))
}

/** Fails unless each of these trackers has all of a study, as far as it can. */
export async function expectKept(trackers: Trackers, which: readonly LoggerName[], { study }: Ran): Promise<void> {
  const all = expected(study)
  for (const name of which) {
    const kept = await trackers.kept(name, study)
    expect({ name, ...kept }).toEqual({ name, ...Object.fromEntries(Object.keys(kept).map((key) => [key, all[key as keyof typeof all]])) })
  }
}

const never = new Promise<never>(() => undefined)

/** Ways for a logger to break. What comes out of them is the same logger otherwise. */
export const faults: { readonly [fault: string]: Partial<Logger> | undefined } = {
  'throws when it is created': undefined,
  'rejects every event': { log: () => Promise.reject(new Error('broken on purpose')) },
  'hangs at an event': { log: () => never },
  'hangs when it is flushed': { flush: () => never },
  'hangs when it is closed': { close: () => never },
  'wants every event later, for ever': { log: () => 'later' },
}

export function broken(factory: LoggerFactory, fault: string): LoggerFactory {
  return {
    ...factory,
    async create(context) {
      const changes = faults[fault]
      if (changes === undefined) throw new Error('broken on purpose')
      const logger = await factory.create(context)
      return { cursor: logger.cursor, log: (event) => logger.log(event), flush: () => logger.flush(), close: () => logger.close(), ...changes }
    },
  }
}
