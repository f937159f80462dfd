// Logs the events of a file, those after the cursor, and says after each that it did, until it is killed or they end.
import { readFileSync } from 'node:fs'
import type { StudyEvent } from '@attune/core'
import { loggerContext } from '@attune/testing'
import { jsonl } from './jsonl.ts'

const [path = '', history = ''] = process.argv.slice(2)
const { id, events } = JSON.parse(readFileSync(history, 'utf8')) as { readonly id: string; readonly events: readonly StudyEvent[] }
const logger = await jsonl({ path, rotate: { bytes: 30_000 } }).create(loggerContext({ id, definition: { name: 'digits' } }))
for (const event of events) {
  if (event.revision <= (logger.cursor as number)) continue
  await logger.log(event)
  process.stdout.write(`${event.revision}\n`)
}
await logger.close()
