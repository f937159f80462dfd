import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'

const accumulate = `
import json, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
accumulator = EventAccumulator(sys.argv[1], size_guidance={'tensors': 0, 'scalars': 0})
accumulator.Reload()
tags = accumulator.Tags()
plain = lambda value: value if value == value and abs(value) != float('inf') else str(value)
print(json.dumps({
  'scalars': {tag: [[point.step, plain(point.value)] for point in accumulator.Scalars(tag)] for tag in tags['scalars']},
  'texts': {tag: [point.tensor_proto.string_val[0].decode() for point in accumulator.Tensors(tag) if point.tensor_proto.string_val] for tag in tags['tensors']},
  'tensors': tags['tensors'],
}))`

export interface Accumulated {
  readonly scalars: { readonly [tag: string]: readonly (readonly [number, number | string])[] }
  readonly texts: { readonly [tag: string]: readonly string[] }
  readonly tensors: readonly string[]
}

/** What TensorBoard's EventAccumulator, which checks every checksum, finds in a run. */
export async function readWithTensorBoard(python: string, folder: string): Promise<Accumulated> {
  const { stdout } = await promisify(execFile)(python, ['-c', accumulate, folder])
  return JSON.parse(stdout) as Accumulated
}

/** Points of each tag, as `[step, value]`. */
export interface Points {
  readonly [tag: string]: readonly (readonly [number, number | string])[]
}

function sorted<T>(entries: readonly (readonly [string, T])[]): { readonly [name: string]: T } {
  return Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** Every scalar of every run of that beginning which a server shows; a tag whose points were all taken back shows none. */
export async function everyScalar(server: TensorBoardServer, beginning: string): Promise<{ readonly [run: string]: Points }> {
  const runs = (await server.json('/data/plugin/scalars/tags')) as { readonly [run: string]: object }
  const read = async (run: string, tag: string): Promise<readonly [string, Points[string]]> => {
    const points = (await server.json(`/data/plugin/scalars/scalars?${new URLSearchParams({ run, tag }).toString()}`)) as readonly (readonly [number, number, number | string])[]
    return [tag, points.map(([, step, value]) => [step, value])]
  }
  return sorted(await Promise.all(Object.entries(runs).filter(([run]) => run.startsWith(beginning)).map(async ([run, tags]) => [run, sorted((await Promise.all(Object.keys(tags).map((tag) => read(run, tag)))).filter(([, points]) => points.length > 0))] as const)))
}

const accumulateAll = `
import json, os, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
runs = {}
for folder, _, files in os.walk(sys.argv[1]):
  if not any('tfevents' in name for name in files): continue
  accumulator = EventAccumulator(folder, size_guidance={'tensors': 0, 'scalars': 0})
  accumulator.Reload()
  scalars = {tag: [[point.step, point.value] for point in accumulator.Scalars(tag)] for tag in accumulator.Tags()['scalars']}
  scalars = {tag: points for tag, points in scalars.items() if points}
  if scalars: runs[os.path.relpath(folder, sys.argv[1])] = scalars
print(json.dumps(runs))`

/** The same, with the EventAccumulator on each run. */
export async function everyScalarAccumulated(python: string, logDir: string): Promise<{ readonly [run: string]: Points }> {
  const { stdout } = await promisify(execFile)(python, ['-c', accumulateAll, logDir], { maxBuffer: 64 * 1024 * 1024 })
  const runs = JSON.parse(stdout) as { readonly [run: string]: Points }
  return sorted(Object.entries(runs).map(([run, points]) => [run, sorted(Object.entries(points))]))
}

export interface TensorBoardServer extends AsyncDisposable {
  readonly url: string
  /** GET, or POST with a body; answers the parsed JSON. */
  json(path: string, body?: object): Promise<unknown>
  /** Asks until the answer satisfies the condition: the server loads files on its own schedule. */
  until<T>(ask: () => Promise<T>, condition: (answer: T) => boolean): Promise<T>
}

/** A real TensorBoard on a free port of this machine. */
export async function startTensorBoard(python: string, logDir: string, loader: 'fast' | 'python'): Promise<TensorBoardServer> {
  const port = await freePort()
  const fast = loader === 'fast' ? 'true' : 'false'
  const server = spawn(python, ['-m', 'tensorboard.main', '--logdir', logDir, '--port', String(port), '--host', '127.0.0.1', `--load_fast=${fast}`, '--reload_interval', '1'], { stdio: ['ignore', 'ignore', 'pipe'] })
  let log = ''
  server.stderr.setEncoding('utf8').on('data', (text: string) => (log += text))

  async function json(path: string, body?: object): Promise<unknown> {
    if (server.exitCode !== null) throw new Error(`TensorBoard ended:\n${log}`)
    const init = body === undefined ? {} : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
    const response = await fetch(`http://127.0.0.1:${port}${path}`, init)
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
    return response.json()
  }
  async function until<T>(ask: () => Promise<T>, condition: (answer: T) => boolean): Promise<T> {
    let last: unknown
    for (let attempt = 0; attempt < 600; attempt++) {
      try {
        const answer = await ask()
        if (condition(answer)) return answer
        last = answer
      } catch (error) {
        if (server.exitCode !== null) throw error
        last = error
      }
      await delay(100)
    }
    throw new Error(`TensorBoard did not get there: ${last instanceof Error ? last.message : JSON.stringify(last)}\n${log}`)
  }
  const stop = async (): Promise<void> => {
    if (server.exitCode !== null || server.signalCode !== null) return
    server.kill('SIGTERM')
    await once(server, 'exit')
  }
  try {
    const environment = (await until(() => json('/data/environment'), () => true)) as { debug: { data_provider: string } }
    if (environment.debug.data_provider.startsWith('Grpc') !== (loader === 'fast')) throw new Error(`not the ${loader} loader: ${environment.debug.data_provider}`)
  } catch (error) {
    await stop()
    throw error
  }
  return { url: `http://127.0.0.1:${port}`, json, until, [Symbol.asyncDispose]: stop }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}
