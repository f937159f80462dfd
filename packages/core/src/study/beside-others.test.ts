import { describe, expect, it } from 'vitest'
import { tokens } from '../container/tokens.ts'
import { AttuneError } from '../errors.ts'
import { float } from '../space/builders.ts'
import { VirtualClock } from '../virtual-clock.test-support.ts'
import { createStudy } from './create-study.ts'
import type { StudyOptions } from './options.ts'
import { pass, SharedStorage } from './whole-study.test-support.ts'

const space = { x: float(0, 1) }

/** Processes that share a storage and a clock. */
function processes(): { readonly clock: VirtualClock; readonly storage: SharedStorage; open(identity: string, options?: Partial<StudyOptions<typeof space>>): ReturnType<typeof createStudy<typeof space>> } {
  const clock = new VirtualClock()
  const storage = new SharedStorage(clock)
  return {
    clock,
    storage,
    open: (identity, options = {}) => createStudy({
      space, storage, seed: 1, lease: 3000, ...options,
      use: [{ register: (registry) => {
        registry.value(tokens.clock, clock)
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
    while (failures < 3) await new Promise((resolve) => setImmediate(resolve))
    await other.tell(trial, 1)
    expect((await over).reason).toBe('1 trial is done')
  })
})
