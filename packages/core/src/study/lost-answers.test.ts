import { describe, expect, it } from 'vitest'
import { MemoryArtifacts } from '../artifact/memory-artifacts.ts'
import { tokens } from '../container/tokens.ts'
import type { StudyEvent } from '../contracts/event.ts'
import type { Executor } from '../contracts/executor.ts'
import type { PrunerFactory } from '../contracts/pruner.ts'
import type { Storage } from '../contracts/storage.ts'
import { InProcessExecutor } from '../executor/in-process-executor.ts'
import { float } from '../space/builders.ts'
import { MemoryStorage } from '../storage/memory-storage.ts'
import { VirtualClock } from '../virtual-clock.test-support.ts'
import { createStudy } from './create-study.ts'
import type { Study } from './study.ts'

const space = { x: float(0, 1) }
const repeated = ['createStudy', 'findStudy', 'write', 'changesSince'] as const

/** A storage whose n-th repeated call does what it should, and then loses the answer; `times` in a row. */
function losing(storage: MemoryStorage, nth: number, times = 1): { readonly storage: Storage; readonly calls: () => number } {
  let calls = 0
  const proxied = new Proxy(storage, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target)
      if (typeof value !== 'function') return value
      if (!(repeated as readonly unknown[]).includes(key)) return value.bind(target) as unknown
      return (...args: unknown[]): unknown => {
        const answer: unknown = Reflect.apply(value, target, args)
        calls++
        if (calls > nth && calls <= nth + times) throw new Error('connection reset')
        return answer
      }
    },
  })
  return { storage: proxied, calls: () => calls }
}

/** Everything that a study does with its storage, once. */
async function story(storage: Storage, clock: VirtualClock): Promise<{ readonly study: Study<{ readonly x: number }>; readonly events: readonly StudyEvent[] }> {
  const events: StudyEvent[] = []
  const logger = { specVersion: 'v1' as const, id: 'test', create: () => ({ cursor: 0, log: (event: StudyEvent) => void events.push(event), flush() {}, close() {} }) }
  const study = await createStudy({ storage, space, seed: 1, ifExists: 'resume', artifacts: new MemoryArtifacts(), loggers: [logger], use: [{ register: (registry) => registry.value(tokens.clock, clock) }] })
  await study.enqueue({ x: 0.25 })
  await study.add({ params: { x: 0.75 }, value: 3 })
  await study.setAttribute('note', 'n')
  const trial = await study.ask()
  await trial.report({ step: 1, value: 4 })
  await trial.report({ step: 2, value: 2 })
  await study.tell(trial, 2)
  await study.optimize(async function* ({ number, attempt, resumeFrom }) {
    if (resumeFrom === undefined) yield { step: 1, value: number, checkpoint: () => Uint8Array.of(number) }
    if (number === 3 && attempt === 1) throw new Error('fails')
    return { kind: 'bytes', bytes: () => Uint8Array.of(number), as: () => Promise.reject(new Error('no')) }
  }, { trials: 5, retry: 1 })
  await study.refresh()
  return { study, events }
}

async function pass<T>(clock: VirtualClock, work: Promise<T>): Promise<T> {
  let over = false
  const watched = work.finally(() => {
    over = true
  })
  watched.catch(() => undefined)
  while (!over) {
    await new Promise((resolve) => setImmediate(resolve))
    if (!over) clock.advance(50)
  }
  return watched
}

const shape = (events: readonly StudyEvent[]): readonly string[] => events.map(({ revision, type }) => `${revision} ${type}`)

describe('an answer of the storage that is lost after the effect', async () => {
  const clock = new VirtualClock()
  const counted = losing(new MemoryStorage(clock), Infinity)
  const whole = await pass(clock, story(counted.storage, clock))

  it.each(Array.from({ length: counted.calls() }, (_, i) => [i]))('changes nothing, whichever call it was (%i)', async (nth) => {
    const time = new VirtualClock()
    const { study, events } = await pass(time, story(losing(new MemoryStorage(time), nth).storage, time))
    const withoutTimes = (value: unknown): unknown => JSON.parse(JSON.stringify(value, (key, item: unknown) => (['createdAt', 'startedAt', 'endedAt', 'time', 'owner', 'stack'].includes(key) ? undefined : item)))
    expect(withoutTimes(study.trials())).toEqual(withoutTimes(whole.study.trials()))
    expect(shape(events)).toEqual(shape(whole.events))
    await pass(time, study.close())
    expect(time.pending).toBe(0)
  })
})

