// Trainings for the tests of executors, loaded in this process, in threads and in child processes.
import { spawn } from 'node:child_process'
import { readdirSync, readlinkSync, writeSync } from 'node:fs'
import process from 'node:process'
import { parentPort } from 'node:worker_threads'
import type { Artifact, Report, Trainer, TrainerTrial } from '@attune/core'
import type { ModuleTrial } from './training.ts'

export interface Point {
  readonly x: number
}

type Reports<R = void> = AsyncGenerator<Report, R, void>

export default function square({ params }: TrainerTrial<Point>): number {
  return (params.x - 2) ** 2
}

export async function squareLater({ params }: TrainerTrial<Point>): Promise<number> {
  return Promise.resolve((params.x - 2) ** 2)
}

export async function* descent({ params, toStep, resumeFrom }: TrainerTrial<Point>): Reports {
  for (let step = (resumeFrom?.step ?? 0) + 1; step <= Math.min(5, toStep ?? 5); step++) {
    await Promise.resolve()
    yield { step, value: (params.x - 2) ** 2 + 1 / step, pid: process.pid, from: resumeFrom?.bytes[0] ?? 0, checkpoint: () => Uint8Array.of(step) }
  }
}

/** A training as the trainer suite wants it. */
export async function* quick({ params, seed, toStep, resumeFrom, signal }: TrainerTrial<Point>): Reports {
  let weight = seed / 2 ** 32
  if (resumeFrom !== undefined) weight = (JSON.parse(new TextDecoder().decode(resumeFrom.bytes)) as { readonly weight: number }).weight
  for (let step = (resumeFrom?.step ?? 0) + 1; step <= Math.min(4, toStep ?? 4) && !signal.aborted; step++) {
    await Promise.resolve()
    weight *= 0.7 * params.x
    yield { step, weight, checkpoint: () => new TextEncoder().encode(JSON.stringify({ weight })) }
  }
}

export const trainer: Trainer<Point> = { specVersion: 'v1', id: 'descent', concurrency: 'exclusive', train: (trial) => descent(trial) }

/** Reports by calls; says in an attribute how it ended. */
export async function callback(trial: ModuleTrial<Point>): Promise<number> {
  for (let step = 1; step <= 5; step++) {
    const verdict = await trial.report({ step, value: trial.params.x ** 2 + 1 / step, checkpoint: () => Uint8Array.of(step) })
    if (verdict === 'stop') {
      await trial.setAttribute('stopped', step)
      throw new Error('A function that was told to stop may end as it likes.')
    }
  }
  return trial.params.x ** 2
}

/** Yields, and reports by calls that it does not wait for. */
export async function* both(trial: ModuleTrial<Point>): Reports<number> {
  yield { step: 1, value: 1 }
  void trial.report({ step: 2, value: 2 })
  void trial.report({ step: 3, value: 3 })
  return 4
}

export function definesByRun(trial: TrainerTrial): number {
  return (trial as unknown as { float(name: string, low: number, high: number): number }).float('x', 0, 1)
}

export function* notAsynchronous(): Generator<number> {
  yield 1
}

export const notATraining = 7

let loads = 0
/** How often the module ran in this process, which process it is, and what it sees. */
export async function where(trial: TrainerTrial): Promise<{ readonly value: number; readonly pid: number; readonly loads: number }> {
  await trial.setAttribute('environment', { ...process.env } as { [name: string]: string })
  await trial.setAttribute('flags', process.execArgv)
  if (process.platform === 'linux') await trial.setAttribute('files', readdirSync('/proc/self/fd').flatMap((fd) => readlink(`/proc/self/fd/${fd}`)))
  return { value: 1, pid: process.pid, loads: ++loads }
}

function readlink(path: string): readonly string[] {
  try {
    return [readlinkSync(path)]
  } catch {
    return [] // It was closed meanwhile: that of the folder itself.
  }
}

function busyLoop(): never {
  for (;;);
}

/** Ends its process or thread, or keeps it busy, in a way that a parameter names: on trials with an even number. */
export async function* misbehaves({ params, number }: TrainerTrial<{ readonly how: string }>): Reports {
  yield { step: 1, value: 1 }
  if (number % 2 === 1) return
  const grown: unknown[] = []
  process.stderr.write('the last words\n')
  switch (params.how) {
    case 'exit 0':
      return process.exit(0)
    case 'exit 1':
      return process.exit(1)
    case 'abort':
      return process.abort()
    case 'killed':
      process.kill(process.pid, 'SIGKILL')
      return busyLoop()
    case 'loop':
      return busyLoop()
    case 'await':
      await new Promise(() => undefined)
      return
    case 'heap':
      for (;;) grown.push(Array.from({ length: 10_000 }, (_, i) => number + i + 0.5))
    case 'resident':
      for (;;) {
        grown.push(new Uint8Array(16 * 2 ** 20).fill(1))
        await new Promise((resolve) => setImmediate(resolve))
      }
    case 'unhandled rejection':
      void Promise.reject(new Error('nobody waits for this'))
      await new Promise(() => undefined)
      return
    case 'uncaught exception':
      setImmediate(() => {
        throw new Error('nobody catches this')
      })
      await new Promise(() => undefined)
      return
    case 'garbage':
      if (parentPort === null) writeSync(3, Buffer.from([4, 0, 0, 0, 1, 2, 3, 4]))
      else parentPort.postMessage({ type: 'report' })
      await new Promise(() => undefined)
      return
    case 'unknown message':
      if (parentPort === null) {
        const body = (await import('node:v8')).serialize({ type: 'whatever', run: 0 })
        const header = Buffer.alloc(4)
        header.writeUInt32LE(body.length)
        writeSync(3, Buffer.concat([header, body]))
      } else parentPort.postMessage({ type: 'whatever', run: 0 })
      await new Promise(() => undefined)
      return
    case 'huge':
      writeSync(3, Buffer.from([255, 255, 255, 255]))
      await new Promise(() => undefined)
  }
}

