import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { tokens } from '../container/tokens.ts'
import type { StudyEvent } from '../contracts/event.ts'
import type { Logger } from '../contracts/logger.ts'
import { float } from '../space/builders.ts'
import { VirtualClock } from '../virtual-clock.test-support.ts'
import { createStudy } from './create-study.ts'
import { LoggerPump } from './logger-pump.ts'
import type { Study } from './study.ts'
import { pass, SharedStorage, turn } from './whole-study.test-support.ts'

/** A history that grows by itself: an event a revision. */
class Happenings {
  readonly clock = new VirtualClock()
  readonly warnings: string[] = []
  replays = 0
  #revision = 0
  #pump: LoggerPump | undefined

  attach(logger: Partial<Logger> & Pick<Logger, 'log'>, persistent = true): LoggerPump {
    const plain: Logger = { cursor: 0, flush() {}, close() {}, log: (event) => logger.log(event) }
    return (this.#pump = new LoggerPump('test', Object.defineProperties(plain, Object.getOwnPropertyDescriptors(logger)), {
      clock: this.clock,
      persistent,
      revision: () => this.#revision,
      replay: (after) => this.#replay(after),
      warn: (message) => {
        this.warnings.push(message)
        this.happen()
      },
    }))
  }

  happen(times = 1): void {
    for (let i = 0; i < times; i++) {
      this.#revision++
      this.#pump?.push(this.#event(this.#revision))
    }
  }

  /** Lets time pass, with turns of the event loop in between. */
  async passes(milliseconds: number, step = 250): Promise<void> {
    for (let i = 0; i < milliseconds; i += step) {
      await turn()
      this.clock.advance(step)
    }
    await turn()
  }

  async *#replay(after: number): AsyncGenerator<{ readonly revision: number; readonly events: readonly StudyEvent[] }> {
    this.replays++
    for (let revision = after + 1; revision <= this.#revision; revision++) {
      await Promise.resolve()
      yield { revision, events: [this.#event(revision)] }
    }
  }

  #event(revision: number): StudyEvent {
    return { type: 'study.stopped', revision, time: 0, owner: 'a process', reason: '' }
  }
}

const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, i) => i + 1)

/** What is wrong with what a logger has kept after its tracker was away for ten minutes, in which more happened than a queue holds. */
async function harmByOutage(): Promise<readonly string[]> {
  const happenings = new Happenings()
  const kept: number[] = []
  let away = false
  const pump = happenings.attach({ log: ({ revision }) => (away ? 'later' : void kept.push(revision)) })
  happenings.happen(50)
  await turn()
  away = true
  for (let i = 0; i < 12; i++) {
    happenings.happen(1000)
    await happenings.passes(50_000)
  }
  away = false
  happenings.happen(1)
  await happenings.passes(60_000)
  const all = kept.at(-1) ?? 0
  const closing = pump.close(10_000)
  await happenings.passes(1000)
  await closing
  const problems: string[] = []
  if (JSON.stringify(kept.slice(0, all)) !== JSON.stringify(upTo(all))) problems.push('Events are missing, doubled or in another order.')
  if (all < 12_050) problems.push(`Only ${all} events were given.`)
  return problems
}

