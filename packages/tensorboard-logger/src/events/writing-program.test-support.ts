// Writes scalars to a run in a process of its own: `folder first count`. Says after each flush up to which step all are in the file.
import { openEventWriter } from './event-writer.ts'

const [folder = '', first = '0', count = '0'] = process.argv.slice(2)
const writer = await openEventWriter({ folder, flushAfter: Infinity, flushAt: Infinity })
for (let step = Number(first); step < Number(first) + Number(count); step++) {
  writer.add({ kind: 'summary', step, time: step, values: [{ kind: 'scalar', tag: `from-${first}`, value: step }, { kind: 'text', tag: 'note', markdown: 'x'.repeat(step % 500) }] })
  if (step % 7 !== 0) continue
  await writer.flush()
  process.stdout.write(`${step}\n`)
}
await writer.close()
