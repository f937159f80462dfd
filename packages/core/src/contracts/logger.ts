import type { StudyEvent } from './event.ts'
import type { SearchSpace } from './space.ts'
import type { StudySummary } from './storage.ts'
import type { TrialRecord } from './trial-record.ts'
import type { Awaitable } from './values.ts'

/** What a logger is told when its study is opened. */
export interface LoggerContext {
  readonly study: StudySummary
  /** The process that the logger runs in, as events name it. Those of other processes at the same study come too. */
  readonly owner: string
  /** The best trial so far by the first objective, if a study that is opened again has one. */
  readonly best?: TrialRecord
  /** The space now; for one defined by running it grows, so read it at each use. */
  readonly space: SearchSpace
}

/**
 * A sink for the events of one study. Events come one at a time in the order of the history; the next is
 * given when the last one's promise has settled, so a slow logger falls behind alone: trials never wait for it.
 * A call that rejects or outlasts its deadline is repeated a few times with the same event, then dropped
 * and counted as lost, with a warning.
 */
export interface Logger {
  /**
   * The revision up to which the tracker has kept every event, 0 for none: events up to it are not sent. Where it has kept an event
   * with `more` and not the next one, that is the revision before, and the logger leaves out what it has.
   * The others are sent first, read back from the storage. A logger without memory of its own (progress
   * on a terminal) answers `'now'` and gets only what happens from here on.
   */
  readonly cursor: number | 'now'
  log(event: StudyEvent): Awaitable<void>
  /** Resolves once everything logged so far is where it belongs. */
  flush(): Awaitable<void>
  /** Flushes and frees. Called once, last. */
  close(): Awaitable<void>
}

/** A description of a logger, as in `tensorboard({ logDir })`. */
export interface LoggerFactory {
  readonly specVersion: 'v1'
  readonly id: string
  /** A rejection becomes a warning of the study, which goes on without this logger. */
  create(context: LoggerContext): Awaitable<Logger>
}