describe('a logger whose tracker is away', () => {
  it('P13: an event that a logger wants later is given again after longer and longer pauses, and nothing is left out', async () => {
    const happenings = new Happenings()
    const asked: { readonly at: number; readonly revision: number }[] = []
    let away = true
    const start = happenings.clock.now()
    happenings.attach({ log: ({ revision }) => {
      asked.push({ at: (happenings.clock.now() - start) / 1000, revision })
      return away ? 'later' : undefined
    } })
    happenings.happen(3)
    await happenings.passes(130_000)
    expect(asked.map(({ at }) => at)).toEqual([0, 1, 3, 7, 15, 31, 61, 91, 121])
    expect(new Set(asked.map(({ revision }) => revision))).toEqual(new Set([1]))
    away = false
    await happenings.passes(30_000)
    expect(asked.slice(9).map(({ revision }) => revision)).toEqual([1, 2, 3, 4, 5])
  })

  it('P13: more events than a queue holds wait in the storage while a tracker is away: all come once, in order', async () => {
    expect(await harmByOutage()).toEqual([])
  })

  it('P13, broken twin: a study that leaves out an event which its logger wants later is found out', async () => {
    const attach = Happenings.prototype.attach
    // As if the answer was not heard.
    const deaf = vi.spyOn(Happenings.prototype, 'attach').mockImplementation(function (this: Happenings, logger) {
      return attach.call(this, { log: async (event) => void (await logger.log(event)) })
    })
    onTestFinished(() => deaf.mockRestore())
    expect(await harmByOutage()).toEqual(['Events are missing, doubled or in another order.'])
  })

  it('P13: that a logger is behind is told once, after ten seconds, and once that it has caught up', async () => {
    const happenings = new Happenings()
    let away = true
    happenings.attach({ log: () => (away ? 'later' : undefined) })
    happenings.happen(2)
    await happenings.passes(9000)
    expect(happenings.warnings).toEqual([])
    await happenings.passes(600_000)
    expect(happenings.warnings).toEqual(['Logger test is 2 change(s) behind: its tracker is slow, or cannot be reached. No trial waits for it; what it lacks is sent later.'])
    away = false
    await happenings.passes(600_000)
    expect(happenings.warnings.slice(1)).toEqual(['Logger test has caught up: 3 change(s) were sent late.'])
  })

  it('holds no second history while it waits for long, and does not begin anew at each short pause', async () => {
    const happenings = new Happenings()
    happenings.happen(100)
    let calls = 0
    const pump = happenings.attach({ log: ({ revision }) => (revision % 10 === 0 && ++calls % 3 !== 0 ? 'later' : undefined) })
    await happenings.passes(60_000)
    expect(happenings.replays).toBe(1)
    const closing = pump.close(10_000)
    await happenings.passes(1000)
    await closing
    const away = new Happenings()
    away.happen(100)
    away.attach({ log: () => 'later' })
    await away.passes(15_500)
    expect(away.replays).toBe(2)
  })

  it('lets others have their turn while it reads much back', async () => {
    const happenings = new Happenings()
    happenings.happen(5000)
    let given = 0
    happenings.attach({ log: () => void given++ })
    await turn()
    expect(given).toBeLessThan(1000)
    await happenings.passes(1000, 50)
    expect(given).toBe(5000)
  })

  it('P13: whoever waits for a logger whose tracker is away waits for the deadline, and no longer than the tracker is away', async () => {
    for (const [back, done, at] of [[Infinity, false, 10_000], [3000, true, 3000]] as const) {
      const happenings = new Happenings()
      const { clock } = happenings
      const start = clock.now()
      const pump = happenings.attach({ log: () => (clock.now() - start < back ? 'later' : undefined) })
      happenings.happen(2)
      await turn()
      const draining = pump.drain(10_000).then((all) => ({ all, after: clock.now() - start }))
      await happenings.passes(20_000, 50)
      const { all, after } = await draining
      expect(all).toBe(done)
      expect(Math.abs(after - at)).toBeLessThanOrEqual(150)
    }
  })

  it('P13: whoever waits for a logger that wants events later lets it flush, and waits no longer once it says that there is no use in it', async () => {
    const happenings = new Happenings()
    const start = happenings.clock.now()
    const pump = happenings.attach({ log: () => 'later', flush: () => Promise.reject(new Error('nobody is there')) })
    happenings.happen(2)
    await turn()
    const draining = pump.drain(10_000).then((all) => ({ all, after: happenings.clock.now() - start }))
    await happenings.passes(1000, 50)
    expect(await Promise.race([draining, Promise.resolve('it still waits')])).toMatchObject({ all: false })
    expect((await draining).after).toBeLessThanOrEqual(150)
    expect(happenings.warnings).toEqual(['Logger test could not flush: nobody is there'])
  })

  it('is never told to flush after it was closed', async () => {
    const happenings = new Happenings()
    const calls: string[] = []
    let release!: () => void
    const gate = new Promise<void>((resolve) => (release = resolve))
    const pump = happenings.attach({ log: () => gate, flush: () => void calls.push('flush'), close: () => void calls.push('close') })
    happenings.happen(1)
    const closing = pump.close(1000)
    await happenings.passes(3000)
    await closing
    release()
    await happenings.passes(1000)
    expect(calls).toEqual(['close'])
  })
})

