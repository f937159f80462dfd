import type { LoggerFactory, StudyEvent } from '@attune/core'
import { describe, expect, it } from 'vitest'
import { brokenLoggers, loggerSubject } from './broken/loggers.test-support.ts'
import { correctedStory, eventfulStory } from './logger-stories.ts'
import { loggerCases, loggerSuite } from './logger-suite.ts'
import { failingCases } from './suite.ts'

loggerSuite('a plain logger', () => loggerSubject())

/** A logger without memory, as progress on a terminal is. */
const forgetful: LoggerFactory = { specVersion: 'v1', id: 'forgetful', create: () => ({ cursor: 'now', log: () => undefined, flush: () => undefined, close: () => undefined }) }
const shown = 'It shows events and keeps none.'
loggerSuite('a logger without memory', () => ({ factory: () => forgetful }), {
  exempt: {
    'keeps every report': shown,
    'keeps reports in their order': shown,
    'writes everything when it is closed without a flush': shown,
    'keeps two studies apart': shown,
    'says so when its tracker cannot be written': shown,
    'follows a real study, over a restart': shown,
  },
})

describe('the logger suite rejects a logger that', () => {
  for (const { what, setup, fails } of brokenLoggers) {
    it(what, async () => {
      const failures = await failingCases(loggerCases(setup))
      expect([...failures.keys()]).toEqual(expect.arrayContaining([...fails]))
    })
  }
})

describe('the stories of everything', () => {
  it('have every type of event', async () => {
    const expected: { readonly [type in StudyEvent['type']]: true } = {
      'study.opened': true,
      'study.resumed': true,
      'study.started': true,
      'study.stopped': true,
      'trial.asked': true,
      'trial.started': true,
      'trial.paused': true,
      'trial.resumed': true,
      'trial.completed': true,
      'trial.pruned': true,
      'trial.failed': true,
      'trial.requeued': true,
      'trial.reported': true,
      'trial.amended': true,
      'checkpoint.saved': true,
      'best.improved': true,
      'artifact.added': true,
      'attribute.set': true,
      'space.extended': true,
      'space.revised': true,
      'study.copied': true,
      'study.merged': true,
      'study.renamed': true,
      remark: true,
      warning: true,
    }
    const events = [...(await eventfulStory()).events, ...(await correctedStory()).events]
    expect([...new Set(events.map(({ type }) => type))].sort()).toEqual(Object.keys(expected).sort())
  })
})
