import type { Logger, LoggerFactory, StudyEvent, StudySummary } from '@attune/core'
import type { KeptMetric, LoggerSubject } from '../logger-suite-support.ts'

interface Entry extends KeptMetric {
  readonly study: string
}

/** Where a logger writes: what a process leaves behind, and a cursor for each study. */
export interface Tracker {
  readonly entries: Entry[]
  readonly cursors: Pick<Map<string, number>, 'get' | 'set'>
  /** True while it cannot be reached. */
  away?: boolean
}

export function emptyTracker(): Tracker {
  return { entries: [], cursors: new Map() }
}

/** Events that a logger keeps for a tracker that is away. */
const mostPending = 3

/** A logger that keeps reports in a tracker when it is flushed, as simple as can be. */
export function plainLogger(tracker: Tracker, study: StudySummary): Logger {
  const key = keyOf(study)
  const pending: StudyEvent[] = []
  let kept = tracker.cursors.get(key) ?? 0
  const flush = (): void => {
    if (tracker.away === true) throw new Error('The tracker cannot be reached.')
    const known = new Set(tracker.entries.map(entryKey))
    for (const event of pending) tracker.entries.push(...entriesOf(event, key).filter((entry) => !known.has(entryKey(entry))))
    const last = pending.at(-1)
    kept = Math.max(kept, tracker.cursors.get(key) ?? 0, last === undefined ? 0 : last.more === true ? last.revision - 1 : last.revision)
    pending.length = 0
    tracker.cursors.set(key, kept)
  }
  return {
    get cursor() {
      return kept
    },
    log(event) {
      if (tracker.away === true && pending.length >= mostPending) return 'later'
      if (!pending.includes(event)) pending.push(event)
      return undefined
    },
    flush,
    close: flush,
  }
}

function keyOf({ id, definition }: StudySummary): string {
  return `${definition.name} ${id}`
}

/** What a logger does that takes each event for a new one. */
function appending(tracker: Tracker, study: StudySummary): Pick<Logger, 'log' | 'flush' | 'close'> {
  const key = keyOf(study)
  const pending: StudyEvent[] = []
  const flush = (): void => {
    tracker.entries.push(...pending.flatMap((event) => entriesOf(event, key)))
    tracker.cursors.set(key, Math.max(tracker.cursors.get(key) ?? 0, pending.at(-1)?.revision ?? 0))
    pending.length = 0
  }
  return { log: (event) => void pending.push(event), flush, close: flush }
}

/** What is one value to a tracker, however often it is sent. */
function entryKey({ study, trial, metric, step }: Entry): string {
  return JSON.stringify([study, trial, metric, step])
}

function entriesOf(event: StudyEvent, study: string): readonly Entry[] {
  if (event.type !== 'trial.reported') return []
  const { trial, report } = event
  return Object.entries(report.metrics).map(([metric, value]) => ({ study, trial: trial.number, metric, step: report.step, value }))
}

type Create = (tracker: Tracker, study: StudySummary) => Logger

/** A subject around a logger that may be broken. */
export function loggerSubject(create: Create = plainLogger): LoggerSubject {
  const tracker = emptyTracker()
  const describe = (make: (study: StudySummary) => Logger): LoggerFactory => ({ specVersion: 'v1', id: 'plain', create: ({ study }) => make(study) })
  return {
    factory: () => describe((study) => create(tracker, study)),
    read: (study) => tracker.entries.filter((entry) => entry.study === `${study.definition.name} ${study.id}`),
    unwritable: () =>
      describe((study) => {
        const full = (): never => {
          throw new Error('The tracker is full: make room, or log elsewhere.')
        }
        return { ...create(emptyTracker(), study), flush: full, close: full }
      }),
    outage: { begin: () => void (tracker.away = true), end: () => void (tracker.away = false) },
  }
}

/** A plain logger with some members replaced. */
function twin(change: (plain: Logger, tracker: Tracker, study: StudySummary) => Partial<Logger>): () => LoggerSubject {
  return () =>
    loggerSubject((tracker, study) => {
      const plain = plainLogger(tracker, study)
      // A cursor that moves stays one.
      return Object.defineProperties({}, { ...Object.getOwnPropertyDescriptors(plain), ...Object.getOwnPropertyDescriptors(change(plain, tracker, study)) }) as Logger
    })
}

interface Broken {
  readonly what: string
  readonly setup: () => LoggerSubject
  /** Names of the cases that must notice. Others may fail too. */
  readonly fails: readonly string[]
}

