import type { Awaitable, Logger, LoggerContext, LoggerFactory, StudyEvent, StudySummary } from '@attune/core'
import { ConformanceError, ensureEqual, hangDeadline, settles } from './check.ts'
import type { Story } from './logger-stories.ts'
import type { Subject } from './subject.ts'

/** One value of one metric that the tracker has kept. */
export interface KeptMetric {
  readonly trial: number
  readonly metric: string
  readonly step: number
  readonly value: number
}

/** A logger whose tracker has kept nothing yet. */
export interface LoggerSubject extends Subject {
  /** A new description of a logger on the same tracker: called again after each restart. */
  readonly factory: () => LoggerFactory
  /** Everything that the tracker has kept of the reports of a study, in its order. */
  readonly read?: (study: StudySummary) => Awaitable<readonly KeptMetric[]>
  /** A logger whose tracker cannot be written. */
  readonly unwritable?: () => LoggerFactory
  /** Puts the tracker out of reach, and back. */
  readonly outage?: { readonly begin: () => Awaitable<void>; readonly end: () => Awaitable<void> }
}

export async function open({ factory }: LoggerSubject, context: LoggerContext): Promise<Logger> {
  return settles(factory().create(context), 'create()')
}

/** Gives a logger what a study would give it: the events after a revision, one at a time, each again for as long as the logger wants it later. */
export async function send(logger: Logger, events: readonly StudyEvent[], after: Logger['cursor'] = logger.cursor): Promise<void> {
  for (const event of events) {
    if (after === 'now' || event.revision > after) await settles(give(logger, event), `log() of ${event.type}`, 2 * hangDeadline)
  }
}

async function give(logger: Logger, event: StudyEvent): Promise<void> {
  for (let waited = 0; (await logger.log(event)) === 'later'; waited += 10) {
    if (waited > hangDeadline) throw new ConformanceError(`The logger has wanted a ${event.type} later for ${hangDeadline / 1000} s.`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

export async function end(logger: Logger): Promise<void> {
  await settles(logger.flush(), 'flush()')
  await settles(logger.close(), 'close()')
}

/** What the tracker must have kept of a story: each metric of each report once. */
export function reported({ events }: Story): readonly KeptMetric[] {
  return events.flatMap((event) =>
    event.type === 'trial.reported' ? Object.entries(event.report.metrics).map(([metric, value]) => ({ trial: event.trial.number, metric, step: event.report.step, value })) : [],
  )
}

/** A line for one value. */
export const text = ({ trial, metric, step, value }: KeptMetric): string => `trial ${trial} ${metric} step ${step}: ${Object.is(value, -0) ? '-0' : value}`

/** What the tracker has kept of the metrics of a story, in its order; other series of its own do not count. */
export async function kept({ read }: LoggerSubject, { context }: Story, expected: readonly KeptMetric[]): Promise<readonly string[]> {
  if (read === undefined) throw new ConformanceError('Give `read`, so that it can be shown what the tracker has kept, or exempt this case and say why.')
  const series = new Set(expected.map(({ trial, metric }) => `${trial} ${metric}`))
  return (await read(context.study)).filter(({ trial, metric }) => series.has(`${trial} ${metric}`)).map(text)
}

export async function ensureKept(subject: LoggerSubject, story: Story, what: string, expected: readonly KeptMetric[] = reported(story)): Promise<void> {
  ensureEqual([...(await kept(subject, story, expected))].sort(), expected.map(text).sort(), `${what}: what the tracker has kept of the reports`)
}
