import type { Awaitable, Logger } from '@attune/core'
import { ConformanceError, ensureEqual, settles } from './check.ts'
import { plainStory, type Story } from './logger-stories.ts'
import { end, ensureKept, kept, type LoggerSubject, open, reported, send, text } from './logger-suite-support.ts'
import { caseMaker } from './subject.ts'
import type { SuiteCase } from './suite.ts'

/** Where a story is cut, for cases whose every run is dear. */
function cutsOf({ events }: Story): readonly number[] {
  return [1, 7, 13, 20, events.length - 1].filter((cut) => cut < events.length)
}

/** Fails unless the tracker has what a logger says that it has. */
async function ensureTrue(subject: LoggerSubject, story: Story, cursor: Logger['cursor'], when: string): Promise<void> {
  if (cursor === 'now') return
  const promised = reported({ ...story, events: story.events.filter(({ revision }) => revision <= cursor) })
  const there = new Set(await kept(subject, story, promised))
  ensureEqual(promised.map(text).filter((line) => !there.has(line)), [], `${when}, the cursor is ${cursor}. Reports up to it that the tracker has not kept`)
}

/** What loggers promise where processes end, or take a tracker over from each other: see `Logger` and `LoggerFactory.shared`. */
export function takeoverCases(setup: () => Awaitable<LoggerSubject>): readonly SuiteCase[] {
  const test = caseMaker(setup)

  /** Runs with a subject of its own for each place where a story is cut. */
  const atEachCut = (name: string, run: (subject: LoggerSubject, story: Story, cut: number) => Promise<void>): SuiteCase => ({
    name,
    run: async () => {
      const story = await plainStory()
      for (const cut of cutsOf(story)) await test('', (subject) => run(subject, story, cut)).run()
    },
  })

  /** Only frees the handles that a process would have freed by ending. */
  const free = (logger: Logger): Promise<unknown> => settles(Promise.allSettled([Promise.resolve().then(() => logger.close())]), 'close() of a logger that was left')

  return [
    atEachCut('never says that it has kept what it has not', async (subject, story, cut) => {
      const logger = await open(subject, story.context)
      if (logger.cursor === 'now') return end(logger)
      await send(logger, story.events.slice(0, cut))
      await ensureTrue(subject, story, logger.cursor, `After event ${cut}, without a flush`)
      const next = await open(subject, story.context)
      await ensureTrue(subject, story, next.cursor, `In a second process, when the first one has been given ${cut} events and not flushed`)
      await free(next)
      await free(logger)
    }),
    atEachCut('goes on where a process was killed: nothing is lost and nothing is stored twice', async (subject, story, cut) => {
      const killed = await open(subject, story.context)
      if (killed.cursor === 'now') return end(killed)
      await send(killed, story.events.slice(0, Math.ceil(cut / 2)))
      await settles(killed.flush(), 'flush()')
      await send(killed, story.events.slice(Math.ceil(cut / 2), cut), 0)
      const next = await open(subject, story.context)
      await send(next, story.events)
      await end(next)
      await ensureKept(subject, story, `After a kill behind event ${cut}`)
      await free(killed)
    }),
    atEachCut('stores nothing twice when two processes had it for a moment', async (subject, story, cut) => {
      const frozen = await open(subject, story.context)
      if (frozen.cursor === 'now') return end(frozen)
      await send(frozen, story.events.slice(0, cut))
      const next = await open(subject, story.context)
      await send(next, story.events)
      await settles(next.flush(), 'flush()')
      // It wakes up, and lets go.
      await free(frozen)
      await end(next)
      const last = await open(subject, story.context)
      await send(last, story.events)
      await end(last)
      await ensureKept(subject, story, `After a process that was frozen behind event ${cut} has woken up`)
    }),
    test('stores an event once that it is given twice', async (subject) => {
      const story = await plainStory()
      const logger = await open(subject, story.context)
      const { cursor } = logger
      if (cursor === 'now') return end(logger)
      // As a study does where the first call took too long.
      for (const event of story.events) await send(logger, [event, event], cursor)
      await end(logger)
      await ensureKept(subject, story, 'After each event was given twice')
    }),
    test('takes again what it wanted later', async (subject) => {
      const story = await plainStory()
      const logger = await open(subject, story.context)
      if (logger.cursor === 'now') return end(logger)
      const { outage } = subject
      if (outage === undefined) {
        await end(logger)
        throw new ConformanceError('Give `outage`, so that the tracker can be put out of reach, or exempt this case and say why.')
      }
      const middle = story.events.findIndex(({ type }, i) => i > story.events.length / 2 && type === 'trial.reported')
      await send(logger, story.events.slice(0, middle))
      await settles(logger.flush(), 'flush()')
      await settles(outage.begin(), 'outage.begin()')
      let next = middle
      for (const event of story.events.slice(middle)) {
        // Each again: a study asks more than once before the tracker is back.
        const answers = [await settles(logger.log(event), `log() of ${event.type} while the tracker cannot be reached`)]
        if (answers[0] === 'later') answers.push(await settles(logger.log(event), `log() of ${event.type}, again`))
        if (answers.includes('later')) break
        next++
      }
      await settles(outage.end(), 'outage.end()')
      await ensureTrue(subject, story, logger.cursor, 'While the tracker was out of reach')
      await send(logger, story.events.slice(next), 0)
      await end(logger)
      await ensureKept(subject, story, `After an outage from event ${middle} on, in which ${next - middle} were taken`)
    }),
  ]
}
