import { describe, expect, it } from 'vitest'
import { tokens } from '../container/tokens.ts'
import type { LoggerFactory } from '../contracts/logger.ts'
import { float } from '../space/builders.ts'
import { VirtualClock } from '../virtual-clock.test-support.ts'
import { createStudy } from './create-study.ts'
import { copyStudy, loadStudy } from './manage-studies.ts'
import type { Study } from './study.ts'
import { pass, SharedStorage } from './whole-study.test-support.ts'

type XStudy = Study<{ readonly x: number }>

/** A tracker that keeps each event with who wrote it, and counts who writes to it. */
class Tracker {
  readonly lines: string[] = []
  readonly open = new Set<string>()
  kept = 0
  mostOpen = 0

  logger(who: string): LoggerFactory {
    return { specVersion: 'v1', id: 'tracker', shared: true, create: () => {
      this.open.add(who)
      this.mostOpen = Math.max(this.mostOpen, this.open.size)
      const kept = (): number => this.kept
      return {
        get cursor() {
          return kept()
        },
        log: ({ revision, type, more }) => {
          this.lines.push(`${revision} ${type} ${who}`)
          if (more !== true) this.kept = revision
        },
        flush() {},
        close: () => void this.open.delete(who),
      }
    } }
  }

  get events(): readonly string[] {
    return this.lines.map((line) => line.split(' ').slice(0, 2).join(' '))
  }

  get writers(): readonly string[] {
    return [...new Set(this.lines.map((line) => line.split(' ')[2]!))]
  }
}

/** Processes on one study in virtual time. */
class Office {
  readonly clock = new VirtualClock()
  readonly storage = new SharedStorage(this.clock)
  readonly gone = new Set<string>()
  /** True if nobody can find out who is gone. */
  blind = false

  open(who: string, loggers: readonly LoggerFactory[]): Promise<XStudy> {
    return this.pass(createStudy({ storage: this.storage, space: { x: float(0, 1) }, seed: 1, lease: 30_000, ifExists: 'resume', loggers, use: [{ register: (registry) => {
      registry.value(tokens.clock, this.clock)
      registry.value(tokens.host, { specVersion: 'v1', identity: who.replace(/'$/, ''), isGone: (other) => {
        if (this.blind) throw new Error('no such command: ps')
        return this.gone.has(other)
      } })
    } }] }))
  }

  pass<T>(work: Promise<T>): Promise<T> {
    return pass(this.clock, work)
  }

  async told(): Promise<readonly string[]> {
    const study = await loadStudy({ storage: this.storage, name: 'study' })
    const told: string[] = []
    for await (const { revision, type } of study.events()) told.push(`${revision} ${type}`)
    await study.close()
    return told
  }

  async warnings(): Promise<readonly string[]> {
    const study = await loadStudy({ storage: this.storage, name: 'study' })
    const told: string[] = []
    for await (const event of study.events()) if (event.type === 'warning') told.push(event.message)
    return told
  }
}

const holders = async (study: XStudy): Promise<readonly string[]> => (await study.workers()).filter(({ loggers }) => loggers.includes('tracker')).map(({ owner }) => owner)

/** Three processes work one after the other and at once, and close in turn. What is wrong with what their tracker has. */
async function harmToTracker(twin: (logger: LoggerFactory) => LoggerFactory = (logger) => logger): Promise<readonly string[]> {
  const office = new Office()
  const tracker = new Tracker()
  const studies = await Promise.all(['a', 'b', 'c'].map((who) => office.open(who, [twin(tracker.logger(who))])))
  let trials = 0
  for (const study of studies) {
    for (const other of studies.slice(studies.indexOf(study))) await office.pass(other.optimize(() => 1, { trials: (trials += 2) }))
    await office.pass(study.close())
  }
  const problems: string[] = []
  if (JSON.stringify(tracker.events) !== JSON.stringify(await office.told())) problems.push('The tracker has not each event once, in order.')
  if (tracker.mostOpen > 1) problems.push(`${tracker.mostOpen} processes wrote to it at a time.`)
  if (tracker.writers.join() !== 'a,b,c') problems.push(`Written by ${tracker.writers.join()}.`)
  return problems
}

