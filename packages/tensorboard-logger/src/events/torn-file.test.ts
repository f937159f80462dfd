// A crash may leave any prefix of a file. Whoever goes on with the run must lose nothing that was whole, and nothing new.
import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { expect, test } from 'vitest'
import { missingPython } from '../../../../tools/python/run.mjs'
import { eventFiles, temporaryFolder } from '../files.test-support.ts'
import { encodeEvent } from './event-codec.ts'
import { eventFileNames } from './event-file.ts'
import { openEventWriter } from './event-writer.ts'
import type { SummaryEvent } from './event.ts'
import { encodeRecord } from './records.test-support.ts'
import { loadRun } from './run-data.ts'
import { base64, readWithPython } from './tensorboard-python.test-support.ts'

if (missingPython !== undefined) console.log(`SKIPPED: torn event files beside TensorBoard's own reader. ${missingPython}`)

const scalar = (step: number): SummaryEvent => ({ kind: 'summary', step, time: 0, values: [{ kind: 'scalar', tag: 'loss', value: step }] })

/** Goes on with the run in a folder, from a step on. */
type GoOn = (folder: string, events: readonly SummaryEvent[]) => Promise<void>

const ours: GoOn = async (folder, events) => {
  await using writer = await openEventWriter({ folder, startStep: events[0]!.step })
  for (const event of events) writer.add(event)
}

/** Appends to the file that is there, as a writer does that takes its tail for whole. */
const appending: GoOn = async (folder, events) => {
  const [file = ''] = await eventFileNames(folder)
  await appendFile(join(folder, file), Buffer.concat(events.map((event) => encodeRecord(encodeEvent(event)))))
}

/** Cuts a file of three points after each number of bytes in turn, goes on, and compares what is read with what must be there. */
async function losesNothing(goOn: GoOn, read: (folder: string) => Promise<readonly number[]>, every: number): Promise<void> {
  await using folder = await temporaryFolder()
  const source = join(folder.path, 'source')
  await ours(source, [0, 1, 2].map(scalar))
  const [file] = await eventFiles(source)
  const bytes = await readFile(file!)
  const ends = [0]
  for (let end = 0; end < bytes.length; ends.push(end)) end += 16 + bytes.readUInt32LE(end)
  for (let length = 0; length <= bytes.length; length += every) {
    const run = join(folder.path, `cut-${length}`)
    await mkdir(run)
    await writeFile(join(run, basename(file!)), bytes.subarray(0, length))
    // Version and start come first.
    const whole = Math.max(0, ends.filter((end) => end <= length).length - 3)
    await goOn(run, [whole, whole + 1].map(scalar))
    expect(await read(run), `cut after ${length} of ${bytes.length} bytes`).toEqual(Array.from({ length: whole + 2 }, (_, step) => step))
  }
}

/** As TensorBoard does, which goes on with the next file after damage. */
async function readOurselves(folder: string): Promise<readonly number[]> {
  return (await loadRun(folder, { onDamage: () => undefined })).scalars.get('loss')?.values ?? []
}

test('P8: a run of TensorBoard whose file was cut at any byte goes on without losing a whole record or a new one', async () => {
  await losesNothing(ours, readOurselves, 1)
})

test.skipIf(missingPython !== undefined)("P8: a run whose file was cut goes on for TensorBoard's own reader, too", async () => {
  await losesNothing(ours, async (folder) => readWithPython(folder).scalars[base64('loss')]!.map(({ step }) => Number(step)), 23)
})

test('P8, broken twin: a writer that appends to a torn event file is found out', async () => {
  await expect(losesNothing(appending, readOurselves, 1)).rejects.toThrow('cut after')
})
