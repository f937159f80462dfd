/*
 * Writes until there is no room, says `full` with the number of records that were acknowledged, waits for a line, repeats the last
 * request, and says what came of it. Argument: path.
 */
import { once } from 'node:events'
import { isAttuneError, type WriteRequest } from '@attune/core'
import { SqliteStorage } from './sqlite-storage.ts'

const storage = await SqliteStorage.open(process.argv[2] ?? '')
const id = (await storage.findStudy('shared'))?.id ?? ''
const requestOf = (i: number): WriteRequest => ({ id: `record ${i}`, operations: [{ type: 'attribute', key: `${i}`, value: 'x'.repeat(2000) }] })

let written = 0
for (;;) {
  try {
    await storage.write(id, requestOf(written))
    written++
  } catch (error) {
    process.stdout.write(`${isAttuneError(error) ? `${error.code}: ${error.message}` : String(error)}\n`)
    break
  }
}
process.stdout.write(`${written} written, ${(await storage.changesSince(id, 0, 1_000_000)).length} read\n`)
await once(process.stdin, 'data')
process.stdout.write(`${(await storage.write(id, requestOf(written))).ok}\n`)
await storage.close()
process.stdout.write('closed\n')
process.exit()
