// Runs under a limit on the size of files: writes until it fails, then goes on trying. Prints what happened.
import { stat } from 'node:fs/promises'
import { isAttuneError } from '@attune/core'
import { openEventWriter } from './event-writer.ts'

const errors: { readonly code: string; readonly message: string }[] = []
async function attempt(action: () => Promise<void>): Promise<void> {
  try {
    await action()
  } catch (error) {
    if (!isAttuneError(error)) throw error
    errors.push({ code: error.code, message: error.message })
  }
}

const writer = await openEventWriter({ folder: process.argv[2]!, flushAfter: Infinity })
let flushed = 0
for (; errors.length === 0; flushed++) {
  writer.add({ kind: 'summary', step: flushed, time: 0, values: [{ kind: 'scalar', tag: 'loss', value: flushed }] })
  await attempt(() => writer.flush())
}
const { size } = await stat(writer.path)
await attempt(async () => writer.add({ kind: 'summary', step: 1, time: 0, values: [{ kind: 'scalar', tag: 'short', value: 1 }] }))
await attempt(() => writer.flush())
await attempt(() => writer.sync())
await attempt(() => writer.close())
console.log(JSON.stringify({ errors, flushed: flushed - 1, size, path: writer.path }))
