/*
 * A process of writers for the tests of contention: worker threads with so many storages each, and each storage makes
 * trials in a study and finishes them. Says when it is ready, starts at a line on standard input, ends by itself.
 * Arguments: path, name of the process, threads, storages a thread, trials a storage, kind of storage, name of the study.
 */
import { once } from 'node:events'
import { DatabaseSync } from 'node:sqlite'
import { setImmediate } from 'node:timers/promises'
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads'
import type { ChangeBody, CreateOperation, Storage, WriteResult } from '@attune/core'

interface Work {
  readonly path: string
  readonly name: string
  readonly storages: number
  readonly trials: number
  readonly kind: string
  readonly study: string
}

/** The broken twin: looks for the next number and revision, then writes, with no transaction around both. */
function withoutTransactions(path: string): Pick<Storage, 'write'> {
  const database = new DatabaseSync(path, { timeout: 60_000 })
  return {
    async write(_studyId, { operations }): Promise<WriteResult> {
      const { revision, trials } = database.prepare('select revision, trials from studies').get() as { revision: number; trials: number }
      const [operation] = operations
      const body: ChangeBody = operation?.type === 'finish' ? { type: 'finish', number: operation.number, outcome: operation.outcome } : { type: 'create', number: trials, origin: 'sampler', params: (operation as CreateOperation).params ?? {} }
      await setImmediate()
      database.prepare('insert or replace into changes values (1, ?, 0, ?, null, ?)').run(revision + 1, body.type, JSON.stringify(body))
      database.prepare('update studies set revision = ?, trials = ?').run(revision + 1, body.type === 'create' ? trials + 1 : trials)
      return { ok: true, changes: [{ revision: revision + 1, time: 0, body }] }
    },
  }
}

async function work({ path, name, storages, trials, kind, study }: Work): Promise<void> {
  // The main thread writes nothing, and starts sooner without this.
  const { SqliteStorage } = await import('./sqlite-storage.ts')
  const opened = await Promise.all(Array.from({ length: storages }, () => SqliteStorage.open({ path, busyTimeout: 120_000 })))
  const id = (await opened[0]?.findStudy(study))?.id ?? ''
  parentPort?.postMessage('ready')
  if (parentPort !== null) await once(parentPort, 'message')
  await Promise.all(opened.map(async (storage, i) => {
    await writeTrials(kind === 'sound' ? storage : withoutTransactions(path), id, `${name}.${i}`, trials)
    await storage.close()
  }))
}

async function writeTrials(storage: Pick<Storage, 'write'>, id: string, name: string, trials: number): Promise<void> {
  for (let i = 0; i < trials; i++) {
    const token = `${name} ${i}`
    const created = await storage.write(id, { id: `create ${token}`, operations: [{ type: 'create', origin: 'sampler', params: { token }, lease: { owner: name, token, milliseconds: 600_000 } }] })
    const change = created.ok ? created.changes[0]?.body : undefined
    if (change?.type !== 'create') throw new Error(`No trial was made: ${JSON.stringify(created)}`)
    const finished = await storage.write(id, { id: `finish ${token}`, operations: [{ type: 'finish', number: change.number, token, outcome: { state: 'complete', metrics: { loss: i } } }] })
    if (!finished.ok) throw new Error(`Not finished: ${JSON.stringify(finished)}`)
  }
}

async function main(): Promise<void> {
  const [path = '', name = '', threads = '1', storages = '1', trials = '1', kind = 'sound', study = 'busy'] = process.argv.slice(2)
  const work = (i: number): Work => ({ path, name: `${name}.${i}`, storages: Number(storages), trials: Number(trials), kind, study })
  const workers = Array.from({ length: Number(threads) }, (_, i) => new Worker(new URL(import.meta.url), { workerData: work(i) }))
  const ends = workers.map((worker) => once(worker, 'exit'))
  await Promise.all(workers.map((worker) => once(worker, 'message')))
  process.stdout.write('ready\n')
  await once(process.stdin, 'data')
  for (const worker of workers) worker.postMessage('go')
  await Promise.all(ends)
  process.stdin.destroy()
}

await (isMainThread ? main() : work(workerData as Work).then(() => parentPort?.close()))
