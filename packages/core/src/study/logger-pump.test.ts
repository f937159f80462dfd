import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { tokens } from '../container/tokens.ts'
import type { StudyEvent } from '../contracts/event.ts'
import type { Logger, LoggerContext, LoggerFactory } from '../contracts/logger.ts'
import type { Storage } from '../contracts/storage.ts'
import { float } from '../space/builders.ts'
import { MemoryStorage } from '../storage/memory-storage.ts'
import { systemClock } from '../system.ts'
import { VirtualClock } from '../virtual-clock.test-support.ts'
import { createStudy } from './create-study.ts'
import { LoggerPump } from './logger-pump.ts'
import type { Study } from './study.ts'
import { pass, wired } from './whole-study.test-support.ts'

const space = { x: float(0, 1) }

function factory(logger: Partial<Logger> & Pick<Logger, 'log'>): LoggerFactory {
  return { specVersion: 'v1', id: 'test', create: () => ({ cursor: 0, flush() {}, close() {}, ...logger }) }
}

async function warnings(study: Study<never> | Study<{ readonly x: number }>): Promise<string[]> {
  const found: string[] = []
  for await (const event of study.events()) if (event.type === 'warning') found.push(event.message)
  return found
}

const hangs = (): Promise<void> => new Promise(() => undefined)
const throws = (): never => {
  throw new Error('disk full')
}
const badLoggers: { readonly [name: string]: LoggerFactory } = {
  'hangs at events': factory({ log: hangs }),
  'hangs at every call': factory({ log: hangs, flush: hangs, close: hangs }),
  'throws at every call': factory({ log: throws, flush: throws, close: throws }),
}

/** What is wrong with the course of a study of five trials with this logger, in virtual time. */
async function harmBy(logger: LoggerFactory, storage: Storage = new MemoryStorage(systemClock)): Promise<readonly string[]> {
  const clock = new VirtualClock()
  const study = await createStudy({ storage, space, seed: 1, loggers: [logger], use: [{ register: (registry) => registry.value(tokens.clock, clock) }] })
  const harm: string[] = []
  const timed = async (what: string, limit: number, work: Promise<unknown>): Promise<void> => {
    const start = clock.now()
    await pass(clock, work).catch((error: unknown) => harm.push(`${what}: ${(error as Error).message}`))
    if (clock.now() - start > limit) harm.push(`${what} took more than ${limit} ms.`)
  }
  const ends: number[] = []
  const start = clock.now()
  study.on(({ type }) => type === 'trial.completed' && ends.push(clock.now() - start))
  // Both give the logger ten seconds to catch up, and closing ten more to close. The rest is turns of the event loop.
  await timed('optimize', 11_000, study.optimize(() => 1, { trials: 5 }))
  await timed('close', 21_000, study.close())
  if (ends.length !== 5 || ends.some((end) => end > 1000)) harm.push(`Trials ended after ${ends.join(', ') || 'no'} ms.`)
  return harm
}

