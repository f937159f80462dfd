import { AsyncLocalStorage } from 'node:async_hooks'
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { context as active, metrics, ROOT_CONTEXT, SpanStatusCode, trace, type Context, type ContextManager } from '@opentelemetry/api'
import { AggregationTemporality, InMemoryMetricExporter, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics'
import { AlwaysOffSampler, BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { createStudy, float, MemoryArtifacts, MemoryStorage, minimize, systemClock, type LoggerFactory, type PrunerFactory, type StudyEvent } from '@attune/core'
import { loggerContextOf } from '@attune/testing'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { openTelemetry, type OpenTelemetryOptions } from './open-telemetry.ts'

/** A real SDK that exports to memory. */
function sdk(): { readonly logger: (options?: OpenTelemetryOptions) => LoggerFactory; readonly tracerProvider: BasicTracerProvider; readonly meterProvider: MeterProvider; readonly spans: InMemorySpanExporter; points(name: string): Promise<readonly (readonly [string, unknown])[]>; shutdown(): Promise<void> } {
  const spans = new InMemorySpanExporter()
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] })
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 2 ** 30 })
  const meterProvider = new MeterProvider({ readers: [reader] })
  return {
    logger: (options) => openTelemetry({ tracerProvider, meterProvider, ...options }),
    tracerProvider,
    meterProvider,
    spans,
    async points(name) {
      await meterProvider.forceFlush()
      const found = exporter.getMetrics().at(-1)?.scopeMetrics.flatMap((scope) => scope.metrics).find(({ descriptor }) => descriptor.name === name)
      return (found?.dataPoints ?? []).map(({ attributes, value }) => {
        const state = attributes['attune.trial.state']
        return [typeof state === 'string' ? state : '', typeof value === 'object' ? value.count : value] as const
      })
    },
    shutdown: async () => void (await Promise.all([tracerProvider.shutdown(), meterProvider.shutdown()])),
  }
}

const parts: { shutdown(): Promise<void> }[] = []
function withSdk(): ReturnType<typeof sdk> {
  const made = sdk()
  parts.push(made)
  return made
}
afterEach(async () => {
  for (const part of parts.splice(0)) await part.shutdown()
  trace.disable()
  metrics.disable()
  active.disable()
})

const space = { x: float(0, 1) }
const milliseconds = ([seconds, nanoseconds]: readonly [number, number]): number => seconds * 1000 + nanoseconds / 1e6

/** Prunes trial 1 at its second step. */
const pruner: PrunerFactory = { specVersion: 'v1', id: 'second', create: () => ({ judge: ({ number, step }) => (number === 1 && step === 2 ? 'prune' : 'continue') }) }

