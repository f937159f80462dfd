import { type Awaitable, createStudy, float, int, maximize, type StudyEvent } from '@attune/core'
import { ensure, ensureEqual, equalData, rejection, settles, show } from './check.ts'
import { sharedStorage } from './drive.ts'
import { loggerContextOf, type TestLoggerContext } from './logger-context.ts'
import { correctedStory, eventfulStory, hostileStory, hostileTexts, plainStory, plainTraining, type Story } from './logger-stories.ts'
import { end, ensureKept, kept, type LoggerSubject, open, reported, send, text } from './logger-suite-support.ts'
import { takeoverCases } from './logger-suite-takeovers.ts'
import { caseMaker } from './subject.ts'
import { registerSuite, type SuiteCase, type SuiteOptions } from './suite.ts'

/** The context of a story, whose study has an id of its own. */
function named({ context }: Story): TestLoggerContext {
  return { ...context, study: { ...context.study, id: `id-${context.study.definition.name}` } }
}

/** The cases of `loggerSuite`, to run without vitest. */
export function loggerCases(setup: () => Awaitable<LoggerSubject>): readonly SuiteCase[] {
  const test = caseMaker(setup)

  /** Runs with subjects of their own, one after the other. */
  async function withSubjects<T>(items: readonly T[], run: (subject: LoggerSubject, item: T) => Promise<void>): Promise<void> {
    for (const item of items) await test('', (subject) => run(subject, item)).run()
  }

  return [
    test('says which contract it keeps', ({ factory }) => {
      const { specVersion, id } = factory()
      ensureEqual(specVersion, 'v1', 'specVersion')
      ensure(typeof id === 'string' && id !== '', 'id must be a name.')
    }),
    test('has kept nothing at first', async (subject) => {
      const logger = await open(subject, (await plainStory()).context)
      ensure(logger.cursor === 0 || logger.cursor === 'now', () => `The cursor of a new tracker is ${show(logger.cursor)}: it has kept nothing, so it must be 0, or 'now' for a logger without memory.`)
      await end(logger)
    }),
    test('takes every type of event', async (subject) => {
      for (const story of [eventfulStory, correctedStory]) {
        const { context, events } = await story()
        const logger = await open(subject, context)
        const before = events.map((event) => JSON.stringify(event))
        await send(logger, events)
        await end(logger)
        ensure(equalData(events.map((event) => JSON.stringify(event)), before), 'log() changed an event: others are given the same one.')
      }
    }),
    test('keeps every report', async (subject) => {
      const story = await plainStory()
      const logger = await open(subject, story.context)
      await send(logger, story.events)
      await end(logger)
      await ensureKept(subject, story, 'After all events')
    }),
    test('keeps reports in their order', async (subject) => {
      const story = await plainStory()
      const logger = await open(subject, story.context)
      await send(logger, story.events)
      await end(logger)
      const expected = reported(story)
      const keptNow = await kept(subject, story, expected)
      for (const series of new Set(expected.map(({ trial, metric }) => `trial ${trial} ${metric} `))) {
        const inOrder = expected.map(text).filter((line) => line.startsWith(series))
        ensureEqual(keptNow.filter((line) => line.startsWith(series)), inOrder, 'One series')
      }
    }),
    test('writes everything when it is closed without a flush', async (subject) => {
      const story = await plainStory()
      const logger = await open(subject, story.context)
      await send(logger, story.events)
      await settles(logger.close(), 'close()')
      await ensureKept(subject, story, 'After close()')
    }),
    test('can be flushed at any time', async (subject) => {
      const { context, events } = await plainStory()
      const logger = await open(subject, context)
      await settles(logger.flush(), 'flush() before any event')
      for (const event of events) {
        await send(logger, [event])
        await settles(logger.flush(), 'flush()')
        await settles(logger.flush(), 'flush() with nothing new')
      }
      await end(logger)
    }),
    test('can be closed without an event', async (subject) => {
      await settles((await open(subject, (await plainStory()).context)).close(), 'close()')
    }),
    test('knows after a restart what it has kept', async (subject) => {
      const { context, events } = await plainStory()
      const first = await open(subject, context)
      if (first.cursor === 'now') return end(first)
      await send(first, events)
      await end(first)
      const second = await open(subject, context)
      ensureEqual(second.cursor, events.at(-1)?.revision, 'The cursor after a restart, with everything kept')
      await end(second)
    }),
    {
      name: 'neither loses nor doubles a report over a restart after any event',
      run: async () => {
        const story = await plainStory()
        const cuts = story.events.map((_, i) => i).filter((i) => i > 0)
        await withSubjects(cuts, async (subject, cut) => {
          const first = await open(subject, story.context)
          if (first.cursor === 'now') return end(first)
          await send(first, story.events.slice(0, cut))
          await end(first)
          const second = await open(subject, story.context)
          await send(second, story.events)
          await end(second)
          await ensureKept(subject, story, `After a restart before event ${cut} (${story.events[cut]?.type})`)
        })
      },
    },
    {
      name: 'neither loses nor doubles a report when it is flushed and never closed',
      run: async () => {
        const story = await plainStory()
        await withSubjects([1, 5, 12, 20].map((cut) => Math.min(cut, story.events.length)), async (subject, cut) => {
          const lost = await open(subject, story.context)
          if (lost.cursor === 'now') return end(lost)
          await send(lost, story.events.slice(0, cut))
          await settles(lost.flush(), 'flush()')
          await ensureKept(subject, story, `After flush() behind event ${cut}`, reported({ ...story, events: story.events.slice(0, cut) }))
          const second = await open(subject, story.context)
          await send(second, story.events)
          await end(second)
          await ensureKept(subject, story, `After a stop without close() behind event ${cut}`)
          // Only frees the handles that a process would have freed by ending.
          await settles(Promise.allSettled([Promise.resolve().then(() => lost.close())]), 'close() of the first logger')
        })
      },
    },
    test('keeps two studies apart', async (subject) => {
      const stories = [await plainStory('one'), await plainStory('two')] as const
      for (const story of stories) {
        const logger = await open(subject, named(story))
        ensure(logger.cursor === 0 || logger.cursor === 'now', 'The cursor is that of another study.')
        await send(logger, story.events)
        await end(logger)
      }
      for (const story of stories) await ensureKept(subject, { ...story, context: named(story) }, `Study ${story.context.study.definition.name}`)
    }),
    {
      name: 'stands hostile names and values',
      run: async () =>
        withSubjects(hostileTexts, async (subject, name) => {
          const story = await hostileStory(name)
          const logger = await open(subject, story.context)
          await send(logger, story.events)
          await end(logger)
          if (logger.cursor === 'now') return
          const plain = reported(story).filter(({ metric }) => metric === 'accuracy')
          await ensureKept(subject, story, `A study named ${show(name)}`, plain)
        }),
    },
    test('says so when its tracker cannot be written', async ({ unwritable }) => {
      ensure(unwritable !== undefined, 'Give `unwritable`, a logger whose tracker cannot be written, or exempt this case and say why.')
      const { context, events } = await plainStory()
      await rejection(async () => {
        const logger = await unwritable().create(context)
        try {
          await send(logger, events)
          await logger.flush()
        } finally {
          await logger.close()
        }
      }, 'Logging to a tracker that cannot be written')
    }),
    test('follows a real study, over a restart', async (subject) => {
      const storage = sharedStorage()
      for (const trials of [2, 4]) {
        const study = await createStudy({ name: 'followed', storage, seed: 3, ifExists: 'resume', objective: maximize('accuracy'), space: { rate: float(0, 1), units: int(1, 8) }, loggers: [subject.factory()] })
        await study.optimize(plainTraining, { trials })
        await study.close()
      }
      await ensureFollowed(subject, storage)
    }),
    test('catches up with a study that ran without it', async (subject) => {
      const storage = sharedStorage()
      const options = { name: 'followed', storage, seed: 3, ifExists: 'resume', objective: maximize('accuracy'), space: { rate: float(0, 1), units: int(1, 8) } } as const
      const before = await createStudy(options)
      await before.optimize(plainTraining, { trials: 3 })
      await before.close()
      const study = await createStudy({ ...options, loggers: [subject.factory()] })
      await study.close()
      const probe = await open(subject, loggerContextOf(study))
      const { cursor } = probe
      await end(probe)
      if (cursor !== 'now') await ensureFollowed(subject, storage)
    }),
    ...takeoverCases(setup),
  ]
}

/** Fails unless the tracker has every report of the study named "followed", and the study has nothing to complain of. */
async function ensureFollowed(subject: LoggerSubject, storage: ReturnType<typeof sharedStorage>): Promise<void> {
  const study = await createStudy({ name: 'followed', storage, seed: 3, ifExists: 'resume', objective: maximize('accuracy'), space: { rate: float(0, 1), units: int(1, 8) } })
  const events: StudyEvent[] = []
  for await (const event of study.events()) events.push(event)
  const warnings = events.flatMap((event) => (event.type === 'warning' ? [event.message] : []))
  ensureEqual(warnings, [], 'Warnings of the study')
  await ensureKept(subject, { context: loggerContextOf(study), events }, 'A real study')
  await study.close()
}

/**
 * Registers the conformance tests of a logger with vitest. `setup` gives a logger on an empty tracker for each case,
 * and within a case for each of several runs.
 */
export function loggerSuite(name: string, setup: () => Awaitable<LoggerSubject>, options: SuiteOptions = {}): void {
  registerSuite(name, loggerCases(setup), options)
}
