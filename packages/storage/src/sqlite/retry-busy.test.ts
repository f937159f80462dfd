import { DatabaseSync } from 'node:sqlite'
import { isAttuneError } from '@attune/core'
import { describe, expect, it, onTestFinished } from 'vitest'
import { SqliteStorage } from '../sqlite-storage.ts'
import { temporaryFile } from '../temporary-file.test-support.ts'
import { type Lock, retryBusy } from './retry-busy.ts'

const definition = { name: 'locked', space: null, fingerprint: null, objectives: [], constraints: [], metrics: null, seed: 1 } as const

/** A file with a study, opened by a storage that waits so long, and by someone else who can lock it. */
async function lockable(busyTimeout: number): Promise<{ readonly storage: SqliteStorage; readonly id: string; readonly lock: () => void; readonly unlock: () => void }> {
  const { path, remove } = temporaryFile()
  onTestFinished(remove)
  const storage = await SqliteStorage.open({ path, busyTimeout })
  onTestFinished(() => storage.close())
  const study = await storage.createStudy(definition, 'create')
  const other = new DatabaseSync(path, { timeout: 0 })
  onTestFinished(() => other.close())
  return { storage, id: study?.id ?? '', lock: () => other.exec('begin immediate'), unlock: () => other.exec('rollback') }
}

function attribute(key: string): { readonly id: string; readonly operations: readonly [{ readonly type: 'attribute'; readonly key: string; readonly value: null }] } {
  return { id: key, operations: [{ type: 'attribute', key, value: null }] }
}

describe('a file that another process has locked', () => {
  it('is waited for, and the event loop goes on meanwhile', async () => {
    const { storage, id, lock, unlock } = await lockable(60_000)
    lock()
    const writing = storage.write(id, attribute('a'))
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setTimeout(resolve, 0))
    unlock()
    expect((await writing).ok).toBe(true)
  })

  it('does not change the order of the writes', async () => {
    const { storage, id, lock, unlock } = await lockable(60_000)
    lock()
    const writing = ['a', 'b', 'c', 'd'].map(async (key) => storage.write(id, attribute(key)))
    await new Promise((resolve) => setTimeout(resolve, 0))
    unlock()
    await Promise.all(writing)
    expect((await storage.changesSince(id, 0)).map(({ body }) => (body.type === 'attribute' ? body.key : ''))).toEqual(['a', 'b', 'c', 'd'])
  })

  it('ends a write with STORAGE_BUSY after the time that was given, and takes the next one', async () => {
    const { storage, id, lock, unlock } = await lockable(20)
    lock()
    const error = await storage.write(id, attribute('a')).catch((reason: unknown) => reason)
    expect(isAttuneError(error, 'STORAGE_BUSY') && error.message).toMatch(/locked by another process for 20 ms/)
    unlock()
    expect((await storage.write(id, attribute('a'))).ok).toBe(true)
  })

  it('is waited for once by calls that queue behind each other, not by one after the other', async () => {
    const lock: Lock = { since: undefined }
    const triesOf = async (called: number): Promise<number> => {
      let tries = 0
      const work = (): never => {
        tries++
        throw Object.assign(new Error('database is locked'), { errcode: 5 })
      }
      await expect(retryBusy(work, 'file', 200, { called, lock })).rejects.toMatchObject({ code: 'STORAGE_BUSY' })
      return tries
    }
    const called = performance.now()
    const [first, queued, later] = [await triesOf(called), await triesOf(called), await triesOf(performance.now())]
    expect([first > 1, queued, later > 1]).toEqual([true, 1, true])
    await retryBusy(() => 'free', 'file', 200, { lock })
    expect(lock.since).toBeUndefined()
  })

  it('can be read', async () => {
    const { storage, id, lock, unlock } = await lockable(0)
    await storage.write(id, attribute('a'))
    lock()
    expect((await storage.changesSince(id, 0)).length).toBe(1)
    expect((await storage.findStudy('locked'))?.revision).toBe(1)
    unlock()
  })
})