describe('a logger', () => {
  it('P13: a logger reads back what it has missed by its cursor: nothing is lost, nothing doubled', async () => {
    const storage = new MemoryStorage(systemClock)
    const kept: StudyEvent[] = []
    const logger: LoggerFactory = { specVersion: 'v1', id: 'test', create: () => ({ cursor: kept.at(-1)?.revision ?? 0, log: (event) => void kept.push(event), flush() {}, close() {} }) }
    for (const [trials, loggers] of [[3, []], [5, [logger]], [7, []], [9, [logger]]] as const) {
      const study = await createStudy({ storage, space, seed: 1, loggers, ifExists: 'resume' })
      await study.optimize(() => 1, { trials })
      await study.close()
    }
    const revisions = kept.map(({ revision, type }) => `${revision} ${type}`)
    expect(new Set(revisions).size).toBe(revisions.length)
    expect(kept.filter(({ type }) => type === 'trial.completed').map((event) => 'trial' in event && event.trial.number)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8])
    expect(kept.map(({ revision }) => revision)).toEqual(kept.map(({ revision }) => revision).sort((a, b) => a - b))
  })

  it('P13: a logger gets every event once also where the history cannot be read back for a while', async () => {
    const memory = new MemoryStorage(systemClock)
    const first = await createStudy({ storage: memory, space, seed: 1 })
    await first.optimize(() => 1, { trials: 3 })
    await first.close()
    const clock = new VirtualClock()
    let reads = 0
    const storage = new Proxy(memory, { get(target, key) {
      const value: unknown = Reflect.get(target, key, target)
      if (typeof value !== 'function') return value
      return (...args: unknown[]): unknown => {
        // The replay of the first study fails after its first page, with all its repetitions.
        if (key === 'changesSince' && pageSize !== undefined && ++reads > 1 && reads <= 5) throw new Error('connection reset')
        const answer: unknown = Reflect.apply(value, target, key === 'changesSince' && pageSize !== undefined ? [args[0], args[1], pageSize] : args)
        return answer
      }
    } })
    let pageSize: number | undefined
    const kept: string[] = []
    const logger: LoggerFactory = { specVersion: 'v1', id: 'test', create: () => {
      pageSize = 4
      return { cursor: 0, log: (event) => void kept.push(`${event.revision} ${event.type}`), flush() {}, close() {} }
    } }
    const opening = createStudy({ storage, space, seed: 1, loggers: [logger], ifExists: 'resume', use: [{ register: (registry) => registry.value(tokens.clock, clock) }] })
    const study = await pass(clock, opening)
    await pass(clock, study.optimize(() => 1, { trials: 5 }))
    await pass(clock, study.close())
    expect(reads).toBeGreaterThan(5)
    const again = await createStudy({ storage: memory, space, seed: 1, ifExists: 'resume' })
    const told: string[] = []
    for await (const event of again.events()) told.push(`${event.revision} ${event.type}`)
    const last = Number(kept.at(-1)!.split(' ')[0])
    expect(kept).toEqual(told.filter((event) => Number(event.split(' ')[0]) <= last))
    expect(kept.filter((event) => event.endsWith('trial.completed')).length).toBe(5)
  })

  it('P13: a logger that is slow until its queue is full reads the rest back: nothing is lost, nothing doubled, and no trial waits', async () => {
    const kept: string[] = []
    let open!: () => void
    const gate = new Promise<void>((resolve) => {
      open = resolve
    })
    const study = await createStudy({ space, seed: 1, loggers: [factory({ log: async ({ revision, type }) => {
      kept.push(`${revision} ${type}`)
      if (kept.length === 5) await gate
    } })] })
    await study.optimize(({ number }) => {
      if (number === 3999) {
        expect(kept.length).toBe(5)
        open()
      }
      return number % 7
    }, { trials: 4000 })
    const told: string[] = []
    for await (const { revision, type } of study.events()) told.push(`${revision} ${type}`)
    await study.close()
    expect(told.length).toBeGreaterThan(12_000)
    expect(kept.slice(0, told.length)).toEqual(told)
  })

  it('P13: a logger that is killed between two events of one revision gets the second one after the restart', async () => {
    const storage = new MemoryStorage(systemClock)
    const told: string[] = []
    const study = await createStudy({ storage, space, seed: 1 })
    await study.optimize(({ number }) => -number, { trials: 3 })
    for await (const { revision, type, more } of study.events()) told.push(`${revision} ${type}${more === true ? ' …' : ''}`)
    await study.close()
    expect(told.filter((event) => event.endsWith('…')).length).toBeGreaterThan(3)
    for (let killedAfter = 0; killedAfter < told.length; killedAfter++) {
      const kept: { readonly revision: number; readonly type: string; readonly more: boolean }[] = []
      let left = killedAfter
      // What a tracker does that keeps lines: the revision is whole once its last event is there.
      const logger: LoggerFactory = { specVersion: 'v1', id: 'test', create: () => {
        while (kept.at(-1)?.more === true) kept.pop()
        return { cursor: kept.at(-1)?.revision ?? 0, flush() {}, close() {}, log: ({ revision, type, more }) => {
          if (left-- > 0) kept.push({ revision, type, more: more === true })
        } }
      } }
      for (let life = 0; life < 2; life++) {
        const opened = await createStudy({ storage, space, seed: 1, loggers: [logger], ifExists: 'resume' })
        await opened.close()
        left = Infinity
      }
      expect(kept.slice(0, told.length).map(({ revision, type, more }) => `${revision} ${type}${more ? ' …' : ''}`)).toEqual(told)
    }
  })

  it('P13: an event that comes just after a logger has looked for the last time is not left behind', async () => {
    const event = (revision: number): StudyEvent => ({ type: 'study.stopped', revision, time: 0, owner: 'a process', reason: '' })
    for (let turns = 0; turns < 20; turns++) {
      const seen: number[] = []
      const pump = new LoggerPump('test', { cursor: 0, log: ({ revision }) => void seen.push(revision), flush() {}, close() {} }, { clock: systemClock, persistent: true, revision: () => 0, replay: async function* () {}, warn() {} })
      pump.push(event(1))
      for (let i = 0; i < turns; i++) await Promise.resolve()
      pump.push(event(2))
      await pump.close(10_000)
      expect([turns, seen]).toEqual([turns, [1, 2]])
    }
  })

  it('that starts from now gets only what happens from here on', async () => {
    const storage = new MemoryStorage(systemClock)
    await (await createStudy({ storage, space, seed: 1 })).optimize(() => 1, { trials: 3 })
    const seen: string[] = []
    const study = await createStudy({ storage, space, seed: 1, ifExists: 'resume', loggers: [factory({ cursor: 'now', log: ({ type }) => void seen.push(type) })] })
    await study.optimize(() => 1, { trials: 4 })
    expect(seen).toEqual(['study.resumed', 'study.started', 'trial.asked', 'trial.started', 'trial.completed', 'study.stopped'])
  })

  it('P13: a logger that throws is tried again, then loses the event and is told of; trials never notice', async () => {
    let calls = 0
    const study = await createStudy({ space, seed: 1, loggers: [factory({ log: () => {
      calls++
      throw new Error('disk full')
    } })] })
    await study.optimize(() => 1, { trials: 2 })
    expect(study.counts.complete).toBe(2)
    expect(calls % 3).toBe(0)
    expect((await warnings(study))[0]).toBe('Logger test has lost 1 event(s), the last one a study.opened: disk full')
  })

  it.each(Object.keys(badLoggers))('P13: a bad logger holds up no trial, and the end of optimize and of close for seconds at most (%s)', async (name) => {
    expect(await harmBy(badLoggers[name]!)).toEqual([])
  })

  it.each([
    ['hangs at events', ['optimize: It does not end.', 'optimize took more than 11000 ms.', 'close: It does not end.', 'close took more than 21000 ms.', 'Trials ended after no ms.']],
    ['throws at every call', ['optimize: disk full', 'close: disk full', 'Trials ended after no ms.']],
  ])('P13, broken twin: a study whose writes wait for its logger is found out (%s)', async (name, harm) => {
    const logger = await badLoggers[name]!.create({} as LoggerContext)
    const memory = new MemoryStorage(systemClock)
    let opened = 0
    const through = wired('storage', memory, async (call, write) => {
      const answer = await write()
      // The first write opens the study, before its loggers are there.
      if (call === 'storage.write' && opened++ > 0) await logger.log({ type: 'study.stopped', revision: 1, time: 0, owner: 'a process', reason: '' })
      return answer
    })
    expect(await harmBy(badLoggers[name]!, through)).toEqual(harm)
  })

  it('P13: a slow tracker gets more time at the end of a study in memory, as long as it takes things in', async () => {
    /** What is told as lost, and how long `close` takes, where the tracker takes in one change every so many milliseconds. */
    const ending = async (pace: number): Promise<{ readonly lost: readonly string[]; readonly time: number }> => {
      const clock = new VirtualClock()
      const waiting: number[] = []
      let cursor = 0
      const logger: Logger = {
        get cursor() {
          return cursor
        },
        log: ({ revision }) => void waiting.push(revision),
        async flush(): Promise<void | 'later'> {
          const before = waiting.length
          for (let second = 0; second < 9 && waiting.length > 0; second++) await new Promise<void>((resolve) => void clock.schedule(1000, resolve))
          if (waiting.length === 0) return
          if (waiting.length < before) return 'later'
          throw new Error('nothing goes through')
        },
        close() {},
      }
      const take = (): void => {
        cursor = waiting.shift() ?? cursor
        clock.schedule(pace, take)
      }
      take()
      const study = await createStudy({ storage: new MemoryStorage(systemClock), space, seed: 1, loggers: [{ specVersion: 'v1', id: 'test', create: () => logger }], use: [{ register: (registry) => registry.value(tokens.clock, clock) }] })
      await pass(clock, study.optimize(() => 1, { trials: 8 }))
      const start = clock.now()
      await pass(clock, study.close())
      return { lost: (await warnings(study)).filter((message) => message.includes('are lost')), time: clock.now() - start }
    }
    const slow = await ending(1000)
    expect(slow.lost).toEqual([])
    expect(slow.time).toBeGreaterThan(10_000)
    const away = await ending(1e9)
    expect(away.lost).toEqual([expect.stringContaining('are lost, because the study is kept in memory alone')])
    expect(away.time).toBeLessThan(21_000)
  })

  it('P13, broken twin: a pump that waits for its logger without end is found out', async () => {
    const endless = vi.spyOn(LoggerPump.prototype, 'drain').mockImplementation(() => new Promise(() => undefined))
    onTestFinished(() => endless.mockRestore())
    expect(await harmBy(badLoggers['hangs at events']!)).toEqual(['optimize: It does not end.', 'optimize took more than 11000 ms.', 'close: It does not end.', 'close took more than 21000 ms.'])
  })

  it('P13: a logger that cannot start is told of, and the study goes on without it', async () => {
    const study = await createStudy({ space, seed: 1, loggers: [{ specVersion: 'v1', id: 'test', create: () => Promise.reject(new Error('no folder')) }] })
    await study.optimize(() => 1, { trials: 1 })
    expect(await warnings(study)).toEqual(['Logger test cannot start, the study goes on without it: no folder'])
  })

  it('that is slow falls behind alone, and reads the rest back from the storage', async () => {
    const seen: number[] = []
    let release!: () => void
    const gate = new Promise<void>((resolve) => {
      release = resolve
    })
    const study = await createStudy({ space, seed: 1, loggers: [factory({ log: async (event) => {
      await gate
      if (event.type === 'trial.completed') seen.push(event.trial.number)
    } })] })
    for (let i = 0; i < 6000; i++) await study.tell(await study.ask(), 1)
    release()
    await study.close()
    expect(seen).toEqual(Array.from({ length: 6000 }, (_, i) => i))
  })
})
