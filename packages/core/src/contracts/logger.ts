import type { StudyEvent } from './event.ts'
import type { SearchSpace } from './space.ts'
import type { StudySummary } from './storage.ts'
import type { ArtifactReference, TrialRecord } from './trial-record.ts'
import type { Awaitable, Json } from './values.ts'

/** The study as this process knows it at the moment of reading: at least as far as the event that is logged, perhaps further. */
export interface LoggerView {
  /** The name may change: `LoggerContext.study` is as it was at the start. */
  readonly study: StudySummary
  /** The complete, feasible trial with the best value of the first objective. */
  readonly best: TrialRecord | undefined
  readonly attributes: { readonly [key: string]: Json }
  readonly artifacts: { readonly [name: string]: ArtifactReference }
  /** Throws TRIAL_NOT_FOUND. */
  trial(number: number): TrialRecord
  /** By number. */
  trials(): readonly TrialRecord[]
}

/** What a logger is told when its study is opened. */
export interface LoggerContext {
  readonly study: StudySummary
  /** The process that the logger runs in, as events name it. Those of other processes at the same study come too. */
  readonly owner: string
  /** The space now; for one defined by running it grows, so read it at each use. */
  readonly space: SearchSpace
  readonly view: LoggerView
  /** True if the storage outlives the process: what a logger has not kept, it is given again at the next start. */
  readonly persistent: boolean
  /** Reads an artefact; undefined if its bytes are lost, or the study was opened without an artefact store. */
  artifact(reference: ArtifactReference): Promise<Uint8Array | undefined>
  /** Says something that the user should know: a warning event in the name of the logger. Each message once. */
  warn(message: string): void
}

/**
 * A sink for the events of one study. Events come one at a time in the order of the history; the next is
 * given when the last one's promise has settled, so a slow logger falls behind alone: trials never wait for it.
 *
 * A call that answers `'later'` is repeated with the same event, after pauses of 1 to 30 seconds, for as long as the study is open: that is
 * the answer of a logger whose tracker cannot be reached and whose queue is full. Meanwhile events are not kept in memory beyond
 * 10,000, but read back from the storage. Where somebody waits for the logger (the end of `optimize`, `close`), it is
 * asked ten times a second, and flushed, for ten seconds at most: a `flush` that rejects ends the wait.
 *
 * A call that rejects or outlasts 30 seconds is taken as the event's own fault: it is repeated twice, then the event is dropped and counted as
 * lost, with a warning.
 */
export interface Logger {
  /**
   * The revision up to which the tracker has kept every event, 0 for none: events up to it are not sent. Where it has kept an event
   * with `more` and not the next one, that is the revision before, and the logger leaves out what it has.
   * The others are sent first, read back from the storage. A logger without memory of its own (progress
   * on a terminal) answers `'now'` and gets only what happens from here on.
   *
   * Read when the logger begins, and again after `close`: a getter that moves tells what was not kept by then, which is what the user
   * is warned of. A value that stays is believed where `flush` resolves.
   */
  readonly cursor: number | 'now'
  log(event: StudyEvent): Awaitable<void | 'later'>
  /**
   * Resolves once everything logged so far is where it belongs. `'later'`: not yet, though it moves on. At the end of a study that is
   * kept in memory alone it is called again then, for a minute at most, because what is not sent then is lost.
   */
  flush(): Awaitable<void | 'later'>
  /** Flushes and frees. Called once, last. */
  close(): Awaitable<void>
}

/** A description of a logger, as in `tensorboard({ logDir })`. */
export interface LoggerFactory {
  readonly specVersion: 'v1'
  /** Names the logger in warnings, and what processes share: loggers of one id that are `shared` log to one tracker. Another tracker needs another id: `{ ...mlflow(), id: 'mlflow-lab' }`. */
  readonly id: string
  /**
   * True if all processes of a study log to the same tracker: then only one of them has a logger at a time, the one that has had the
   * study open for longest with a logger of this id. When it closes the study, dies or has a trial taken from it, the next one creates its
   * logger, which goes on from the cursor: what it is given the other one may have written already, and writes at the same moment if it was only
   * frozen. So every write must be one that may be repeated, and `cursor` a revision: `'now'` leaves out what happens between the two.
   * Default: each process has a logger, which gets the events of all.
   */
  readonly shared?: true
  /** A rejection, and an answer later than after 30 seconds, becomes a warning of the study, which goes on without this logger: one that is shared is left to the next process. */
  create(context: LoggerContext): Awaitable<Logger>
}
