import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readEvents } from './events/event-reader.ts'
import type { OtherValue, SummaryValue, TensorBoardEvent } from './events/event.ts'

/** A folder that is gone when the test is over: `await using folder = await temporaryFolder()`. */
export async function temporaryFolder(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'attune-tensorboard-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

/** Those that are not empty, in the order in which TensorBoard reads them. */
export async function eventFiles(folder: string): Promise<readonly string[]> {
  const files = (await readdir(folder)).filter((name) => name.includes('tfevents')).sort().map((name) => join(folder, name))
  const sizes = await Promise.all(files.map((path) => stat(path)))
  return files.filter((_, i) => sizes[i]!.size > 0)
}

export async function readAll(path: string): Promise<readonly TensorBoardEvent[]> {
  const { events, error } = await readPrefix(path)
  if (error !== undefined) throw error
  return events
}

/** The events before the damage, and the damage if there is any. */
export async function readPrefix(path: string): Promise<{ readonly events: readonly TensorBoardEvent[]; readonly error: Error | undefined }> {
  const events: TensorBoardEvent[] = []
  try {
    for await (const event of readEvents(path)) events.push(event)
    return { events, error: undefined }
  } catch (error) {
    if (!(error instanceof Error)) throw error
    return { events, error }
  }
}

/** Every value in a run as `[step, value]`, as TensorBoard reads it: from a torn record it goes on to the next file. */
export async function runValues(folder: string): Promise<readonly (readonly [number, SummaryValue | OtherValue])[]> {
  const files = await Promise.all((await eventFiles(folder)).map(readPrefix))
  return files.flatMap((file) => file.events).flatMap((event) => (event.kind === 'summary' ? event.values.map((value) => [event.step, value] as const) : []))
}

/** The points of one tag in a run, as `[step, value]`. */
export async function points(folder: string, tag: string): Promise<readonly (readonly [number, number])[]> {
  return (await runValues(folder)).flatMap(([step, value]) => (value.kind === 'scalar' && value.tag === tag ? [[step, value.value] as const] : []))
}
