import { describe, expect, it } from 'vitest'
import { MemoryArtifacts } from '../../artifact/memory-artifacts.ts'
import type { ArtifactStore } from '../../contracts/artifact.ts'
import type { Registry } from '../../container/registry.ts'
import { tokens } from '../../container/tokens.ts'
import type { PrunerFactory } from '../../contracts/pruner.ts'
import { minimize } from '../../objective/objectives.ts'
import { float } from '../../space/builders.ts'
import { MemoryStorage } from '../../storage/memory-storage.ts'
import { systemClock } from '../../system.ts'
import { VirtualClock } from '../../virtual-clock.test-support.ts'
import { decode, encode, training } from './artifact-trainer.test-support.ts'
import { collectGarbage } from './collect-garbage.ts'
import { createStudy } from '../create-study.ts'
import { copyStudy, deleteStudy } from '../manage-studies.ts'
import type { StudyOptions } from '../options.ts'
import type { Study } from '../study.ts'
import { whileCopied } from './while-copied.ts'

const space = { x: float(0, 1) }
const hour = 3_600_000
type Options = Partial<Pick<StudyOptions<typeof space>, 'name' | 'storage' | 'artifacts' | 'keep' | 'pruner'>>
const open = (options: Options): Promise<Study<{ readonly x: number }>> => createStudy({ space, objective: minimize('loss'), seed: 3, ifExists: 'resume', ...options })

const warningsOf = (study: Study<{ readonly x: number }>): string[] => {
  const warnings: string[] = []
  study.on((event) => event.type === 'warning' && warnings.push(event.message))
  return warnings
}

