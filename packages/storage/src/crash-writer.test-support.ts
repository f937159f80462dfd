/*
 * A program that the crash tests kill. It goes on with a study for ever, and says on standard output, one line each,
 * what it is about to write (`intend`) and what the storage acknowledged (`done`). Arguments: path, run, kind of storage.
 */
import { writeSync } from 'node:fs'
import { flushCompileCache } from 'node:module'
import type { Storage, WriteRequest, WriteResult } from '@attune/core'
import { SqliteStorage } from './sqlite-storage.ts'

const [path = '', run = '0', kind = 'sound'] = process.argv.slice(2)

/** The broken twin: acknowledges first, and is always a few writes behind, so that every kill finds some missing. */
function acknowledgingEarly(storage: Storage): Pick<Storage, 'write'> {
  const later: (readonly [string, WriteRequest])[] = []
  return {
    async write(studyId, request): Promise<WriteResult> {
      later.push([studyId, request])
      if (later.length > 8) for (const [id, one] of later.splice(0, 1)) await storage.write(id, one)
      return { ok: true, changes: [] }
    },
  }
}

// A killed process leaves no compiled modules behind for the next one unless it is told to.
flushCompileCache()

const storage = await SqliteStorage.open(path)
const study = await storage.createStudy(
  { name: 'crash', space: null, fingerprint: null, objectives: [{ metric: 'loss', direction: 'minimize', from: 'last' }], constraints: [], metrics: null, seed: 1 },
  'create',
)
const id = study?.id ?? (await storage.findStudy('crash'))?.id ?? ''
const writer = kind === 'sound' ? storage : acknowledgingEarly(storage)

for (let i = 0; ; i++) {
  // The key of the attribute and the loss of the trial tell what was written by whom.
  const key = `${run}.${i}`
  const token = `token ${key}`
  writeSync(1, `intend ${key}\n`)
  await writer.write(id, {
    id: key,
    operations: [
      { type: 'create', origin: 'added', params: { key }, outcome: { state: 'complete', metrics: { loss: i } } },
      { type: 'create', origin: 'sampler', params: { key }, lease: { owner: 'host', token, milliseconds: 60_000 } },
      { type: 'attribute', key, value: i },
    ],
  })
  writeSync(1, `done ${key}\n`)
}