/** Loggers that each break one promise: the suite must notice every one. */
export const brokenLoggers: readonly Broken[] = [
  {
    what: 'forgets its cursor',
    setup: twin(() => ({ cursor: 0 })),
    fails: ['knows after a restart what it has kept'],
  },
  {
    what: 'appends whatever it is given again',
    setup: twin((_plain, tracker, study) => appending(tracker, study)),
    fails: ['stores nothing twice when two processes had it for a moment', 'stores an event once that it is given twice'],
  },
  {
    what: 'appends, and forgets its cursor',
    setup: twin((_plain, tracker, study) => ({ ...appending(tracker, study), cursor: 0 })),
    fails: ['neither loses nor doubles a report over a restart after any event', 'follows a real study, over a restart', 'goes on where a process was killed: nothing is lost and nothing is stored twice'],
  },
  {
    what: 'says that it has kept what it was only given',
    setup: twin((plain) => {
      let seen = plain.cursor
      return {
        get cursor() {
          return seen
        },
        log(event) {
          seen = event.revision
          return plain.log(event)
        },
      }
    }),
    fails: ['never says that it has kept what it has not'],
  },
  {
    what: 'writes its cursor down before what it is a cursor of',
    setup: twin((plain, tracker, study) => ({
      log(event) {
        tracker.cursors.set(keyOf(study), event.revision)
        return plain.log(event)
      },
    })),
    fails: ['never says that it has kept what it has not', 'goes on where a process was killed: nothing is lost and nothing is stored twice'],
  },
  {
    what: 'drops what it has no room for while its tracker is away',
    setup: twin((plain) => ({
      async log(event) {
        await plain.log(event)
      },
    })),
    fails: ['takes again what it wanted later'],
  },
  {
    what: 'takes what it says it wants later, and appends it twice',
    setup: twin((_plain, tracker, study) => {
      const { log, ...rest } = appending(tracker, study)
      return {
        ...rest,
        async log(event) {
          await log(event)
          return tracker.away === true ? 'later' : undefined
        },
      }
    }),
    fails: ['takes again what it wanted later'],
  },
  {
    what: 'moves its cursor before it has written',
    setup: twin((plain, tracker, study) => ({
      log: async (event) => {
        tracker.cursors.set(keyOf(study), event.revision + 1)
        await plain.log(event)
      },
      flush: () => {
        // Writes one revision too far.
        const key = keyOf(study)
        const ahead = (tracker.cursors.get(key) ?? 0) + 1
        void plain.flush()
        tracker.cursors.set(key, ahead)
      },
      close: () => {
        const key = keyOf(study)
        void plain.close()
        tracker.cursors.set(key, (tracker.cursors.get(key) ?? 0) + 1)
      },
    })),
    fails: ['knows after a restart what it has kept', 'neither loses nor doubles a report over a restart after any event'],
  },
  {
    what: 'drops what was not flushed when it is closed',
    setup: twin(() => ({ close: () => undefined })),
    fails: ['writes everything when it is closed without a flush'],
  },
  {
    what: 'writes at close alone',
    setup: twin(() => ({ flush: () => undefined })),
    fails: ['neither loses nor doubles a report when it is flushed and never closed'],
  },
  {
    what: 'keeps one metric of each report',
    setup: twin((plain) => ({
      log: (event) => {
        if (event.type !== 'trial.reported') return plain.log(event)
        const [first] = Object.entries(event.report.metrics)
        return plain.log({ ...event, report: { ...event.report, metrics: first === undefined ? {} : { [first[0]]: first[1] } } })
      },
    })),
    fails: ['keeps every report'],
  },
  {
    what: 'writes the newest first',
    setup: twin((plain, tracker) => ({
      flush: async () => {
        const before = tracker.entries.length
        await plain.flush()
        tracker.entries.push(...tracker.entries.splice(before).reverse())
      },
    })),
    fails: ['keeps reports in their order'],
  },
  {
    what: 'knows only some types of events',
    setup: twin((plain) => ({
      log: (event) => {
        if (event.type === 'trial.paused' || event.type === 'space.extended') throw new Error(`There is no event ${event.type}.`)
        return plain.log(event)
      },
    })),
    fails: ['takes every type of event'],
  },
  {
    what: 'cannot stand NaN',
    setup: twin((plain) => ({
      log: (event) => {
        if (event.type === 'trial.reported' && Object.values(event.report.metrics).some(Number.isNaN)) throw new Error('A value is not a number.')
        return plain.log(event)
      },
    })),
    fails: ['stands hostile names and values'],
  },
  {
    what: 'uses the name of the study as a path',
    setup: twin((plain, _tracker, study) => ({
      log: (event) => {
        if (/[\\/]|^\.+$/.test(study.definition.name)) throw new Error('No such directory.')
        return plain.log(event)
      },
    })),
    fails: ['stands hostile names and values'],
  },
  {
    what: 'mixes up studies',
    setup: () => {
      let last: number | undefined
      const cursors = { get: () => last, set: (_study: string, revision: number) => new Map([['', (last = revision)]]) }
      return loggerSubject(({ entries }, study) => plainLogger({ entries, cursors }, study))
    },
    fails: ['keeps two studies apart'],
  },
  {
    what: 'says nothing when nothing can be written',
    setup: () => ({ ...loggerSubject(), unwritable: () => ({ specVersion: 'v1', id: 'plain', create: ({ study }) => plainLogger(emptyTracker(), study) }) }),
    fails: ['says so when its tracker cannot be written'],
  },
  {
    what: 'rejects what it is given before it is ready',
    setup: twin((plain) => {
      let events = 0
      return {
        log: async (event) => {
          if (events++ === 0) throw new Error('The tracker is not ready yet.')
          await plain.log(event)
        },
      }
    }),
    fails: ['takes every type of event', 'keeps every report'],
  },
]