describe('what a logger has not kept when it is closed', () => {
  const rest = async (logger: Partial<Logger> & Pick<Logger, 'log'>, persistent: boolean): Promise<readonly string[]> => {
    const happenings = new Happenings()
    const pump = happenings.attach(logger, persistent)
    happenings.happen(7)
    const closing = pump.close(10_000)
    await happenings.passes(30_000)
    await closing
    return happenings.warnings.filter((message) => !message.includes('behind:'))
  }
  const moving = (kept: () => number, log: Logger['log'] = () => undefined): Partial<Logger> & Pick<Logger, 'log'> => ({ log, get cursor() {
    return kept()
  } })

  it('P13: what is not kept at the end is counted and told: sent later where the study is stored, lost where it is not', async () => {
    const sent = 'Logger test was closed before it had kept everything: 4 change(s) are sent when the study is opened again with this logger.'
    const lost = 'Logger test was closed before it had kept everything: 4 change(s) are lost, because the study is kept in memory alone.'
    for (const [persistent, told] of [[true, sent], [false, lost]] as const) {
      let kept = 0
      const log: Logger['log'] = ({ revision }) => (revision <= 3 ? void (kept = revision) : 'later')
      expect(await rest(moving(() => kept, log), persistent)).toEqual([told])
    }
  })

  it('P13: nothing is said to be lost or late where everything was kept', async () => {
    let kept = 0
    const log: Logger['log'] = ({ revision }) => void (kept = revision)
    expect(await rest(moving(() => kept, log), true)).toEqual([])
    expect(await rest({ log }, false)).toEqual([])
    expect(await rest({ log, cursor: 'now' }, true)).toEqual([])
  })

  it('is told of a logger that flushes well and says that it has not kept everything', async () => {
    let kept = 0
    const logger = Object.defineProperties({ log() {}, flush: () => void (kept = 5) }, Object.getOwnPropertyDescriptors(moving(() => kept)))
    expect(await rest(logger, true)).toEqual(['Logger test was closed before it had kept everything: 2 change(s) are sent when the study is opened again with this logger.'])
  })

  it('is lost to a logger without memory', async () => {
    expect(await rest({ log: () => 'later', cursor: 'now' }, true)).toEqual(['Logger test was closed before it had kept everything: 7 change(s) are lost to it, because it begins anew at each start.'])
  })

  it('is told also where the logger cannot say what it has kept', async () => {
    let asked = 0
    expect(await rest(moving(() => {
      if (asked++ > 0) throw new Error('no connection')
      return 0
    }, () => 'later'), true)).toEqual(['Logger test cannot say what it has kept: no connection', 'Logger test was closed before it had kept everything: 7 change(s) are sent when the study is opened again with this logger.'])
  })

  it('P13: a study that is closed while a tracker is away says so, and sends the rest when it is opened again', async () => {
    const clock = new VirtualClock()
    const storage = new SharedStorage(clock)
    const tracker: string[] = []
    let kept = 0
    let away = false
    const open = (): Promise<Study<{ readonly x: number }>> => createStudy({ storage, space: { x: float(0, 1) }, seed: 1, ifExists: 'resume', use: [{ register: (registry) => registry.value(tokens.clock, clock) }], loggers: [{ specVersion: 'v1', id: 'test', create: () => ({
      get cursor() {
        return kept
      },
      log(event) {
        if (away) return 'later'
        tracker.push(`${event.revision} ${event.type}`)
        if (event.more !== true) kept = event.revision
        return undefined
      },
      flush() {},
      close() {},
    }) }] })
    const study = await pass(clock, open())
    await pass(clock, study.optimize(() => 1, { trials: 2 }))
    away = true
    await pass(clock, study.optimize(() => 1, { trials: 4 }))
    await pass(clock, study.close())
    away = false
    const again = await pass(clock, open())
    const told: string[] = []
    const warnings: string[] = []
    for await (const event of again.events()) {
      told.push(`${event.revision} ${event.type}`)
      if (event.type === 'warning') warnings.push(event.message)
    }
    await pass(clock, again.close())
    expect(tracker).toEqual(told)
    expect(warnings.some((message) => /\d+ change\(s\) are sent when the study is opened again with this logger\.$/.test(message))).toBe(true)
    expect(warnings.filter((message) => message.includes('lost'))).toEqual([])
  })
})
