import { describe, expect, it } from 'vitest'
import { tokens } from '../container/tokens.ts'
import { AttuneError } from '../errors.ts'
import { float } from '../space/builders.ts'
import { VirtualClock } from '../virtual-clock.test-support.ts'
import { createStudy } from './create-study.ts'
import { pass, SharedStorage, turn } from './whole-study.test-support.ts'

const space = { x: float(0, 1) }

/** Processes that share a storage and a clock. */
function processes(): { readonly clock: VirtualClock; readonly storage: SharedStorage; open(identity: string, own?: VirtualClock): ReturnType<typeof createStudy<typeof space>> } {
  const clock = new VirtualClock()
  const storage = new SharedStorage(clock)
  return {
    clock,
    storage,
    open: (identity, own = clock) => createStudy({
      space, storage, seed: 1, lease: 3000, ifExists: 'resume',
      use: [{ register: (registry) => {
        registry.value(tokens.clock, own)
        registry.value(tokens.host, { specVersion: 'v1', identity, isGone: () => false })
      } }],
    }),
  }
}

describe('a run that waits for the trial of another process', () => {
  it.each([
    ['the study is deleted', 'STUDY_NOT_FOUND', (storage: SharedStorage) => void storage.deleteStudy('study', 'delete')],
    ['the storage is closed', 'STORAGE_CLOSED', (storage: SharedStorage) => storage.close()],
  ])('ends with the error where %s: it writes nothing that could fail', async (_, code, happens) => {
    const { clock, storage, open } = processes()
    const [waiting, other] = [await open('waiting'), await open('other')]
    await other.ask()
    clock.schedule(100, () => happens(storage))
    await expect(pass(clock, waiting.optimize(() => 1, { trials: 1 }))).rejects.toMatchObject({ code })
  })

  it('goes on waiting while the storage is busy', async () => {
    const { clock, storage, open } = processes()
    const [waiting, other] = [await open('waiting'), await open('other')]
    const trial = await other.ask()
    const run = waiting.optimize(() => 1, { trials: 1 })
    let failures = 0
    clock.schedule(100, () => {
      const { changesSince } = storage
      storage.changesSince = () => {
        if (++failures === 3) storage.changesSince = changesSince
        throw new AttuneError('STORAGE_BUSY', 'The file is locked.')
      }
    })
    const over = pass(clock, run)
    while (failures < 3) await turn()
    await other.tell(trial, 1)
    expect((await over).reason).toBe('1 trial is done')
  })
})

describe('a trial that was asked for by hand, and lost', () => {
  it('counts as one of whoever runs it by now: none is started in its place, and its end is waited for', async () => {
    const { clock, open } = processes()
    const own = new VirtualClock()
    const frozen = await open('frozen', own)
    const lost = await frozen.ask()
    clock.advance(3001)
    const other = await open('other')
    const taken = await other.ask()
    expect([taken.number, taken.attempt]).toEqual([0, 2])
    own.advance(1000) // Now the one that was frozen would renew its lease.
    const run = pass(own, frozen.optimize(() => 1, { trials: 1 }))
    await expect.poll(() => lost.signal.aborted).toBe(true)
    for (let i = 0; i < 20; i++) await turn()
    await other.tell(taken, 1)
    expect([(await run).reason, frozen.columns.length, frozen.counts.complete]).toEqual(['1 trial is done', 1, 1])
  })
})

describe('a total that several processes share', () => {
  it('is not exceeded by trials that were enqueued, where two processes claim the last ones at once', async () => {
    const { clock, open } = processes()
    const studies = [await open('a'), await open('b'), await open('c')]
    for (const x of [0.1, 0.2, 0.3, 0.4, 0.5]) await studies[0]!.enqueue({ x })
    const reasons = await pass(clock, Promise.all(studies.map((study) => study.optimize(async ({ params: { x } }) => {
      await turn()
      return x
    }, { trials: 2 }))))
    await studies[0]!.refresh()
    expect(studies[0]!.counts).toMatchObject({ complete: 2, waiting: 3, running: 0 })
    expect(new Set(reasons.map(({ reason }) => reason))).toEqual(new Set(['2 trials are done']))
  })

  it('grows by "more" from what others have done since the study was opened here', async () => {
    const { clock, open } = processes()
    const [early, other] = [await open('early'), await open('other')]
    await pass(clock, other.optimize(({ params: { x } }) => x, { trials: 3 }))
    await pass(clock, early.optimize(({ params: { x } }) => x, { more: 2 }))
    expect(early.counts.complete).toBe(5)
  })
})
