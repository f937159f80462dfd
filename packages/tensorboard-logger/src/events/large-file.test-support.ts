// Writes a file of many megabytes and reads it: prints by how many bytes that has raised the largest memory of this process.
import { readEvents } from './event-reader.ts'
import { openEventWriter } from './event-writer.ts'

const megabytes = Number(process.argv[3])
const writer = await openEventWriter({ folder: process.argv[2]! })
const markdown = 'x'.repeat(2 ** 20)
const before = process.resourceUsage().maxRSS
for (let step = 0; step < megabytes; step++) {
  writer.add({ kind: 'summary', step, time: 0, values: [{ kind: 'text', tag: 'note', markdown }] })
  await writer.flush()
}
await writer.close()
let read = 0
for await (const event of readEvents(writer.path)) if (event.kind === 'summary') read++
console.log(JSON.stringify({ read, raised: (process.resourceUsage().maxRSS - before) * 1024 }))
