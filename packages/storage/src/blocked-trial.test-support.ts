/*
 * A process whose training blocks the event loop for three leases from the moment that it has the trial. Says `asked`, blocks, tells
 * the trial, and says its state and attempt. Arguments: path, lease in milliseconds, kind of storage.
 */
import { writeSync } from 'node:fs'
import { createStudy, float, minimize, type Storage } from '@attune/core'
import { SqliteStorage } from './sqlite-storage.ts'

const [path = '', lease = '', kind = 'sound'] = process.argv.slice(2)

/** The broken twin: whatever renews leases needs the event loop. */
function withoutThread(storage: SqliteStorage): Storage {
  return {
    specVersion: 'v1',
    persistent: true,
    createStudy: (...parts) => storage.createStudy(...parts),
    findStudy: (name) => storage.findStudy(name),
    listStudies: () => storage.listStudies(),
    copyStudy: (...parts) => storage.copyStudy(...parts),
    deleteStudy: (...parts) => storage.deleteStudy(...parts),
    write: (...parts) => storage.write(...parts),
    changesSince: (...parts) => storage.changesSince(...parts),
    close: () => storage.close(),
  }
}

const storage = await SqliteStorage.open({ path, busyTimeout: 60_000 })
const study = await createStudy({ name: 'blocked', space: { x: float(0, 1) }, objective: minimize('loss'), storage: kind === 'sound' ? storage : withoutThread(storage), lease: Number(lease), seed: 1 })
const trial = await study.ask()
writeSync(1, 'asked\n')
Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3 * Number(lease))
const { state, attempt } = await study.tell(trial, { loss: 0.25 })
writeSync(1, `${state} in attempt ${attempt}\n`)
await study.close()
await storage.close()