describe('a storage that fails for longer', () => {
  it('lets a result be told again, which is kept once whether or not the first attempt was stored', async () => {
    for (const stored of [true, false]) {
      const clock = new VirtualClock()
      const memory = new MemoryStorage(clock)
      let down = false
      const storage = new Proxy(memory, { get(target, key) {
        const value: unknown = Reflect.get(target, key, target)
        if (key !== 'write' || typeof value !== 'function') return typeof value === 'function' ? value.bind(target) as unknown : value
        return (...args: unknown[]): unknown => {
          const answer: unknown = down && !stored ? undefined : Reflect.apply(value, target, args)
          if (down) throw new Error('disk is gone')
          return answer
        }
      } })
      const study = await createStudy({ storage, space, seed: 1, use: [{ register: (registry) => registry.value(tokens.clock, clock) }] })
      const trial = await study.ask()
      down = true
      await expect(pass(clock, study.tell(trial, 5))).rejects.toThrow('disk is gone')
      down = false
      expect(await study.tell(trial, 5)).toMatchObject({ state: 'complete', value: 5 })
      await expect(study.tell(trial, 6)).rejects.toMatchObject({ code: 'TRIAL_ENDED' })
      const warnings: string[] = []
      for await (const event of study.events()) if (event.type === 'warning') warnings.push(event.message)
      expect([study.counts.complete, warnings]).toEqual([1, []])
    }
  })

  it('ends a run with its error, and the trial is run again by the next', async () => {
    const clock = new VirtualClock()
    const memory = new MemoryStorage(clock)
    let down = false
    const storage = new Proxy(memory, { get(target, key) {
      const value: unknown = Reflect.get(target, key, target)
      if (typeof value !== 'function') return value
      return (...args: unknown[]): unknown => {
        if (down && key === 'write') throw new Error('disk is gone')
        return Reflect.apply(value, target, args)
      }
    } })
    const study = await createStudy({ storage, space, seed: 1, use: [{ register: (registry) => registry.value(tokens.clock, clock) }] })
    await expect(pass(clock, study.optimize(async (trial) => {
      down = true
      await trial.report({ step: 1, value: 1 })
      return 1
    }, { trials: 1 }))).rejects.toThrow('disk is gone')
    down = false
    await pass(clock, study.close())
    const again = await createStudy({ storage: memory, space, seed: 1, ifExists: 'resume' })
    expect(again.counts.failed).toBe(0)
  })
})

