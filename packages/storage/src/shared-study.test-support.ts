import { DatabaseSync } from 'node:sqlite'
import type { Change, ChangeBody, Operation } from '@attune/core'
import { expect, onTestFinished } from 'vitest'
import type { SqliteOptions } from './sqlite-options.ts'
import { SqliteStorage } from './sqlite-storage.ts'
import { temporaryFile } from './temporary-file.test-support.ts'

export const sharedDefinition = { name: 'shared', space: null, fingerprint: null, objectives: [], constraints: [], metrics: null, seed: 1 } as const

/** A study in a file of its own, which is removed with the test. */
export interface SharedStudy {
  readonly path: string
  readonly id: string
  readonly storage: SqliteStorage
  /** Applies operations in one request, which must be accepted. */
  apply(...operations: readonly Operation[]): Promise<readonly Change[]>
  bodies(): Promise<readonly ChangeBody[]>
}

export async function sharedStudy(options: Partial<SqliteOptions> = {}): Promise<SharedStudy> {
  const { path, remove } = temporaryFile()
  onTestFinished(remove)
  const storage = await SqliteStorage.open({ busyTimeout: 60_000, ...options, path })
  onTestFinished(() => storage.close())
  const id = (await storage.createStudy(sharedDefinition, 'create'))?.id ?? ''
  let requests = 0
  return {
    path,
    id,
    storage,
    apply: async (...operations) => {
      const result = await storage.write(id, { id: `test ${++requests}`, operations })
      if (!result.ok) throw new Error(`${result.refusal.reason}: ${result.refusal.message}`)
      return result.changes
    },
    bodies: async () => (await storage.changesSince(id, 0, 1_000_000)).map(({ body }) => body),
  }
}

/** Fails unless SQLite finds the whole file in order. */
export function expectWhole(path: string): void {
  const database = new DatabaseSync(path, { timeout: 60_000 })
  try {
    expect(database.prepare('pragma integrity_check').all()).toEqual([{ integrity_check: 'ok' }])
    expect(database.prepare('pragma foreign_key_check').all()).toEqual([])
  } finally {
    database.close()
  }
}
