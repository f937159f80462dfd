import { once } from 'node:events'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startChild } from './child.test-support.ts'
import { sharedStudy } from './shared-study.test-support.ts'
import { SqliteStorage } from './sqlite-storage.ts'

function connect(path: string): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: 60_000 })
  onTestFinished(() => database.close())
  return database
}

function numberOf(database: DatabaseSync, sql: string): number {
  return Object.values(database.prepare(sql).get() ?? {})[0] as number
}

function running(token: string, milliseconds: number) {
  return { type: 'create', origin: 'sampler', params: { x: 1 }, lease: { owner: 'host', token, milliseconds } } as const
}

describe('the thread that renews leases', () => {
  it('P6: the thread that renews leases writes neither changes nor requests', async () => {
    const { path, id, storage, apply } = await sharedStudy()
    await apply(running('mine/1', 400))
    const database = connect(path)
    const before = numberOf(database, 'select lease_end from trials')
    const renewal = storage.keepAlive(id, 'mine', 400)
    while (numberOf(database, 'select lease_end from trials') < before + 800) await setTimeout(20)
    await renewal?.stop()
    expect(numberOf(database, 'select count(*) from changes')).toBe(1)
    expect(numberOf(database, 'select count(*) from requests')).toBe(1)
  })

  it('P6: the thread that renews leases outlasts a locked file, and tells if that lasts for a whole lease', async () => {
    const { path, id, storage, apply } = await sharedStudy()
    await apply(running('mine/1', 300))
    const database = connect(path)
    database.exec('begin immediate')
    const warned = once(process, 'warning')
    const renewal = storage.keepAlive(id, 'mine', 300)
    expect((await warned)[0]).toMatchObject({ code: 'ATTUNE_KEEP_ALIVE', message: expect.stringMatching(/could not be renewed for 300 ms, and are tried on.*locked/) })
    database.exec('rollback')
    const before = numberOf(database, 'select lease_end from trials')
    while (numberOf(database, 'select lease_end from trials') === before) await setTimeout(10)
    await renewal?.stop()
  })

  it.each(['open', 'closed'])('P16: the thread that renews leases does not keep the process alive, its storage %s', async (state) => {
    const { path } = await sharedStudy()
    const child = startChild(new URL('./keep-alive.test-support.ts', import.meta.url), path, state)
    expect(await child.line()).toBe('idle')
    expect(await child.ended).toEqual({ code: 0, signal: null })
  })

  it('is not there for what another thread cannot see: a database in memory, a clock of one’s own', async () => {
    const inMemory = new SqliteStorage(':memory:')
    expect(inMemory.keepAlive('id', 'mine', 1000)).toBeUndefined()
    await inMemory.close()
    const { storage, id } = await sharedStudy({ clock: { now: () => 0 } })
    expect(storage.keepAlive(id, 'mine', 1000)).toBeUndefined()
  })

  it('refuses a lease without a length', async () => {
    const { storage, id } = await sharedStudy()
    expect(() => storage.keepAlive(id, 'mine', 0)).toThrow(expect.objectContaining({ code: 'STORAGE_ARGUMENT' }))
  })
})