describe('what nothing refers to any more', () => {
  it('goes when the next session runs, where the one that put it has crashed', async () => {
    const clock = new VirtualClock()
    const [storage, artifacts] = [new MemoryStorage(systemClock), new MemoryArtifacts({ clock })]
    const crashed = await open({ storage, artifacts })
    await crashed.enqueue({ x: 0.9 })
    await crashed.optimize(training(4), { trials: 1 })
    const trial = await crashed.ask() // Never told, nor is the study closed.
    await trial.report({ step: 1, loss: 1, checkpoint: () => encode('running') })
    await crashed.setArtifact('notes', encode('notes'))

    const study = await open({ storage, artifacts })
    await study.enqueue({ x: 0.1 })
    await study.optimize(training(4), { stop: ({ counts }) => (counts.complete >= 2 ? 'enough' : undefined) })
    // Nothing tells that the other session has ended: what it has just put stays.
    expect(study.best.number).toBe(2)
    await study.close()
    expect(artifacts.list().length).toBe(4)

    clock.advance(hour)
    const next = await open({ storage, artifacts })
    await next.optimize(training(4), { trials: 2 })
    await next.close()
    const left = await Promise.all(artifacts.list().map(({ hash }) => decode(artifacts.get(hash))))
    expect(left).toEqual(expect.arrayContaining([2, 'notes', 'running']))
    expect(left.length).toBe(3)
  })

  it('goes at once where its session has closed the study, in the same process too', async () => {
    const [storage, artifacts] = [new MemoryStorage(systemClock), new MemoryArtifacts()]
    const use = [{ register: (registry: Registry) => registry.value(tokens.host, { specVersion: 'v1', identity: 'this process', isGone: () => false }) }]
    for (const x of [0.9, 0.5, 0.1]) {
      const study = await createStudy({ space, objective: minimize('loss'), seed: 3, ifExists: 'resume', storage, artifacts, use })
      await study.enqueue({ x })
      await study.optimize(training(2), { more: 1 })
      await study.close()
      expect(artifacts.list().length).toBe(1)
    }
  })

  it('P14: a checkpoint stays where this session has put the same bytes while what another has left is cleared', async () => {
    const [storage, memory] = [new MemoryStorage(systemClock), new MemoryArtifacts()]
    const as = (identity: string) => [{ register: (registry: Registry) => registry.value(tokens.host, { specVersion: 'v1', identity, isGone: (other) => other === 'first' }) }]
    const changed = <T extends object>(target: T, key: string, instead: (args: readonly unknown[], go: () => unknown) => unknown): T => new Proxy(target, { get(_, name) {
      const value: unknown = Reflect.get(target, name, target)
      if (typeof value !== 'function') return value
      return (...args: unknown[]): unknown => {
        const go = (): unknown => Reflect.apply(value, target, args)
        return name === key ? instead(args, go) : go()
      }
    } })
    // The first puts its bytes, and dies before the history is told.
    const first = await createStudy({ space, objective: minimize('loss'), seed: 3, use: as('first'), artifacts: memory, storage: changed(storage, 'write', ([, request], go) => ((request as { readonly operations: readonly { readonly type: string }[] }).operations[0]!.type === 'report' ? new Promise(() => undefined) : go())) })
    void (await first.ask()).report({ step: 1, loss: 1, checkpoint: () => encode('same') })
    while (memory.list().length === 0) await new Promise((resolve) => setImmediate(resolve))

    const [begun, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const slow = changed(memory, 'release', async (_, go) => {
      begun.resolve()
      await gate.promise
      return go()
    })
    const second = await createStudy({ space, objective: minimize('loss'), seed: 3, ifExists: 'resume', use: as('second'), artifacts: slow, storage })
    const trial = await second.ask() // Begins to clear.
    await begun.promise
    await trial.report({ step: 1, loss: 1, checkpoint: () => encode('same') })
    gate.resolve()
    await second.close()
    expect(second.trial(trial.number).checkpoint?.step).toBe(1)
    expect(await Promise.all(memory.list().map(({ hash }) => decode(memory.get(hash))))).toEqual(['same'])
  })

  it('stays while nobody runs trials: a study that is looked at deletes nothing', async () => {
    const clock = new VirtualClock()
    const [storage, artifacts] = [new MemoryStorage(systemClock), new MemoryArtifacts({ clock })]
    const study = await open({ storage, artifacts, keep: { best: 3 } })
    await study.optimize(training(), { trials: 5 })
    await study.close()
    clock.advance(hour)
    await (await open({ storage, artifacts })).close()
    expect(artifacts.list().length).toBe(3)
  })

  it('is not deleted under another study that has put the same bytes, whichever was first', async () => {
    const [storage, artifacts] = [new MemoryStorage(systemClock), new MemoryArtifacts()]
    const [a, b] = await Promise.all(['a', 'b'].map((name) => open({ name, storage, artifacts })))
    const same = training(2, (_, x) => `model ${x}`)
    for (const study of [a!, b!]) await study.enqueue({ x: 0.9 })
    for (const study of [a!, b!]) await study.optimize(same, { trials: 1 })
    expect(artifacts.list().length).toBe(1)
    await a!.enqueue({ x: 0.1 })
    await a!.optimize(same, { trials: 2 })
    expect(decode((await b!.best.artifact())?.bytes)).toBe('model 0.9')
    await b!.enqueue({ x: 0.1 })
    await b!.optimize(same, { trials: 2 })
    await a!.close()
    await b!.close()
    expect(artifacts.list().map(({ claims }) => claims.length)).toEqual([2])
    expect(decode((await b!.best.artifact())?.bytes)).toBe('model 0.1')
  })

  it('is put again where its release came last, though both go by one claim', async () => {
    const store = new MemoryArtifacts()
    let hold: { readonly begun: () => void; readonly go: Promise<void> } | undefined
    const artifacts: ArtifactStore = {
      specVersion: 'v1',
      persistent: false,
      put: (bytes, claim) => store.put(bytes, claim),
      get: (hash) => store.get(hash),
      list: (of) => store.list(of),
      delete: (hash, options) => store.delete(hash, options),
      async release(hash, claim, age) {
        hold?.begun()
        await hold?.go
        return store.release(hash, claim, age)
      },
    }
    const study = await open({ artifacts })
    await study.setArtifact('a', encode('same'))
    let release!: () => void
    const begun = new Promise<void>((resolve) => {
      hold = { begun: resolve, go: new Promise<void>((go) => (release = go)) }
    })
    const removing = study.removeArtifact('a')
    await begun
    const setting = study.setArtifact('b', encode('same')) // The store has it, and is about to delete it.
    await new Promise((resolve) => setImmediate(resolve))
    release()
    await Promise.all([removing, setting])
    expect(decode((await study.artifact('b'))?.bytes)).toBe('same')
  })

  it('is kept for copies: the source deletes nothing that it had when it was copied, nor the copy', async () => {
    const clock = new VirtualClock()
    const [storage, artifacts] = [new MemoryStorage(systemClock), new MemoryArtifacts({ clock })]
    const source = await open({ name: 'source', storage, artifacts })
    await source.enqueue({ x: 0.9 })
    await source.optimize(training(), { trials: 1 })
    await copyStudy(storage, 'source', 'copy')
    const copy = await open({ name: 'copy', storage, artifacts })
    for (const study of [source, copy]) {
      await study.enqueue({ x: 0.1 })
      await study.optimize(training(2, (number) => [study.name, number]), { trials: 2 })
      await study.close()
    }
    clock.advance(hour)
    for (const name of ['source', 'copy']) {
      const study = await open({ name, storage, artifacts })
      await study.enqueue({ x: 0.05 })
      await study.optimize(training(2, (number) => [name, number]), { trials: 3 })
      await study.close()
      expect(decode((await study.best.artifact())?.bytes)).toEqual([name, 2])
    }
    expect(artifacts.list().map(({ hash }) => decode(artifacts.get(hash)))).toEqual([0, ['source', 2], ['copy', 2]])
    // Nobody needs the model of trial 0 any more: only a look at both can tell.
    clock.advance(25 * hour)
    expect(await collectGarbage(artifacts, storage)).toMatchObject({ garbage: [{ size: 1 }], bytes: 1, kept: 2 })
  })

  it('is not deleted by a source that goes on while it is copied', async () => {
    const [storage, artifacts] = [new MemoryStorage(systemClock), new MemoryArtifacts()]
    const source = await open({ name: 'source', storage, artifacts })
    await source.enqueue({ x: 0.9 })
    await source.optimize(training(), { trials: 1 })
    await whileCopied(storage, source.summary.id, 'copy', async () => {
      await source.enqueue({ x: 0.5 })
      await source.optimize(training(), { trials: 2 })
      storage.copyStudy('source', 'copy', 'request')
      await source.enqueue({ x: 0.1 })
      await source.optimize(training(), { trials: 3 })
    })
    await source.close()
    const copy = await open({ name: 'copy', storage, artifacts })
    expect(decode((await copy.best.artifact())?.bytes)).toBe(1)
    expect(decode((await source.best.artifact())?.bytes)).toBe(2)
  })
})

describe('checkpoints of trials that ended', () => {
  const forking: PrunerFactory = {
    specVersion: 'v1',
    id: 'forking',
    create: ({ history }) => ({
      judge: () => 'continue',
      next: () => (history.length < 8 || history.length % 2 === 1 ? undefined : { fork: history.length - 3, params: { x: 0.5 } }),
    }),
  }

  it('stay for forks with a pruner that schedules, of the trials that ended last', async () => {
    const [storage, artifacts] = [new MemoryStorage(systemClock), new MemoryArtifacts()]
    const study = await open({ storage, artifacts, pruner: forking, keep: { best: 0, checkpoints: 4 } })
    const warnings = warningsOf(study)
    await study.optimize(training(3), { trials: 16 })
    const forks = study.trials().filter(({ origin }) => origin === 'fork')
    expect(forks.length).toBe(4)
    expect(forks.every(({ reports, parent }) => reports[0]!.step === study.trial(parent!).reports.at(-1)!.step + 1)).toBe(true)
    expect(warnings).toEqual([])
    expect(artifacts.list().length).toBe(4)
    await study.close()
    expect(artifacts.list().length).toBe(4)
    // So they are there for who goes on.
    const again = await open({ storage, artifacts, pruner: forking, keep: { best: 0, checkpoints: 4 } })
    const more = warningsOf(again)
    await again.optimize(training(4), { trials: 20 })
    expect(more).toEqual([])
    await again.close()
    expect(artifacts.list().length).toBe(4)
    // A worker that does not know of forks leaves them alone, unless it is told that there will be no more.
    const plain = await open({ storage, artifacts, keep: { best: 0, checkpoints: 4 } })
    await plain.optimize(training(3), { trials: 21 })
    await plain.close()
    expect(artifacts.list().length).toBe(4)
    const last = await open({ storage, artifacts, keep: { best: 0, checkpoints: 0 } })
    await last.optimize(training(3), { trials: 22 })
    await last.close()
    expect(artifacts.list()).toEqual([])
  })
})

describe('a fork', () => {
  it('from a trial that runs in another process goes on from what that has saved by now, and has its checkpoint for itself', async () => {
    const [storage, artifacts] = [new MemoryStorage(systemClock), new MemoryArtifacts()]
    let may = false
    const pruner: PrunerFactory = { specVersion: 'v1', id: 'forking', create: () => ({ judge: () => 'continue', next: () => (may ? { fork: 0, params: { x: 0.5 } } : undefined) }) }
    const [first, second] = [await open({ storage, artifacts, pruner }), await open({ storage, artifacts, pruner })]
    const parent = await first.ask()
    const save = (step: number): Promise<unknown> => parent.report({ step, loss: 1, checkpoint: () => encode(`parent ${step}`) })
    for (const step of [1, 2]) await save(step)
    await second.refresh()
    for (const step of [3, 4]) await save(step)
    expect(artifacts.list().length).toBe(2)
    may = true
    const get = artifacts.get.bind(artifacts)
    // Between reading the checkpoint and creating the fork, the parent goes on and drops it.
    Object.assign(artifacts, {
      get: async (hash: string) => {
        const bytes = get(hash)
        for (const step of [5, 6, 7]) await save(step)
        return bytes
      },
    })
    const fork = await second.ask()
    Object.assign(artifacts, { get })
    expect([fork.number, fork.resumeFrom?.step, decode(fork.resumeFrom?.bytes)]).toEqual([1, 4, 'parent 4'])
    expect(decode(artifacts.get(second.trial(1).checkpoint!.artifact.hash))).toBe('parent 4')
    for (const step of [5, 6]) await fork.report({ step, loss: 2, checkpoint: () => encode(`fork ${step}`) })
    await second.tell(fork, 2)
    await first.tell(parent, 1)
    await Promise.all([first.close(), second.close()])
  })
})

describe('a store that is full', () => {
  it('does not stop the study: it says so once, and saves checkpoints again when there is room', async () => {
    const artifacts = new MemoryArtifacts({ maxTotalBytes: 100 })
    const study = await open({ artifacts, keep: { best: 0 } })
    const warnings = warningsOf(study)
    const saved: number[] = []
    study.on((event) => event.type === 'checkpoint.saved' && saved.push(event.step))
    artifacts.put(new Uint8Array(100))
    await study.optimize(async function* ({ params: { x } }) {
      for (let step = 1; step <= 9; step++) {
        if (step === 5) artifacts.delete(artifacts.list()[0]!.hash)
        yield { step, loss: x, checkpoint: () => encode(step) }
      }
    }, { trials: 1 })
    expect(saved).toEqual([5, 6, 7, 8, 9])
    expect(warnings).toEqual([
      expect.stringMatching(/^The checkpoint of trial 0 at step 1 cannot be saved, the study goes on without checkpoints until it can: .*maxTotalBytes/),
      'Checkpoints are saved again, from step 5 of trial 0 on.',
    ])
    expect(study.counts.complete).toBe(1)
  })

  it('is not told of for ever, and one artefact that is too large does not count as full', async () => {
    const artifacts = new MemoryArtifacts({ maxTotalBytes: 5, maxBytes: 50 })
    const study = await open({ artifacts, keep: { best: 0 } })
    const warnings = warningsOf(study)
    await study.optimize(async function* ({ params: { x } }) {
      for (let step = 1; step <= 100; step++) yield { step, loss: x, checkpoint: () => new Uint8Array(step % 3 === 0 ? 60 : step % 2 === 0 ? 1 : 20).fill(step) }
    }, { trials: 1 })
    expect(warnings.filter((message) => message.includes('ARTIFACT') || message.includes('takes at most')).length).toBe(1)
    expect(warnings.filter((message) => message.includes('cannot be saved')).length).toBe(10)
    expect(warnings.length).toBeLessThan(25)
  })
})

describe('collectGarbage', () => {
  it('deletes what no study of the storages refers to, and only tells with a dry run', async () => {
    const clock = new VirtualClock()
    const artifacts = new MemoryArtifacts({ clock })
    const storages = [new MemoryStorage(systemClock), new MemoryStorage(systemClock)]
    const studies = await Promise.all(['a', 'b', 'c'].map((name, i) => open({ name, storage: storages[i % 2]!, artifacts, keep: { best: 2 } })))
    for (const study of studies) await study.optimize(training(3, (number) => [study.name, number]), { trials: 3 })
    const [a] = studies
    await a!.setArtifact('notes', encode('notes'))
    const running = await a!.ask()
    for (let step = 1; step <= 3; step++) await running.report({ step, loss: 1, checkpoint: () => encode(`step ${step}`) })
    artifacts.put(encode('left by a crash'))
    await deleteStudy(storages[0]!, 'c')
    clock.advance(25 * hour)
    artifacts.put(encode('just put'))
    const before = artifacts.list().length
    const dry = await collectGarbage(artifacts, storages, { dryRun: true })
    expect(dry.garbage.map(({ hash }) => decode(artifacts.get(hash))).map((value) => (Array.isArray(value) ? 'c' : String(value))).toSorted()).toEqual(['c', 'c', 'left by a crash'])
    expect(artifacts.list().length).toBe(before)
    const { garbage, bytes, kept } = await collectGarbage(artifacts, storages)
    expect(garbage.length).toBe(3)
    expect(bytes).toBe(dry.bytes)
    expect(artifacts.list().length).toBe(kept)
    expect(kept).toBe(2 + 2 + 1 + 2 + 1)
    expect((await collectGarbage(artifacts, storages, { olderThan: 0 })).garbage).toEqual([])
    clock.advance(1)
    expect((await collectGarbage(artifacts, storages, { olderThan: 0 })).garbage.length).toBe(1)
    for (const study of studies.slice(0, 2)) expect(await study.best.artifact()).toBeDefined()
  })

  it('leaves what is put again while it looks', async () => {
    const clock = new VirtualClock()
    const artifacts = new MemoryArtifacts({ clock })
    const storage = new MemoryStorage(systemClock)
    const study = await open({ storage, artifacts })
    const hash = artifacts.put(encode('old'))
    clock.advance(25 * hour)
    const looking = Object.assign(Object.create(artifacts) as MemoryArtifacts, {
      list: () => {
        const listed = artifacts.list()
        void study.setArtifact('again', encode('old'))
        return listed
      },
      delete: (...args: Parameters<MemoryArtifacts['delete']>) => artifacts.delete(...args),
    })
    expect((await collectGarbage(looking, storage)).garbage).toEqual([])
    expect(artifacts.get(hash)).toBeDefined()
  })

  it.each<[MemoryStorage | readonly MemoryStorage[], object]>([
    [[], {}],
    [new MemoryStorage(systemClock), { olderThan: -1 }],
    [new MemoryStorage(systemClock), { dry: true }],
  ])('refuses options that do not fit (%#)', async (storages, options) => {
    await expect(collectGarbage(new MemoryArtifacts(), storages, options)).rejects.toMatchObject({ code: 'OPTION' })
  })
})
