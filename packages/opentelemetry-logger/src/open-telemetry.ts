import { context as active, metrics, trace } from '@opentelemetry/api'
import type { Attributes, Context, Meter, MeterProvider, Span, SpanContext, Tracer, TracerProvider } from '@opentelemetry/api'
import { AttuneError } from '@attune/core'
import type { Logger, LoggerContext, LoggerFactory, StepReport, StudyEvent, TrialRecord } from '@attune/core'
import { attributeValue, studyAttributes } from './attributes.ts'
import { instrumentsOf } from './instruments.ts'
import type { Instruments } from './instruments.ts'
import { TrialSpan } from './trial-span.ts'

/** Options of `openTelemetry`. */
export interface OpenTelemetryOptions {
  /** Where spans go. Default: of `tracerProvider`, else of the provider that is registered with the API. */
  readonly tracer?: Tracer
  /** Where measurements go. Default: of `meterProvider`, else of the provider that is registered with the API. */
  readonly meter?: Meter
  /** Is flushed when the logger is, if it can be. */
  readonly tracerProvider?: TracerProvider
  /** Is flushed when the logger is, if it can be. */
  readonly meterProvider?: MeterProvider
  /** On every span and measurement, as in `{ team: 'vision' }`. */
  readonly attributes?: Attributes
  /** How many reports of a trial become events of its span: 0 for none. Default 100; SDKs keep 128 events a span. */
  readonly reports?: number
}

const library = '@attune/opentelemetry-logger'
/** Spans of trials that others may be linked to. */
const mostLinks = 10_000

/**
 * A span for each run of `optimize` and for each trial in it, and metrics of trials, of what this process does from now on: what
 * happened before has no spans, and other processes at the same study make their own. Without an SDK nothing is made, and nothing costs.
 * Throws OPTION for options that do not fit.
 */
export function openTelemetry(options: OpenTelemetryOptions = {}): LoggerFactory {
  const known = ['tracer', 'meter', 'tracerProvider', 'meterProvider', 'attributes', 'reports']
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) throw new AttuneError('OPTION', `openTelemetry() has no option "${name}". Its options are: ${known.join(', ')}.`, { details: { option: name } })
  }
  const { reports } = options
  if (reports !== undefined && !(Number.isSafeInteger(reports) && reports >= 0)) throw new AttuneError('OPTION', `reports of openTelemetry() is how many events a span may have, an integer from 0, got ${String(reports)}.`, { details: { reports } })
  return { specVersion: 'v1', id: 'opentelemetry', create: (context) => new OpenTelemetryLogger(options, context) }
}

class OpenTelemetryLogger implements Logger {
  readonly cursor = 'now'
  readonly #context: LoggerContext
  readonly #tracer: Tracer
  #instruments: Instruments
  /** The provider that the API had when the instruments were made, unless the options give one. */
  #registered: MeterProvider | undefined
  readonly #attributes: Attributes
  readonly #dimensions: Attributes
  readonly #reports: number
  readonly #providers: readonly unknown[]
  /** What is active where the study is created: the parent of its spans. */
  readonly #parent: Context
  readonly #trials = new Map<number, TrialSpan>()
  readonly #spans = new Map<number, SpanContext>()
  #run: Span | undefined
  /** The last event: one that is given again, because somebody's exporter has thrown, was counted already. */
  #last: { readonly revision: number; readonly type: string; readonly time: number } | undefined

  constructor(options: OpenTelemetryOptions, context: LoggerContext) {
    const { attributes = {}, tracerProvider, meterProvider } = options
    this.#context = context
    this.#tracer = options.tracer ?? (tracerProvider ?? trace).getTracer(library)
    const meter = options.meter ?? meterProvider?.getMeter(library)
    if (meter === undefined) this.#registered = metrics.getMeterProvider()
    this.#instruments = instrumentsOf(meter ?? metrics.getMeter(library))
    this.#attributes = { ...attributes, ...studyAttributes(context.study) }
    this.#dimensions = { ...attributes, 'attune.study.name': context.study.definition.name }
    this.#reports = options.reports ?? 100
    this.#providers = [tracerProvider, meterProvider]
    this.#parent = active.active()
  }