describe('a lease that ended', () => {
  class Shared extends MemoryStorage {
    override readonly persistent = true as never
  }
  const open = (storage: Storage, clock: VirtualClock): Promise<Study<{ readonly x: number }>> => createStudy({ storage, space, seed: 1, lease: 30_000, ifExists: 'resume', use: [{ register: (registry) => registry.value(tokens.clock, clock) }] })

  async function overtaken(): Promise<{ readonly paused: VirtualClock; readonly first: Study<{ readonly x: number }>; readonly late: Awaited<ReturnType<Study<{ readonly x: number }>['ask']>>; readonly second: Study<{ readonly x: number }> }> {
    const clock = new VirtualClock()
    const paused = new VirtualClock()
    const storage = new Shared(clock)
    const first = await open(storage, paused)
    const late = await first.ask()
    clock.advance(31_000)
    const second = await open(storage, clock)
    const taken = await second.ask()
    expect(taken).toMatchObject({ number: 0, attempt: 2, flatParams: late.flatParams })
    await second.tell(taken, 5)
    return { paused, first, late, second }
  }

  it('P4: a lease that ended has its late result refused and told as a warning; the value is that of the new owner', async () => {
    const { first, late, second } = await overtaken()
    expect(await first.tell(late, 99)).toMatchObject({ state: 'complete', value: 5, attempt: 2 })
    await second.refresh()
    expect(second.trial(0).value).toBe(5)
    const warnings: string[] = []
    for await (const event of second.events()) if (event.type === 'warning') warnings.push(event.message)
    expect(warnings).toEqual([expect.stringMatching(/^The result of trial 0 came too late and is not kept\./)])
  })

  it('P4: late reports of a lease that ended are refused, and the trial is told to stop', async () => {
    const { first, late, second } = await overtaken()
    expect(await late.report({ step: 1, value: 9 })).toBe('stop')
    expect(await late.report({ step: 2, value: 9 })).toBe('stop')
    expect(late.signal.aborted).toBe(true)
    await first.close()
    await second.refresh()
    expect(second.trial(0)).toMatchObject({ value: 5, reports: [] })
  })

  it('P4: late reports of a paused owner are refused also where it knows what the next owner has reported', async () => {
    const clock = new VirtualClock()
    const storage = new Shared(clock)
    const first = await open(storage, new VirtualClock())
    const late = await first.ask()
    clock.advance(31_000)
    const second = await open(storage, clock)
    const taken = await second.ask()
    await taken.report({ step: 1, value: 3 })
    await taken.report({ step: 2, value: 4 })
    await first.refresh()
    expect(await late.report({ step: 1, value: 9 })).toBe('stop')
    expect(late.signal.aborted).toBe(true)
    await second.tell(taken, 5)
    expect(second.trial(0).reports.map(({ step, metrics }) => [step, metrics['value']])).toEqual([[1, 3], [2, 4]])
    await first.close()
    await second.close()
  })

  it('P17: a lease may end while the checkpoint of a claimed trial is looked for: the trial is claimed again', async () => {
    const clock = new VirtualClock()
    const storage = new Shared(clock)
    const others: Study<{ readonly x: number }>[] = []
    class Slow extends MemoryArtifacts {
      override get(): never {
        // Until the answer the lease has ended, and somebody has swept.
        if (others.length === 0) clock.advance(31_000)
        return (others.length === 0 ? open(storage, clock).then((study) => void others.push(study)) : Promise.resolve()) as never
      }
    }
    const withArtifacts = (): Promise<Study<{ readonly x: number }>> => createStudy({ storage, space, seed: 1, lease: 30_000, ifExists: 'resume', artifacts: new Slow(), use: [{ register: (registry) => registry.value(tokens.clock, new VirtualClock()) }] })
    const first = await withArtifacts()
    await (await first.ask()).report({ step: 1, value: 3, checkpoint: () => Uint8Array.of(1) })
    await first.close()
    const second = await withArtifacts()
    expect(await second.ask()).toMatchObject({ number: 0, attempt: 3, resumeFrom: undefined })
    expect(others.length).toBe(1)
    await second.close()
    await others[0]!.close()
  })

  it('P4: a lease that ended is noticed when it is renewed: the trial is told to stop', async () => {
    const { paused, first, late } = await overtaken()
    expect(late.signal.aborted).toBe(false)
    paused.advance(10_001)
    await new Promise((resolve) => setImmediate(resolve))
    expect(late.signal.aborted).toBe(true)
    await first.close()
    expect(paused.pending).toBe(0)
  })

  it('P4: late results of an attempt that this very process has started again are refused, and its run goes on', async () => {
    const clock = new VirtualClock()
    const paused = new VirtualClock()
    const storage = new Shared(clock)
    const first = await open(storage, paused)
    const gates = Array.from({ length: 3 }, () => Promise.withResolvers<void>())
    const begun: string[] = []
    const run = first.optimize(async ({ number, attempt }) => {
      const index = begun.push(`${number}.${attempt}`) - 1
      await gates[index]!.promise
      return attempt
    }, { trials: 2, concurrency: 2 })
    const until = async (count: number): Promise<void> => {
      while (begun.length < count) await new Promise((resolve) => setImmediate(resolve))
    }
    await until(2)
    clock.advance(31_000)
    const second = await open(storage, clock) // Sweeps both.
    gates[1]!.resolve()
    await until(3)
    expect(begun).toEqual(['0.1', '1.1', '0.2'])
    gates.push(Promise.withResolvers<void>())
    // The second attempt has ended when the first one's result comes.
    gates[2]!.resolve()
    await until(4)
    gates[0]!.resolve()
    gates[3]!.resolve()
    await pass(paused, run)
    await second.refresh()
    expect(second.trials()).toMatchObject([{ state: 'complete', value: 2, attempt: 2 }, { state: 'complete', value: 2, attempt: 2 }])
    await first.close()
    await second.close()
    expect(paused.pending).toBe(0)
  })

  it('P16: a trial that a run was still starting when its study was closed leaves no thread and no timer', async () => {
    const clock = new VirtualClock()
    const memory = new Shared(clock)
    const gate = Promise.withResolvers<void>()
    let threads = 0
    const storage = new Proxy(memory, { get(target, key) {
      if (key === 'keepAlive') return () => (threads++, { forget() {}, stop: () => void threads-- })
      const value: unknown = Reflect.get(target, key, target)
      if (typeof value !== 'function') return value
      return (...args: unknown[]): unknown => {
        const answer: unknown = Reflect.apply(value, target, args)
        const [operation] = key === 'write' ? (args[1] as { readonly operations: readonly { readonly type: string }[] }).operations : []
        return operation?.type === 'create' ? gate.promise.then(() => answer) : answer
      }
    } })
    const study = await open(storage, clock)
    const run = study.optimize(() => 1, { trials: 3 })
    await new Promise((resolve) => setImmediate(resolve))
    await pass(clock, study.close())
    await run
    gate.resolve()
    for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve))
    expect([threads, clock.pending]).toEqual([0, 0])
    const again = await open(memory, clock)
    expect(again.counts).toMatchObject({ running: 0, waiting: 1 })
    await again.close()
  })

  it('P16: a run that waits for another process goes on also where it was told by something else what that one did', async () => {
    const clock = new VirtualClock()
    const storage = new Shared(clock)
    const other = await open(storage, clock)
    const held = await other.ask()
    const asked: number[] = []
    const patient: PrunerFactory = { specVersion: 'v1', id: 'patient', create: ({ history }) => ({ judge: () => 'continue', next: () => {
      asked.push(history.revision)
      return history.completeCount === 0 ? 'wait' : undefined
    } }) }
    const waiting = await createStudy({ storage, space, seed: 1, pruner: patient, lease: 30_000, ifExists: 'resume', use: [{ register: (registry) => registry.value(tokens.clock, clock) }] })
    const run = waiting.optimize(() => 1, { trials: 2 })
    while (asked.length === 0) await new Promise((resolve) => setImmediate(resolve))
    await new Promise((resolve) => setImmediate(resolve))
    await other.tell(held, 1)
    await waiting.refresh()
    for (let i = 0; i < 100 && waiting.counts.complete < 2; i++) {
      clock.advance(1000)
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(waiting.counts.complete).toBe(2)
    await run
    await waiting.close()
    await other.close()
  })

  it('P16: a trial that was on its way when the study was closed is put back, and no timer is left', async () => {
    const clock = new VirtualClock()
    const memory = new Shared(clock)
    const gate = Promise.withResolvers<void>()
    const storage = new Proxy(memory, { get(target, key) {
      const value: unknown = Reflect.get(target, key, target)
      if (typeof value !== 'function') return value
      return (...args: unknown[]): unknown => {
        const answer: unknown = Reflect.apply(value, target, args)
        // The trial is made, and its answer is slow.
        const [operation] = key === 'write' ? (args[1] as { readonly operations: readonly { readonly type: string }[] }).operations : []
        return operation?.type === 'create' ? gate.promise.then(() => answer) : answer
      }
    } })
    const study = await open(storage, clock)
    const asked = study.ask().then(() => 'a trial', (error: { readonly code: string }) => error.code)
    const closed = study.close()
    gate.resolve()
    await pass(clock, closed)
    expect(await asked).toBe('STUDY_CLOSED')
    expect(clock.pending).toBe(0)
    const again = await open(memory, clock)
    expect(again.counts).toMatchObject({ running: 0, waiting: 1 })
    await again.close()
  })

  it('P4: a run that is overtaken stops its training and its executor, and goes on; what it did late is nowhere', async () => {
    const clock = new VirtualClock()
    const paused = new VirtualClock()
    const storage = new Shared(clock)
    const done: string[] = []
    const inner = new InProcessExecutor()
    const executor: Executor = { specVersion: 'v1', id: 'test', slots: () => 1, close() {}, run: (trainer, trial) => ({ reports: inner.run(trainer, trial).reports, end: () => void done.push(`ended ${trial.number}`) }) }
    const first = await createStudy({ storage, space, seed: 1, lease: 30_000, executor, use: [{ register: (registry) => registry.value(tokens.clock, paused) }] })
    let reached!: () => void
    const frozen = new Promise<void>((resolve) => {
      reached = resolve
    })
    let thaw!: () => void
    const run = first.optimize({ specVersion: 'v1', id: 'test', concurrency: 'shared', async *train({ number, signal }) {
      signal.addEventListener('abort', () => done.push(`aborted ${number}: ${(signal.reason as Error).message}`))
      try {
        yield { step: 1, value: 9 }
        if (number === 0) await new Promise<void>((resolve) => {
          thaw = resolve
          reached()
        })
        yield { step: 2, value: 9 }
      } finally {
        done.push(`left ${number}`)
      }
    } }, { trials: 2 })
    await frozen
    clock.advance(31_000)
    const second = await open(storage, clock)
    const taken = await second.ask()
    expect(taken).toMatchObject({ number: 0, attempt: 2 })
    await second.tell(taken, 5)
    const revision = second.trial(0)
    thaw()
    await pass(paused, run)
    await second.refresh()
    expect(second.trial(0)).toEqual(revision)
    expect(done.slice(0, 3)).toEqual(['aborted 0: Trial 0 should end: lost.', 'left 0', 'ended 0'])
    expect(second.counts).toMatchObject({ complete: 2, running: 0, waiting: 0 })
    await first.close()
  })

  it('P4, broken twin: a storage that does not look at tokens is found out', async () => {
    class Trusting extends Shared {
      readonly #current = new Map<number, string>()
      override write(...[id, request]: Parameters<MemoryStorage['write']>): ReturnType<MemoryStorage['write']> {
        const operations = request.operations.map((operation) => {
          if (operation.type === 'claim' || operation.type === 'create') this.#current.set(('number' in operation ? operation.number : undefined) ?? 0, operation.lease?.token ?? '')
          return 'token' in operation && operation.number !== undefined ? { ...operation, token: this.#current.get(operation.number)! } : operation
        })
        return super.write(id, { ...request, operations })
      }
    }
    const clock = new VirtualClock()
    const storage = new Trusting(clock)
    const first = await open(storage, new VirtualClock())
    const late = await first.ask()
    clock.advance(31_000)
    const second = await open(storage, clock)
    const taken = await second.ask()
    await first.tell(late, 99)
    await second.refresh()
    expect([taken.attempt, second.trial(0).value]).toEqual([2, 99]) // The value of a former owner.
  })

  it('P6: a lease is renewed in time where its owner lives', async () => {
    const clock = new VirtualClock()
    const storage = new Shared(clock)
    const first = await open(storage, clock)
    const trial = await first.ask()
    for (let i = 0; i < 30; i++) {
      clock.advance(9_000)
      await new Promise((resolve) => setImmediate(resolve))
    }
    const second = await open(storage, clock)
    expect(second.trial(0).state).toBe('running')
    await first.tell(trial, 1)
    expect(clock.pending).toBe(0)
  })
})
