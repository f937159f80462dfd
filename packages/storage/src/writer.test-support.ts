/*
 * A process of writers for the tests of contention: as many worker threads as asked for, each with a storage of its own,
 * each making trials in a study and finishing them. Says when it is ready, starts at a line on standard input, ends by
 * itself. Arguments: path, name of the process, threads, trials a thread, kind of storage.
 */
import { once } from 'node:events'
import { DatabaseSync } from 'node:sqlite'
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads'
import type { Storage, WriteResult } from '@attune/core'
import { SqliteStorage } from './sqlite-storage.ts'

interface Work {
  readonly path: string
  readonly name: string
  readonly trials: number
  readonly kind: string
}

/** The broken twin: looks for the next number and revision, then writes, with no transaction around both. */
function withoutTransactions(path: string): Pick<Storage, 'write'> {
  const database = new DatabaseSync(path, { timeout: 60_000 })
  return {
    write(_studyId, { operations }): WriteResult {
      const { revision, trials } = database.prepare('select revision, trials from studies').get() as { revision: number; trials: number }
      const [operation] = operations
      const body = operation?.type === 'create' ? { type: 'create' as const, number: trials, origin: operation.origin, params: operation.params ?? {} } : { type: 'warn' as const, source: 'twin', message: '' }
      database.prepare('insert or replace into changes values (1, ?, 0, ?, null, ?)').run(revision + 1, body.type, JSON.stringify(body))
      database.prepare('update studies set revision = ?, trials = ?').run(revision + 1, body.type === 'create' ? trials + 1 : trials)
      return { ok: true, changes: [{ revision: revision + 1, time: 0, body }] }
    },
  }
}

async function work({ path, name, trials, kind }: Work): Promise<void> {
  const storage = await SqliteStorage.open({ path, busyTimeout: 120_000 })
  const study = await storage.findStudy('busy')
  const id = study?.id ?? ''
  const writer = kind === 'sound' ? storage : withoutTransactions(path)
  parentPort?.postMessage('ready')
  if (parentPort !== null) await once(parentPort, 'message')
  for (let i = 0; i < trials; i++) {
    const token = `${name} ${i}`
    const created = await writer.write(id, { id: `create ${token}`, operations: [{ type: 'create', origin: 'sampler', params: { token }, lease: { owner: name, token, milliseconds: 600_000 } }] })
    const change = created.ok ? created.changes[0]?.body : undefined
    if (change?.type !== 'create') throw new Error(`No trial was made: ${JSON.stringify(created)}`)
    const finished = await writer.write(id, { id: `finish ${token}`, operations: [{ type: 'finish', number: change.number, token, outcome: { state: 'complete', metrics: { loss: i } } }] })
    if (!finished.ok) throw new Error(`Not finished: ${JSON.stringify(finished)}`)
  }
  await storage.close()
}

async function main(): Promise<void> {
  const [path = '', name = '', threads = '1', trials = '1', kind = 'sound'] = process.argv.slice(2)
  const workers = Array.from({ length: Number(threads) }, (_, i) => new Worker(new URL(import.meta.url), { workerData: { path, name: `${name}.${i}`, trials: Number(trials), kind } satisfies Work }))
  const ends = workers.map((worker) => once(worker, 'exit'))
  await Promise.all(workers.map((worker) => once(worker, 'message')))
  process.stdout.write('ready\n')
  await once(process.stdin, 'data')
  for (const worker of workers) worker.postMessage('go')
  await Promise.all(ends)
  process.stdin.destroy()
}

await (isMainThread ? main() : work(workerData as Work).then(() => parentPort?.close()))