/** Ends its process after the second report of the first attempt. */
export async function* diesOnce({ attempt, resumeFrom }: TrainerTrial): Reports {
  for (let step = (resumeFrom?.step ?? 0) + 1; step <= 4; step++) {
    yield { step, value: step, pid: process.pid, from: resumeFrom?.bytes[0] ?? 0, checkpoint: () => Uint8Array.of(step) }
    if (attempt === 1 && step === 2) process.exit(3)
  }
}

/** Starts a process in a group of its own that holds the output of this one open, says which, and exits. */
export async function leavesProcess({ setAttribute }: TrainerTrial): Promise<number> {
  const left = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)'], { detached: true, stdio: ['ignore', 'inherit', 'inherit'] })
  await setAttribute('left', left.pid!)
  return process.exit(4)
}

/** What is thrown by `throws`, by name. */
export const thrown: { readonly [name: string]: unknown } = { text: 'a text', number: 42, nothing: null, object: { deep: [1, 2] }, error: new RangeError('too far'), odd: Object.create(null) }

export async function* throws({ params }: TrainerTrial<{ readonly what: string }>): Reports {
  yield { step: 1, value: 1 }
  throw thrown[params.what]
}

/** Leaves something behind that ends its process when the trial is over. */
export function timeBomb({ number }: TrainerTrial): number {
  if (number === 0) setImmediate(() => setTimeout(() => process.exit(7), 0))
  return 1
}

/** A checkpoint and an artefact of many bytes. */
export async function* large({ params }: TrainerTrial<{ readonly megabytes: number; readonly what: string }>): Reports<Artifact | undefined> {
  const bytes = (): Uint8Array => new Uint8Array(params.megabytes * 2 ** 20).fill(7)
  yield { step: 1, value: 1, ...(params.what === 'checkpoint' ? { checkpoint: bytes } : {}) }
  if (params.what !== 'artifact') return undefined
  const artifact: Artifact = { kind: 'zeros', bytes, as: () => artifact }
  return artifact
}

/** Computes in several pieces with a report after each, and answers an artefact. */
export async function* computesThenAnswers({ params }: TrainerTrial<{ readonly milliseconds: number; readonly steps: number }>): Reports<Artifact> {
  for (let step = 1; step <= params.steps; step++) {
    const start = performance.now()
    while (performance.now() - start < params.milliseconds);
    yield { step, value: step }
  }
  const artifact: Artifact = { kind: 'bytes', bytes: () => Uint8Array.of(1, 2, 3), as: () => artifact }
  return artifact
}

/** Says that it runs, then is busy for ever. */
export async function* announces({ setAttribute }: TrainerTrial): Reports {
  await setAttribute('pid', process.pid)
  yield { step: 1, value: 1 }
  busyLoop()
}

export async function keepsFunction({ setAttribute }: TrainerTrial): Promise<void> {
  await setAttribute('f', (() => 1) as unknown as string)
}

/** Starts a program that never ends, says which, and goes on as a parameter says. */
export async function startsProgram({ params, setAttribute }: TrainerTrial<{ readonly after: string }>): Promise<number> {
  const program = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)'], { stdio: 'inherit' })
  await setAttribute('program', program.pid!)
  await setAttribute('pid', process.pid)
  if (params.after === 'exit') return process.exit(5)
  if (params.after === 'loop') return busyLoop()
  return 1
}

let released = 0
export const releases: Trainer = {
  specVersion: 'v1',
  id: 'releases',
  concurrency: 'exclusive',
  // A module may hold on to things: they must not keep its process alive.
  async *train() {
    if (released === 0) setInterval(() => undefined, 1000)
    yield { step: 1, value: released }
  },
  release() {
    released++
    process.stderr.write('released the trainer\n')
  },
}

/** Prints more than a pipe holds. */
export function prints({ params }: TrainerTrial<Point>): number {
  for (let line = 0; line < 20; line++) console.log('x'.repeat(10_000))
  return params.x ** 2
}