describe('a shared logger', () => {
  it('P13: of all processes one writes to a shared tracker at a time, and the next goes on where it ends: each event once, in order', async () => {
    expect(await harmToTracker()).toEqual([])
  })

  it('P13, broken twin: processes that each think it is their turn are found out', async () => {
    const harm = await harmToTracker((logger) => ({ ...logger, shared: undefined }) as unknown as LoggerFactory)
    expect(harm).toEqual(['The tracker has not each event once, in order.', '3 processes wrote to it at a time.'])
  })

  it('is taken over by a process that is idle, at its next look, once its holder has closed the study', async () => {
    const office = new Office()
    const tracker = new Tracker()
    const [a, b] = [await office.open('a', [tracker.logger('a')]), await office.open('b', [tracker.logger('b')])]
    expect(await holders(b)).toEqual(['a'])
    await office.pass(a.close())
    expect(tracker.open.size).toBe(0)
    await office.pass(b.refresh())
    await office.pass(b.setAttribute('note', 1))
    expect([...tracker.open]).toEqual(['b'])
    expect(await holders(b)).toEqual(['b'])
    await office.pass(b.close())
    expect(tracker.events).toEqual(await office.told())
  })

  it('P13: what a process that has died had not logged is logged by the next one, which finds out by looking', async () => {
    const office = new Office()
    const tracker = new Tracker()
    const a = await office.open('a', [tracker.logger('a')])
    const b = await office.open('b', [tracker.logger('b')])
    await a.ask()
    tracker.open.delete('a') // Its logger ends with it.
    office.gone.add('a')
    await office.pass(b.optimize(() => 1, { trials: 3 }))
    expect([...tracker.open]).toEqual(['b'])
    await office.pass(b.close())
    expect(tracker.events.slice(0, -1)).toEqual((await office.told()).slice(0, tracker.events.length - 1))
    expect(tracker.writers).toEqual(['a', 'b'])
  })

  it('of a process that has lost a trial to others is let go of when it comes back, and it is last in line from then on', async () => {
    const office = new Office()
    const [at, bt] = [new Tracker(), new Tracker()]
    const a = await office.open('a', [at.logger('a')])
    const b = await office.open('b', [bt.logger('b')])
    const trial = await a.ask()
    // It is frozen: a third process finds that its lease has ended.
    office.storage.write(a.summary.id, { id: 'sweep', operations: [{ type: 'sweep', gone: ['a'] }] })
    await office.pass(b.refresh())
    await office.pass(b.setAttribute('note', 1))
    expect([...bt.open]).toEqual(['b'])
    expect(await holders(b)).toEqual(['b'])
    // It wakes up.
    await office.pass(a.tell(trial, 1).catch(() => undefined))
    await office.pass(a.setAttribute('awake', true))
    expect([...at.open]).toEqual([])
    await office.pass(a.optimize(() => 1, { trials: 2 }))
    expect(await holders(a)).toEqual(['b'])
    await office.pass(b.close())
    await office.pass(a.refresh())
    await office.pass(a.setAttribute('back', true))
    expect([...at.open]).toEqual(['a'])
    await office.pass(a.close())
    expect(at.events).toEqual((await office.told()).slice(0, at.events.length))
  })

  it('of a process of which nobody can tell whether it lives goes to one that works, once it was silent for ten minutes', async () => {
    const office = new Office()
    const [at, bt] = [new Tracker(), new Tracker()]
    const a = await office.open('a', [at.logger('a')])
    office.clock.advance(9 * 60_000)
    const b = await office.open('b', [bt.logger('b')])
    expect([...bt.open]).toEqual([])
    office.clock.advance(2 * 60_000)
    await office.pass(b.optimize(() => 1, { trials: 2 }))
    expect(await holders(b)).toEqual(['b'])
    expect([...bt.open]).toEqual(['b'])
    // It was only idle. It lets go once it looks, and is next when the other one ends.
    await office.pass(a.refresh())
    await office.pass(a.setAttribute('idle', true))
    expect([...at.open]).toEqual([])
    await office.pass(b.close())
    await office.pass(a.optimize(() => 1, { trials: 3 }))
    expect([...at.open]).toEqual(['a'])
    await office.pass(a.close())
    expect(at.events).toEqual(await office.told())
    const dead = await office.open('c', [at.logger('dead')])
    office.clock.advance(11 * 60_000)
    const late = await office.open('d', [bt.logger('late')])
    expect([...bt.open]).toEqual(['late'])
    await office.pass(Promise.all([dead.close(), late.close()]))
  })

  it('is had by one of two studies of one process', async () => {
    const office = new Office()
    const tracker = new Tracker()
    const [first, second] = [await office.open('a', [tracker.logger('first')]), await office.open("a'", [tracker.logger('second')])]
    await office.pass(second.optimize(() => 1, { trials: 2 }))
    expect([...tracker.open]).toEqual(['first'])
    await office.pass(first.close())
    await office.pass(second.optimize(() => 1, { trials: 4 }))
    await office.pass(second.close())
    expect(tracker.events).toEqual(await office.told())
    expect(tracker.mostOpen).toBe(1)
  })

  it('is never the turn of a process that has no such logger, however long it has had the study open', async () => {
    const office = new Office()
    const tracker = new Tracker()
    const plain = await office.open('plain', [])
    const looker = await loadStudy({ storage: office.storage, name: 'study' })
    const a = await office.open('a', [tracker.logger('a')])
    await office.pass(a.optimize(() => 1, { trials: 2 }))
    expect(await holders(a)).toEqual(['a'])
    await looker.close()
    await office.pass(a.close())
    await office.pass(plain.optimize(() => 1, { trials: 3 }))
    expect(await holders(plain)).toEqual([])
    await office.pass(plain.close())
    expect(tracker.writers).toEqual(['a'])
  })

  it('that has a tracker of its own is given an id of its own: then no process waits for another one', async () => {
    const office = new Office()
    const [one, two] = [new Tracker(), new Tracker()]
    const a = await office.open('a', [one.logger('a')])
    const b = await office.open('b', [{ ...two.logger('b'), id: 'two' }])
    await office.pass(a.optimize(() => 1, { trials: 2 }))
    await office.pass(b.optimize(() => 1, { trials: 4 }))
    await office.pass(b.close())
    expect(two.events).toEqual(await office.told())
    await office.pass(a.close())
    expect(one.events).toEqual(await office.told())
  })

  it('that cannot start is told of, and left to the next in line', async () => {
    const office = new Office()
    const tracker = new Tracker()
    const a = await office.open('a', [{ ...tracker.logger('a'), create: () => Promise.reject(new Error('no certificate')) }])
    const b = await office.open('b', [tracker.logger('b')])
    expect([...tracker.open]).toEqual(['b'])
    expect(await office.warnings()).toEqual(['Logger tracker cannot start, the study goes on without it: no certificate'])
    await office.pass(a.close())
    const c = await office.open('c', [{ ...tracker.logger('c'), create: () => Promise.reject(new Error('no route')) }])
    const d = await office.open('d', [tracker.logger('d')])
    await office.pass(b.close())
    // It is the turn of c, which finds that it cannot.
    await office.pass(c.optimize(() => 1, { trials: 2 }))
    await office.pass(d.optimize(() => 1, { trials: 4 }))
    expect([...tracker.open]).toEqual(['d'])
    expect((await office.warnings()).at(-1)).toBe('Logger tracker cannot start, the study goes on without it: no route')
    await office.pass(Promise.all([c.close(), d.close()]))
    expect(tracker.events).toEqual(await office.told())
  })

  it('takes over at the end what the one before has left', async () => {
    const office = new Office()
    const tracker = new Tracker()
    const [a, b] = [await office.open('a', [tracker.logger('a')]), await office.open('b', [tracker.logger('b')])]
    await office.pass(a.close())
    office.storage.write(b.summary.id, { id: 'x', operations: [{ type: 'attribute', key: 'x', value: 1 }] })
    await office.pass(b.close())
    expect(tracker.events).toEqual(await office.told())
  })

  it('P13: nothing is said to be missing where the last thing that happened is none that loggers are told', async () => {
    const office = new Office()
    const tracker = new Tracker()
    // It has the turn, and writes nothing that the next one finds.
    const a = await office.open('a', [new Tracker().logger('a')])
    const [b, plain] = [await office.open('b', [tracker.logger('b')]), await office.open('plain', [])]
    await office.pass(plain.optimize(() => 1, { trials: 2 }))
    await office.pass(plain.close())
    office.gone.add('a')
    await office.pass(b.refresh())
    await office.pass(b.close())
    expect(tracker.writers).toEqual(['b'])
    expect(await office.warnings()).toEqual([])
    expect(tracker.events).toEqual(await office.told())
    await office.pass(a.close())
  })

  it("is nobody's in a copy of a study, whoever has the original open", async () => {
    const office = new Office()
    const [one, two] = [new Tracker(), new Tracker()]
    const a = await office.open('a', [one.logger('a')])
    await copyStudy(office.storage, 'study', 'copy')
    const b = await office.pass(createStudy({ name: 'copy', storage: office.storage, space: { x: float(0, 1) }, seed: 1, ifExists: 'resume', loggers: [two.logger('b')], use: [{ register: (registry) => registry.value(tokens.clock, office.clock) }] }))
    expect([...two.open]).toEqual(['b'])
    await office.pass(Promise.all([a.close(), b.close()]))
  })

  it('that hangs where it starts keeps no study from closing', async () => {
    const office = new Office()
    const tracker = new Tracker()
    const a = await office.open('a', [tracker.logger('a')])
    const b = await office.open('b', [{ ...tracker.logger('b'), create: () => new Promise(() => undefined) }])
    await office.pass(a.close())
    const start = office.clock.now()
    await office.pass(b.optimize(() => 1, { trials: 2 }))
    await office.pass(b.close())
    expect(office.clock.now() - start).toBeLessThanOrEqual(45_000)
    expect(b.counts.complete).toBe(2)
    expect(await office.warnings()).toEqual(['Logger tracker was still starting when the study was closed: what its tracker lacks is sent when the study is opened again with this logger.'])
  })

  it('P13: a study goes on, and says so, where it cannot be seen whose turn it is to log', async () => {
    const office = new Office()
    const tracker = new Tracker()
    const a = await office.open('a', [tracker.logger('a')])
    office.blind = true
    const b = await office.open('b', [tracker.logger('b')])
    await office.pass(b.optimize(() => 1, { trials: 3 }))
    expect(b.counts.complete).toBe(3)
    expect(await office.warnings()).toEqual(['Whose turn it is to log cannot be seen: no such command: ps'])
    office.blind = false
    await office.pass(a.close())
    await office.pass(b.close())
    expect(tracker.events).toEqual(await office.told())
  })

  it('P13: a logger that hangs holds up neither the process that has its turn now, nor the one that had it', async () => {
    const office = new Office()
    const tracker = new Tracker()
    const hangs: LoggerFactory = { specVersion: 'v1', id: 'tracker', shared: true, create: () => ({ cursor: 0, log: () => new Promise(() => undefined), flush: () => new Promise(() => undefined), close: () => new Promise(() => undefined) }) }
    const a = await office.open('a', [hangs])
    const b = await office.open('b', [tracker.logger('b')])
    office.clock.advance(11 * 60_000)
    await office.pass(b.optimize(() => 1, { trials: 2 }))
    await office.pass(a.refresh())
    const start = office.clock.now()
    await office.pass(a.optimize(() => 1, { trials: 4 }))
    await office.pass(a.close())
    expect(office.clock.now() - start).toBeLessThanOrEqual(45_000)
    await office.pass(b.close())
    expect(tracker.events).toEqual(await office.told())
  })
})
