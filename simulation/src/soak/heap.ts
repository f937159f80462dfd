/*
 * One process that runs many trials on an SQLite file, and says after each fifth of them what its heap holds, one line of JSON each.
 * Arguments: trials, and who is told of
 * them: nobody (`alone`), a listener that keeps nothing but reads each record's parameters (`read`), the progress display (`progress`),
 * that and TensorBoard (`loggers`), or a listener that keeps every event (`leak`), which is a mistake that must show. Needs --expose-gc: garbage is not counted.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { createStudy, loadStudy, minimize, random, type LoggerFactory } from '@attune/core'
import { progress } from '@attune/node'
import { SqliteStorage } from '@attune/storage'
import { tensorboard } from '@attune/tensorboard-logger'
import { soakSpace, soakValue } from './objective.ts'

const [trials = '0', how = 'loggers'] = process.argv.slice(2)
const collect = (globalThis as { readonly gc?: () => void }).gc
if (collect === undefined) throw new Error('Run this with node --expose-gc, so that garbage is not counted.')

/** Bytes in use after two collections, with a turn of the event loop between them for what is freed late. */
async function used(): Promise<number> {
  collect!()
  await new Promise((resolve) => setImmediate(resolve))
  collect!()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

const folder = mkdtempSync(join(tmpdir(), 'attune-heap-'))
try {
  const storage = await SqliteStorage.open(join(folder, 'heap.db'))
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  /** Revision of the last event that a slow logger has written: while it is behind, it reads the history back, which takes a second one. */
  let written = 0
  const watched = (factory: LoggerFactory): LoggerFactory => ({ ...factory, async create(context) {
    const logger = await factory.create(context)
    return { cursor: logger.cursor, flush: () => logger.flush(), close: () => logger.close(), async log(event) {
      await logger.log(event)
      written = event.revision
    } }
  } })
  const loggers = how === 'progress' ? [progress({ stream: nowhere })] : how === 'loggers' ? [progress({ stream: nowhere }), watched(tensorboard({ logDir: join(folder, 'runs') }))] : []
  const before = await used()
  const study = await createStudy({ name: 'heap', space: soakSpace, objective: minimize('loss'), sampler: random(), storage, seed: 1, loggers })
  // Whoever asks for a record's nested parameters makes the history build them, and keep them.
  if (how === 'read') study.on((event) => void ('trial' in event && event.trial.params))
  const leaked: unknown[] = []
  if (how === 'leak') study.on((event) => void leaked.push({ ...event }))
  const total = Number(trials)
  for (let part = 1; part <= 5; part++) {
    const began = performance.now()
    await study.optimize((trial) => soakValue(trial.params), { trials: Math.round((total * part) / 5) })
    while (how === 'loggers' && written < study.columns.revision) await sleep(20)
    const seconds = (performance.now() - began) / 1000
    console.log(JSON.stringify({ trials: study.counts.complete, bytes: (await used()) - before, seconds }))
  }
  await study.close()
  if (how === 'alone') {
    const start = await used()
    const loaded = await loadStudy({ storage, name: 'heap' })
    // What the history alone takes, as a process that only reads it sees it.
    console.log(JSON.stringify({ history: (await used()) - start, trials: loaded.counts.complete }))
    await loaded.close()
  }
  await storage.close()
} finally {
  rmSync(folder, { recursive: true, force: true })
}
