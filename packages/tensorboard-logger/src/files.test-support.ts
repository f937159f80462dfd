import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readEvents } from './event-reader.ts'
import type { SummaryValue, TensorBoardEvent } from './event.ts'

/** A folder that is gone when the test is over: `await using folder = await temporaryFolder()`. */
export async function temporaryFolder(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'attune-tensorboard-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

export async function eventFiles(folder: string): Promise<readonly string[]> {
  return (await readdir(folder)).filter((name) => name.includes('tfevents')).sort().map((name) => join(folder, name))
}

export async function readAll(path: string): Promise<readonly TensorBoardEvent[]> {
  return Array.fromAsync(readEvents(path))
}

/** Every value in a run, in the order in which a reader sees them, as `[step, value]`. */
export async function runValues(folder: string): Promise<readonly (readonly [number, SummaryValue])[]> {
  const events = await Promise.all((await eventFiles(folder)).map(readAll))
  return events.flat().flatMap((event) => (event.kind === 'summary' ? event.values.map((value) => [event.step, value] as const) : []))
}

/** The points of one tag in a run, as `[step, value]`. */
export async function points(folder: string, tag: string): Promise<readonly (readonly [number, number])[]> {
  return (await runValues(folder)).flatMap(([step, value]) => (value.kind === 'scalar' && value.tag === tag ? [[step, value.value] as const] : []))
}