describe('openTelemetry', () => {
  it('makes a span for each run and each trial, with the times of the events, parameters, results and failures', async () => {
    const { logger, spans, points } = withSdk()
    const study = await createStudy({ name: 'digits', space, objective: minimize('loss'), seed: 3, pruner, loggers: [logger({ attributes: { team: 'vision' }, reports: 3 })] })
    await study.optimize(async function* ({ number, params: { x } }) {
      for (let step = 1; step <= 5; step++) yield { step, loss: x / step, odd: number === 0 ? NaN : 1 }
      if (number === 2) throw new TypeError('This trial fails on purpose.')
    }, { trials: 4 })
    await study.close()

    const finished = spans.getFinishedSpans()
    const run = finished.find(({ name }) => name === 'attune.study')!
    expect(run.attributes).toMatchObject({ team: 'vision', 'attune.study.name': 'digits', 'attune.study.id': study.summary.id, 'attune.study.goal': 4, 'attune.study.objectives': ['minimize loss'], 'attune.study.trials.complete': 3, 'attune.study.trials.failed': 1, 'attune.study.best.trial': study.best.number, 'attune.study.best.value': study.best.value })
    const trials = finished.filter(({ name }) => name === 'attune.trial')
    expect(trials).toHaveLength(study.trials().length)
    for (const trial of study.trials()) {
      const span = trials.find(({ attributes }) => attributes['attune.trial.number'] === trial.number)!
      expect(span.parentSpanContext?.spanId).toBe(run.spanContext().spanId)
      expect([milliseconds(span.startTime), milliseconds(span.endTime)]).toEqual([trial.startedAt, trial.endedAt])
      expect(span.attributes).toMatchObject({ team: 'vision', 'attune.trial.state': trial.state, 'attune.trial.attempt': 1, 'attune.trial.origin': 'sampler', 'attune.trial.sampler': 'random@1', 'attune.trial.param.x': trial.flatParams['x'], 'attune.trial.reports': trial.reports.length })
      expect(span.events.filter(({ name }) => name === 'attune.report').map(({ attributes }) => attributes)).toEqual(trial.reports.slice(0, 3).map(({ step, metrics: { loss, odd } }) => ({ 'attune.step': step, 'attune.metric.loss': loss, 'attune.metric.odd': Number.isNaN(odd) ? 'NaN' : odd })))
      if (trial.state !== 'failed') expect([span.attributes['attune.trial.metric.loss'], span.attributes['attune.trial.value'], span.status.code]).toEqual([trial.metrics['loss'], trial.value, SpanStatusCode.UNSET])
    }
    expect(study.trial(1).state).toBe('pruned')
    const failed = trials.find(({ attributes }) => attributes['attune.trial.state'] === 'failed')!
    expect(failed.status).toEqual({ code: SpanStatusCode.ERROR, message: expect.stringContaining('This trial fails on purpose.') })
    expect(failed.events.find(({ name }) => name === 'exception')?.attributes).toMatchObject({ 'exception.type': 'error', 'exception.message': expect.stringContaining('on purpose'), 'exception.stacktrace': expect.stringContaining('open-telemetry.test.ts') })
    expect(finished.at(-1)?.name).toBe('attune.study')

    expect(new Map(await points('attune.trials'))).toEqual(new Map([['complete', 3], ['pruned', 1], ['failed', 1]]))
    expect(new Map(await points('attune.trial.duration'))).toEqual(new Map([['complete', study.counts.complete], ['pruned', 1], ['failed', 1]]))
    expect(await points('attune.trials.running')).toEqual([['', 0]])
    expect(await points('attune.reports')).toEqual([['', study.trials().reduce((sum, { reports }) => sum + reports.length, 0)]])
    expect(await points('attune.best.value')).toEqual([['', study.best.value]])
  })

  it('adds warnings and what a sampler decided to the span of the run', async () => {
    const { logger, spans } = withSdk()
    const study = await createStudy({
      space,
      sampler: { specVersion: 'v1', id: 'choosy', revision: 1, create: (problem) => ({
        suggest() {
          problem.remark('goes to the middle, which is near to everything')
          problem.warn('has nothing to learn from')
          return { params: { x: 0.5 } }
        },
      }) },
      loggers: [logger()],
    })
    await study.optimize(() => 1, { trials: 3 })
    await study.close()
    const run = spans.getFinishedSpans().find(({ name }) => name === 'attune.study')!
    expect(run.events.map(({ name, attributes }) => [name, attributes])).toEqual([
      ['attune.remark', { 'attune.source': 'choosy', 'attune.message': 'goes to the middle, which is near to everything' }],
      ['attune.warning', { 'attune.source': 'choosy', 'attune.message': 'has nothing to learn from' }],
    ])
  })

  it('makes a span for each attempt of a trial that is retried, inside the span of the trial', async () => {
    const { logger, spans, points } = withSdk()
    const study = await createStudy({ space, objective: minimize('loss'), seed: 3, loggers: [logger()] })
    await study.optimize(({ number, attempt, params: { x } }) => {
      if (number === 0 && attempt < 3) throw new Error(`Attempt ${attempt} fails on purpose.`)
      return x
    }, { trials: 2, retry: { times: 2, on: ['error'] } })
    await study.close()
    const finished = spans.getFinishedSpans()
    const trial = finished.find(({ name, attributes }) => name === 'attune.trial' && attributes['attune.trial.number'] === 0)!
    const attempts = finished.filter(({ name }) => name === 'attune.attempt')
    expect(attempts.map(({ attributes, parentSpanContext, status }) => [attributes['attune.trial.attempt'], parentSpanContext?.spanId, status.code])).toEqual([1, 2, 3].map((attempt) => [attempt, trial.spanContext().spanId, attempt < 3 ? SpanStatusCode.ERROR : SpanStatusCode.UNSET]))
    expect(attempts[0]!.events[0]!.attributes?.['exception.message']).toContain('Attempt 1 fails on purpose.')
    expect(trial.status.code).toBe(SpanStatusCode.UNSET)
    expect(finished.filter(({ name }) => name === 'attune.trial')).toHaveLength(2)
    expect(await points('attune.trials.requeued')).toEqual([['', 2]])
    expect(await points('attune.trials.running')).toEqual([['', 0]])
    expect(new Map(await points('attune.trial.duration'))).toEqual(new Map([['requeued', 2], ['complete', 2]]))
  })

  it('links a fork to its parent, and a trial that goes on to the part before its pause', async () => {
    const { logger, spans } = withSdk()
    const scheduler: PrunerFactory = {
      specVersion: 'v1',
      id: 'scheduler',
      create: ({ history }) => ({
        judge: ({ number, step }) => (number === 0 && step === 2 ? 'pause' : 'continue'),
        next: () => (history.length < 2 ? undefined : history.length === 2 ? { fork: 0, params: { x: 0.5 } } : history.state(0) === 'paused' ? { promote: 0 } : undefined),
      }),
    }
    const study = await createStudy({ space, objective: minimize('loss'), seed: 3, artifacts: new MemoryArtifacts(), pruner: scheduler, loggers: [logger()] })
    await study.optimize(async function* ({ params, resumeFrom }) {
      for (let step = (resumeFrom?.step ?? 0) + 1; step <= 4; step++) yield { step, loss: params.x, checkpoint: () => new Uint8Array([step]) }
    }, { trials: 3 })
    await study.close()
    const of = (number: number): readonly { readonly id: string; readonly links: readonly string[]; readonly state: unknown }[] =>
      spans.getFinishedSpans().filter(({ name, attributes }) => name === 'attune.trial' && attributes['attune.trial.number'] === number).map((span) => ({ id: span.spanContext().spanId, links: span.links.map(({ context }) => context.spanId), state: span.attributes['attune.trial.state'] }))
    const [before, after] = of(0)
    expect([before?.state, before?.links, after?.state, after?.links]).toEqual(['paused', [], 'complete', [before!.id]])
    const fork = study.trials().find(({ parent }) => parent === 0)
    expect(fork).toBeDefined()
    expect(of(fork!.number)[0]!.links).toEqual([before!.id])
  })

  it('puts its spans under the span in which the study is created', async () => {
    const { logger, spans, tracerProvider } = withSdk()
    active.setGlobalContextManager(asyncContexts())
    const tracer = tracerProvider.getTracer('a program')
    await tracer.startActiveSpan('a program', async (span) => {
      const study = await createStudy({ space, objective: minimize('loss'), seed: 3, loggers: [logger()] })
      await study.optimize(({ params: { x } }) => x, { trials: 1 })
      const asked = await study.ask()
      await study.tell(asked, 0.5)
      await study.close()
      span.end()
    })
    const finished = spans.getFinishedSpans()
    const program = finished.find(({ name }) => name === 'a program')!.spanContext()
    expect(new Set(finished.map((span) => span.spanContext().traceId))).toEqual(new Set([program.traceId]))
    // A trial that is asked for by hand belongs to no run.
    expect(finished.filter(({ parentSpanContext }) => parentSpanContext?.spanId === program.spanId).map(({ name }) => name)).toEqual(['attune.study', 'attune.trial'])
  })

  it('leaves the trials of other processes, and what happened before, to others', async () => {
    const { logger, spans, points } = withSdk()
    const storage = new MemoryStorage(systemClock)
    const before = await createStudy({ name: 'digits', storage, space, objective: minimize('loss'), seed: 3 })
    await before.optimize(({ params: { x } }) => x, { trials: 3 })
    const events: StudyEvent[] = []
    for await (const event of before.events()) events.push(event)
    const study = await createStudy({ name: 'digits', storage, ifExists: 'resume', space, objective: minimize('loss'), loggers: [logger()] })
    expect(spans.getFinishedSpans()).toEqual([])
    const other = await logger().create({ ...loggerContextOf(before), owner: 'another process' })
    for (const event of events) await other.log(event)
    await other.close()
    await study.close()
    await before.close()
    expect(spans.getFinishedSpans()).toEqual([])
    expect(await points('attune.trials')).toEqual([])
  })

  it('ends the spans that are open when it is closed, and those of trials that another process goes on with', async () => {
    const { logger, spans, points } = withSdk()
    const study = await createStudy({ space, objective: minimize('loss'), seed: 3 })
    await study.ask()
    await study.ask()
    const events: StudyEvent[] = []
    for await (const event of study.events()) events.push(event)
    const context = loggerContextOf(study)
    const open = await logger().create({ ...context, owner: study.trial(0).owner! })
    for (const event of events) await open.log(event)
    await open.log({ type: 'trial.started', revision: 1000, time: events.at(-1)!.time, trial: { ...study.trial(1), owner: 'another process' } })
    expect(spans.getFinishedSpans().map(({ attributes }) => [attributes['attune.trial.number'], attributes['attune.trial.state']])).toEqual([[1, 'elsewhere']])
    await open.close()
    expect(spans.getFinishedSpans().map(({ attributes }) => [attributes['attune.trial.number'], attributes['attune.trial.state']])).toEqual([[1, 'elsewhere'], [0, 'unknown']])
    expect(await points('attune.trials.running')).toEqual([['', 0]])
    await study.close()
  })

  it('ends the spans of trials that wait for another attempt when their run ends, and links the next attempt to them', async () => {
    const { logger, spans, points } = withSdk()
    const study = await createStudy({ space, objective: minimize('loss'), seed: 3, loggers: [logger()] })
    const enough = new AbortController()
    await study.optimize(async function* ({ params: { x } }) {
      for (let step = 1; ; step++) {
        yield { step, loss: x }
        enough.abort()
      }
    }, { trials: 1, signal: enough.signal })
    expect(study.trial(0).state).toBe('waiting')
    const interrupted = spans.getFinishedSpans().find(({ name }) => name === 'attune.trial')!
    expect(interrupted.attributes['attune.trial.state']).toBe('waiting')
    expect(spans.getFinishedSpans().at(-1)?.name).toBe('attune.study')
    await study.optimize(({ params: { x } }) => x, { trials: 1 })
    await study.close()
    const last = spans.getFinishedSpans().findLast(({ name }) => name === 'attune.trial')!
    expect([last.attributes['attune.trial.state'], last.links.map(({ context }) => context.spanId)]).toEqual(['complete', [interrupted.spanContext().spanId]])
    expect(await points('attune.trials.running')).toEqual([['', 0]])
  })

  it('counts an event once that it is given again', async () => {
    const { logger, points } = withSdk()
    const study = await createStudy({ space, objective: minimize('loss'), seed: 3 })
    await study.optimize(async function* ({ params: { x } }) {
      yield { step: 1, loss: x }
    }, { trials: 3 })
    const events: StudyEvent[] = []
    for await (const event of study.events()) events.push(event)
    const twice = await logger().create({ ...loggerContextOf(study), owner: study.trial(0).owner! })
    for (const event of events) for (let i = 0; i < 2; i++) await twice.log(event)
    await twice.close()
    await study.close()
    expect([await points('attune.trials'), await points('attune.reports'), await points('attune.trials.running')]).toEqual([[['complete', 3]], [['', 3]], [['', 0]]])
  })

  it('takes the providers that are registered with the API, also if they come later than the logger', async () => {
    const { tracerProvider, meterProvider, spans, points } = withSdk()
    const factory = openTelemetry()
    const study = await createStudy({ space, objective: minimize('loss'), seed: 3, loggers: [factory] })
    await study.optimize(({ params: { x } }) => x, { trials: 1 })
    trace.setGlobalTracerProvider(tracerProvider)
    metrics.setGlobalMeterProvider(meterProvider)
    await study.optimize(({ params: { x } }) => x, { trials: 3 })
    await study.close()
    expect(spans.getFinishedSpans().map(({ name }) => name)).toEqual(['attune.trial', 'attune.trial', 'attune.study'])
    expect([await points('attune.trials'), await points('attune.trials.running')]).toEqual([[['complete', 2]], [['', 0]]])
  })

  it('flushes measurements although the spans cannot be flushed, which the study tells', async () => {
    const { logger, tracerProvider, meterProvider } = withSdk()
    const flushed = vi.spyOn(meterProvider, 'forceFlush')
    vi.spyOn(tracerProvider, 'forceFlush').mockRejectedValue(new Error('The collector is down.'))
    const study = await createStudy({ space, objective: minimize('loss'), seed: 3, loggers: [logger()] })
    const warnings: string[] = []
    study.on((event) => event.type === 'warning' && warnings.push(event.message))
    await study.optimize(({ params: { x } }) => x, { trials: 2 })
    expect(study.counts.complete).toBe(2)
    expect(warnings).toEqual([expect.stringContaining('could not flush: The collector is down.')])
    expect(flushed).toHaveBeenCalled()
    await study.close()
  })

  it('P19: keeps no trial that has ended: 100,000 of them and their spans fit into little memory', async () => {
    setFlagsFromString('--expose-gc')
    const collectGarbage = runInNewContext('gc') as () => void
    const tracerProvider = new BasicTracerProvider()
    parts.push(tracerProvider)
    const study = await createStudy({ space, objective: minimize('loss'), seed: 3 })
    await study.optimize(async function* ({ params: { x } }) {
      for (let step = 1; step <= 3; step++) yield { step, loss: x / step }
    }, { trials: 1 })
    const events: StudyEvent[] = []
    for await (const event of study.events()) if (event.type.startsWith('trial.')) events.push(event)
    const context = { ...loggerContextOf(study), owner: study.trial(0).owner! }
    const log = await openTelemetry({ tracerProvider }).create(context)
    let revision = 1000
    const run = async (first: number, count: number): Promise<number> => {
      for (let number = first; number < first + count; number++) {
        // What each trial has of its own, so that to keep it would show.
        for (const event of events) if ('trial' in event) await log.log({ ...event, revision: revision++, trial: { ...event.trial, number, flatParams: { x: number, text: `${number} `.repeat(100) } } })
      }
      collectGarbage()
      return process.memoryUsage().heapUsed
    }
    const before = await run(0, 20_000) // Links to the last 10,000 spans are kept.
    const after = await run(20_000, 80_000)
    expect(after - before).toBeLessThan(40 * 2 ** 20)
    await log.close()
    await study.close()
  })

  it('does nothing without an SDK, and nothing for spans that are not sampled', async () => {
    for (const options of [{}, { tracerProvider: new BasicTracerProvider({ sampler: new AlwaysOffSampler() }) }]) {
      const study = await createStudy({ space, objective: minimize('loss'), seed: 3, loggers: [openTelemetry(options)] })
      const warnings: string[] = []
      study.on((event) => event.type === 'warning' && warnings.push(event.message))
      await study.optimize(({ params: { x } }) => x, { trials: 5 })
      await study.close()
      expect([study.counts.complete, warnings]).toEqual([5, []])
    }
  })

  it('refuses options that it does not have', () => {
    expect(() => openTelemetry({ tracr: 1 } as object)).toThrow(expect.objectContaining({ code: 'OPTION', message: expect.stringContaining('has no option "tracr"') }) as Error)
    expect(() => openTelemetry({ reports: -1 })).toThrow(expect.objectContaining({ code: 'OPTION' }) as Error)
  })
})

/** Contexts that follow asynchronous calls, as the SDK of Node registers them. */
function asyncContexts(): ContextManager {
  const storage = new AsyncLocalStorage<Context>()
  const manager: ContextManager = {
    active: () => storage.getStore() ?? ROOT_CONTEXT,
    with: (context, run, self, ...args) => storage.run(context, () => run.apply(self, args)),
    bind: (_, target) => target,
    enable: () => manager,
    disable: () => manager,
  }
  return manager
}

it('the README begins with examples/telemetry.ts, which runs', async () => {
  const packageFile = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url))
  const program = packageFile('examples/telemetry.ts')
  const source = await readFile(program, 'utf8')
  expect(/```ts\n(.*?)```/s.exec(await readFile(packageFile('README.md'), 'utf8'))?.[1]).toBe(source)
  expect(source.split('\n').length).toBeLessThanOrEqual(41)
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ['--conditions=attune-source', program], { cwd: dirname(program) })
  expect(stderr).toBe('')
  expect(stdout).toBe('attune.trial 9 complete\nattune.study  10 trials are done\nattune.trials, attune.reports, attune.trials.running, attune.trial.duration, attune.best.value\n')
})
