import { SpanStatusCode, trace } from '@opentelemetry/api'
import type { Attributes, Context, Span, SpanContext, Tracer } from '@opentelemetry/api'
import type { StepReport, TrialRecord } from '@attune/core'
import { endAttributes, exceptionOf, reportAttributes, startAttributes } from './attributes.ts'

/** What a span of a trial needs to know. Times are milliseconds since the epoch. */
export interface TrialSpanStart {
  readonly tracer: Tracer
  readonly parent: Context
  readonly attributes: Attributes
  readonly links: readonly SpanContext[]
  readonly trial: TrialRecord
  readonly time: number
  /** Reports that become events of the span. */
  readonly reports: number
}

/** The span of a trial from its start until it ends or pauses here, with a span for each attempt where there are several. */
export class TrialSpan {
  readonly #start: TrialSpanStart
  readonly #span: Span
  #attemptBegan: number
  #attempt: number
  #running = true
  #retried = false
  #reports = 0

  constructor(start: TrialSpanStart) {
    const { tracer, parent, attributes, links, trial, time } = start
    this.#start = start
    this.#attemptBegan = time
    this.#attempt = trial.attempt
    this.#span = tracer.startSpan('attune.trial', { startTime: new Date(time), attributes: { ...attributes, ...startAttributes(trial) }, links: links.map((context) => ({ context })) }, parent)
  }

  get context(): SpanContext {
    return this.#span.spanContext()
  }

  /** False while it waits for another attempt. */
  get running(): boolean {
    return this.#running
  }

  /** When the attempt began. */
  get began(): number {
    return this.#attemptBegan
  }

  report({ step, metrics }: StepReport, time: number): void {
    if (++this.#reports <= this.#start.reports && this.#span.isRecording()) this.#span.addEvent('attune.report', reportAttributes(step, metrics), new Date(time))
  }

  /** The attempt failed, and another follows. */
  failed(trial: TrialRecord, time: number): void {
    this.#retried = true
    this.#running = false
    this.#attemptSpan(time, trial.earlierFailures.at(-1))
  }

  again(trial: TrialRecord, time: number): void {
    this.#attemptBegan = time
    this.#attempt = trial.attempt
    this.#running = true
  }

  /** The trial ended or paused. */
  end(trial: TrialRecord, time: number): void {
    if (this.#retried && this.#running) this.#attemptSpan(time, trial.failure)
    this.#running = false
    const span = this.#span
    if (span.isRecording()) {
      span.setAttributes(endAttributes(trial))
      if (trial.failure !== undefined) {
        span.recordException(exceptionOf(trial.failure), new Date(time))
        span.setStatus({ code: SpanStatusCode.ERROR, message: trial.failure.message })
      }
    }
    span.end(new Date(time))
  }

  /** It goes on elsewhere, or nobody knows. */
  leave(state: string, time: number): void {
    this.#running = false
    this.#span.setAttribute('attune.trial.state', state)
    this.#span.end(new Date(time))
  }

  /** Made when the attempt is over: before, nobody knows that there will be several. */
  #attemptSpan(time: number, failure: TrialRecord['failure']): void {
    const { tracer, parent, attributes, trial } = this.#start
    const span = tracer.startSpan(
      'attune.attempt',
      { startTime: new Date(this.#attemptBegan), attributes: { ...attributes, 'attune.trial.number': trial.number, 'attune.trial.attempt': this.#attempt } },
      trace.setSpan(parent, this.#span),
    )
    if (failure !== undefined) {
      span.recordException(exceptionOf(failure), new Date(time))
      span.setStatus({ code: SpanStatusCode.ERROR, message: failure.message })
    }
    span.end(new Date(time))
  }
}
