/*
 * Writes one trial with a real storage. `holder` says `inside` in the midst of its transaction and stays there until it reads a
 * line. `waiter` tries for a short time, says how that ended, waits for a line, and repeats the request. Arguments: path, role, name.
 */
import { readSync, writeSync } from 'node:fs'
import { isAttuneError, type WriteRequest } from '@attune/core'
import { SqliteStorage } from './sqlite-storage.ts'

const [path = '', role = '', name = ''] = process.argv.slice(2)

/** Without the event loop: in the midst of a transaction there is none. */
function readLine(): void {
  for (const byte = Buffer.alloc(1); readSync(0, byte) > 0 && byte[0] !== 10; );
}

const request: WriteRequest = { id: name, operations: [{ type: 'create', origin: 'added', params: { name }, outcome: { state: 'complete', metrics: { loss: 1 } } }] }

async function write(busyTimeout: number): Promise<string> {
  const storage = await SqliteStorage.open({ path, busyTimeout })
  try {
    const id = (await storage.findStudy('shared'))?.id ?? ''
    return (await storage.write(id, request)).ok ? 'written' : 'refused'
  } catch (error) {
    return isAttuneError(error) ? error.code : String(error)
  } finally {
    await storage.close()
  }
}

if (role === 'holder') {
  Object.assign(globalThis, {
    [Symbol.for('@attune/core/failpoint')]: (place: string) => {
      if (place !== 'storage.before-request') return
      writeSync(1, 'inside\n')
      readLine()
    },
  })
} else {
  writeSync(1, `${await write(300)}\n`)
  readLine()
}
writeSync(1, `${await write(60_000)}\n`)
