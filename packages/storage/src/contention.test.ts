import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import type { Change } from '@attune/core'
import { describe, expect, it, onTestFinished } from 'vitest'
import { SqliteStorage } from './sqlite-storage.ts'
import { temporaryFile } from './temporary-file.test-support.ts'

const program = fileURLToPath(new URL('./writer.test-support.ts', import.meta.url))

/** Lets `processes` × `threads` × `storages` writers loose on one study at the same moment and answers its history. */
async function writeTogether(processes: number, threads: number, storages: number, trials: number, kind = 'sound'): Promise<readonly Change[]> {
  const { path, remove } = temporaryFile()
  onTestFinished(remove)
  const storage = await SqliteStorage.open(path)
  onTestFinished(() => storage.close())
  const study = await storage.createStudy({ name: 'busy', space: null, fingerprint: null, objectives: [], constraints: [], metrics: null, seed: 1 }, 'create')
  const children = Array.from({ length: processes }, (_, i) => {
    const child = spawn(process.execPath, ['--conditions=attune-source', program, path, String(i), String(threads), String(storages), String(trials), kind], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, NODE_COMPILE_CACHE: join(dirname(path), 'compiled') },
    })
    onTestFinished(() => {
      child.kill('SIGKILL')
    })
    return { child, ready: once(child.stdout, 'data'), end: once(child, 'exit') }
  })
  await Promise.all(children.map(({ ready }) => ready))
  for (const { child } of children) child.stdin.write('go\n')
  for (const { end } of children) expect(await end).toEqual([0, null])
  const changes = await storage.changesSince(study?.id ?? '', 0, 1_000_000)
  const database = new DatabaseSync(path)
  expect(database.prepare('pragma integrity_check').all()).toEqual([{ integrity_check: 'ok' }])
  database.close()
  return changes
}

function expectGapless(changes: readonly Change[], trials: number): void {
  expect(changes.map(({ revision }) => revision)).toEqual(Array.from({ length: 2 * trials }, (_, i) => i + 1))
  const created = changes.flatMap(({ body }) => (body.type === 'create' ? [body.number] : []))
  expect(created).toEqual(Array.from({ length: trials }, (_, i) => i))
  expect(new Set(changes.flatMap(({ body }) => (body.type === 'create' ? [body.params?.['token']] : []))).size).toBe(trials)
  expect(changes.flatMap(({ body }) => (body.type === 'finish' ? [body.number] : [])).sort((a, b) => a - b)).toEqual(created)
}

describe('many writers on one file', () => {
  it('P2: numbers of 8 processes that make 500 trials each are unique and gapless', { timeout: 240_000 }, async () => {
    expectGapless(await writeTogether(8, 1, 1, 500), 4000)
  })

  it('P2, P18, broken twin: writers without transactions get numbers twice', { timeout: 240_000 }, async () => {
    const sound = await writeTogether(1, 1, 2, 20)
    expectGapless(sound, 40)
    const careless = await writeTogether(1, 1, 2, 20, 'careless')
    expect(() => expectGapless(careless, 40)).toThrow(/to deeply equal/)
  })

  it('P18: 32 writers in 4 processes leave the file whole', { timeout: 240_000 }, async () => {
    expectGapless(await writeTogether(4, 2, 4, 15), 480)
  })
})