  log(event: StudyEvent): void {
    if (event.revision === this.#last?.revision && event.type === this.#last.type) return
    this.#last = { revision: event.revision, type: event.type, time: event.time }
    const { type, time } = event
    if (type === 'trial.started' || type === 'trial.resumed') this.#starts(event.trial, time)
    else if (type === 'trial.reported') this.#reported(event.trial, event.report, time)
    else if (type === 'trial.requeued') this.#fails(event.trial, time)
    else if (type === 'trial.completed' || type === 'trial.pruned' || type === 'trial.failed' || type === 'trial.paused') this.#ends(event.trial, time)
    else if (type === 'best.improved') this.#improves(event.trial.value)
    else if (type === 'study.started' && event.owner === this.#context.owner) this.#runStarts(time, event.goal)
    else if (type === 'study.stopped' && event.owner === this.#context.owner) this.#runEnds(time, event.reason)
    else if (type === 'warning') this.#run?.addEvent('attune.warning', { 'attune.source': event.source, 'attune.message': event.message }, new Date(time))
    else if (type === 'remark') this.#run?.addEvent('attune.remark', { 'attune.source': event.source, 'attune.message': event.message }, new Date(time))
  }

  async flush(): Promise<void> {
    // One that fails or hangs keeps the other from nothing.
    await Promise.all(this.#providers.map(async (provider) => {
      const { forceFlush } = (provider ?? {}) as { readonly forceFlush?: () => Promise<void> }
      if (typeof forceFlush === 'function') await forceFlush.call(provider)
    }))
  }

  async close(): Promise<void> {
    const time = this.#last?.time ?? this.#context.study.createdAt
    this.#runEnds(time, 'closed')
    for (const [number, span] of this.#trials) {
      this.#trials.delete(number)
      this.#instruments.running.add(-1, this.#dimensions)
      span.leave('unknown', time)
    }
    await this.flush()
  }

  /** Tracers find a provider that is registered after they were made, meters do not. */
  #lookForMeter(): void {
    if (this.#registered === undefined || this.#trials.size > 0) return // What runs was counted with the instruments that there are.
    const now = metrics.getMeterProvider()
    if (now === this.#registered) return
    this.#registered = now
    this.#instruments = instrumentsOf(now.getMeter(library))
  }

  #runStarts(time: number, goal: number | undefined): void {
    this.#lookForMeter()
    this.#runEnds(time, 'another run began')
    const { objectives } = this.#context.study.definition
    this.#run = this.#tracer.startSpan(
      'attune.study',
      { startTime: new Date(time), attributes: { ...this.#attributes, ...(goal === undefined ? {} : { 'attune.study.goal': goal }), 'attune.study.objectives': objectives.map(({ metric, direction }) => `${direction} ${metric}`) } },
      this.#parent,
    )
  }

  #runEnds(time: number, reason: string): void {
    const run = this.#run
    this.#run = undefined
    // Nobody knows when they are tried again, or where.
    for (const [number, span] of this.#trials) {
      if (span.running) continue
      this.#trials.delete(number)
      span.leave('waiting', time)
    }
    if (run?.isRecording() === true) {
      const { study, best } = this.#context.view
      for (const [state, count] of Object.entries(study.counts)) run.setAttribute(`attune.study.trials.${state}`, count)
      if (best?.value !== undefined) run.setAttributes({ 'attune.study.best.trial': best.number, 'attune.study.best.value': attributeValue(best.value) })
      run.setAttribute('attune.study.stop_reason', reason)
    }
    run?.end(new Date(time))
  }

  #starts(trial: TrialRecord, time: number): void {
    const span = this.#trials.get(trial.number)
    if (trial.owner !== this.#context.owner) {
      // Another process has it now.
      this.#trials.delete(trial.number)
      if (span?.running === true) this.#instruments.running.add(-1, this.#dimensions)
      span?.leave('elsewhere', time)
      return
    }
    this.#lookForMeter()
    this.#instruments.running.add(1, this.#dimensions)
    if (span !== undefined) return span.again(trial, time)
    const links = [...new Set([trial.number, trial.parent])].flatMap((number) => (number === undefined ? [] : (this.#spans.get(number) ?? [])))
    const parent = this.#run === undefined ? this.#parent : trace.setSpan(this.#parent, this.#run)
    const opened = new TrialSpan({ tracer: this.#tracer, parent, attributes: this.#attributes, links, trial, time, reports: this.#reports })
    this.#trials.set(trial.number, opened)
    this.#spans.set(trial.number, opened.context)
    const [oldest] = this.#spans.keys()
    if (this.#spans.size > mostLinks && oldest !== undefined) this.#spans.delete(oldest)
  }

  #reported(trial: TrialRecord, report: StepReport, time: number): void {
    const span = this.#trials.get(trial.number)
    if (span === undefined) return
    this.#instruments.reports.add(1, this.#dimensions)
    span.report(report, time)
  }

  #improves(value: number | undefined): void {
    if (value !== undefined && Number.isFinite(value)) this.#instruments.best.record(value, this.#dimensions)
  }

  #fails(trial: TrialRecord, time: number): void {
    const span = this.#trials.get(trial.number)
    if (span === undefined) return
    this.#instruments.running.add(-1, this.#dimensions)
    this.#instruments.requeued.add(1, this.#dimensions)
    this.#instruments.duration.record(Math.max(0, time - span.began) / 1000, { ...this.#dimensions, 'attune.trial.state': 'requeued' })
    span.failed(trial, time)
  }

  #ends(trial: TrialRecord, time: number): void {
    const span = this.#trials.get(trial.number)
    if (span === undefined) return
    this.#trials.delete(trial.number)
    const dimensions = { ...this.#dimensions, 'attune.trial.state': trial.state }
    this.#instruments.ended.add(1, dimensions)
    if (span.running) {
      this.#instruments.running.add(-1, this.#dimensions)
      this.#instruments.duration.record(Math.max(0, time - span.began) / 1000, dimensions)
    }
    span.end(trial, time)
  }
}
