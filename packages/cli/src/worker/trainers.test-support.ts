// What the workers of the tests run. A gate lets a test decide when a trial goes on: it prints a line, and waits for one.
import { once } from 'node:events'
import { constraint, float, random, space, type Report, type Trial } from '@attune/core'
import { directoryArtifacts } from '@attune/node'
import { none } from '@attune/pruners'

type Params = { readonly x: number }

/** Numbers of the trials that wait at the gate in their first attempt; `first` is the first one that this process runs. */
const gates = (process.env['GATES'] ?? '').split(',')
let first = true

async function gate({ number, attempt, signal }: Pick<Trial, 'number' | 'attempt' | 'signal'>): Promise<void> {
  const waits = gates.includes(String(number)) || (first && gates.includes('first'))
  first = false
  if (!waits || attempt > 1) return
  process.stdout.write(`trial ${number} waits\n`)
  await Promise.race([once(process.stdin, 'data'), once(signal, 'abort')])
  process.stdin.pause()
}

const loss = ({ x }: Params): number => (x - 0.5) ** 2

export async function gated(trial: Trial<Params>): Promise<{ readonly loss: number }> {
  await gate(trial)
  return { loss: loss(trial.params) }
}

/** Saves a checkpoint at each of five steps, and waits at the gate after the third. */
export async function* inSteps(trial: Trial<Params>): AsyncGenerator<Report, void, void> {
  if (trial.resumeFrom !== undefined) process.stdout.write(`trial ${trial.number} goes on after step ${trial.resumeFrom.step}\n`)
  for (let step = 1 + (trial.resumeFrom?.step ?? 0); step <= 5; step++) {
    if (step === 4) await gate(trial)
    yield { step, loss: loss(trial.params), checkpoint: () => new Uint8Array([step]) }
  }
}

/** Never lets the event loop turn. */
export function blocking({ params }: Trial<Params>): number {
  const end = performance.now() + 5
  while (performance.now() < end);
  return loss(params)
}

/** Blocks as well, and reports. */
export async function* blockingSteps({ params }: Trial<Params>): AsyncGenerator<Report, void, void> {
  for (let step = 1; step <= 100_000; step++) {
    const end = performance.now() + 5
    while (performance.now() < end);
    yield { step, loss: loss(params) }
  }
}

/** Neither ends nor listens. */
export function deaf({ number }: Trial): Promise<number> {
  process.stdout.write(`trial ${number} is deaf\n`)
  return new Promise(() => undefined)
}

/** Tells who runs it, and ends when it is asked to. */
export async function untilAborted({ signal }: Pick<Trial, 'signal'>): Promise<number> {
  process.stdout.write(`process ${process.pid} waits\n`)
  await once(signal, 'abort')
  process.stdout.write(`process ${process.pid} ends\n`)
  return 0
}

/** Tells which cards it sees, and ends when it is asked to. */
export async function seesCards({ signal }: Pick<Trial, 'signal'>): Promise<number> {
  process.stdout.write(`sees cards ${JSON.stringify(process.env['CUDA_VISIBLE_DEVICES'])}\n`)
  await once(signal, 'abort')
  return 0
}

export const inProcess = ({ params }: { readonly params: Params }): { readonly loss: number; readonly pid: number } => ({ loss: loss(params), pid: process.pid })

export const exclusive = {
  specVersion: 'v1',
  id: 'exclusive',
  concurrency: 'exclusive',
  async *train({ params }: Trial<Params>): AsyncGenerator<Report, void, void> {
    yield { step: 1, loss: loss(params), pid: process.pid }
  },
} as const

/** A lease that only ends in an hour: whoever takes a trial over before knows that its owner is gone. */
export const options = { lease: 3_600_000 }
export const together = { concurrency: 2 }
export const impatient = { grace: 50 }
export const kept = { pruner: none(), artifacts: directoryArtifacts(process.env['ARTIFACTS'] ?? 'artifacts') }
export const randomly = { sampler: random() }
export const whole = { name: 'ignored', space: space({ a: float(0, 1), b: float(0, 1) }, { constraints: [constraint('sum', ({ a, b }) => a + b - 1, { version: 2 })] }) }
export const other = { space: { a: float(0, 2), b: float(0, 1) } }
export const nothing = 5
export const sum = ({ params }: { readonly params: { readonly a: number; readonly b: number } }): number => params.a + params.b
