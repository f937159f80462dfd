// Logs a long history and says after each event that it did, until it is killed or the history ends.
import { context, longHistory } from './study-events.test-support.ts'
import { tensorboard } from './tensorboard.ts'

const logger = await tensorboard({ logDir: process.argv[2]! }).create(context())
for (const event of longHistory()) {
  if (typeof logger.cursor === 'number' && event.revision <= logger.cursor) continue
  await logger.log(event)
  process.stdout.write(`${event.revision}\n`)
}
await logger.close()
