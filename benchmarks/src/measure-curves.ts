import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { CurveOptions } from './anytime-curve.ts'
import type { CurveAnswer, CurveTask } from './curve-worker.ts'
import type { ProblemEntry } from './problems/problem.ts'
import type { Improvements } from './problems/regret.ts'

export interface Measurement extends CurveOptions {
  readonly sampler: string
  /** A list in problems/, and those of its entries that are measured. */
  readonly list: string
  readonly entries: readonly ProblemEntry[]
  readonly data: string
  readonly seeds: readonly number[]
  readonly trials: number
}

export interface MeasuredCurves {
  /** By problem, then by seed; problems that the sampler refuses are left out. */
  readonly curves: Record<string, Improvements[]>
  readonly refused: readonly string[]
  /** What went wrong, by study; those are left out of the curves. */
  readonly failed: readonly string[]
  readonly cpuSecondsPerTrial: number
}

/** Runs all studies of several measurements in so many child processes. A study that fails is told at once, and left out. */
export async function measureCurves(measurements: readonly Measurement[], jobs: number, tell: (text: string) => void = () => undefined): Promise<readonly MeasuredCurves[]> {
  const tasks = measurements.flatMap((measurement, index) => {
    const { entries, seeds, ...rest } = measurement
    return entries.flatMap(({ id }) => seeds.map((seed, at) => ({ index, at, task: { ...rest, problem: id, seed } satisfies CurveTask })))
  })
  const found = measurements.map(({ entries, seeds }) => new Map(entries.map(({ id }) => [id, Array.from(seeds, (): Improvements | undefined => undefined)])))
  const cpu = measurements.map(() => 0)
  const refused = measurements.map(() => new Set<string>())
  const failed = measurements.map((): string[] => [])
  let next = 0
  let done = 0

  async function work(): Promise<void> {
    const child = fork(join(import.meta.dirname, 'curve-worker.ts'), { execArgv: [...process.execArgv, '--conditions=attune-source'], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    const ended = once(child, 'exit').then(([code, signal]): never => {
      throw new Error(`a process that runs studies ended (${String(code ?? signal)})`)
    })
    ended.catch(() => undefined)
    try {
      for (let one = tasks[next++]; one !== undefined; one = tasks[next++]) {
        const { index, at, task } = one
        const { curve, cpuSeconds, error } = refused[index]?.has(task.problem) ? { curve: undefined, cpuSeconds: 0 } : await ask(child, ended, task)
        if (error !== undefined) {
          console.error(`FAILED ${error}`)
          failed[index]?.push(error)
        } else if (curve === undefined) refused[index]?.add(task.problem)
        else found[index]?.get(task.problem)?.splice(at, 1, curve)
        cpu[index] = (cpu[index] ?? 0) + cpuSeconds
        done++
        if (done % 20 === 0 || done === tasks.length) tell(`${done} of ${tasks.length} studies (${task.sampler}, ${task.problem})`)
      }
    } finally {
      next = Math.max(next, tasks.length)
      child.kill()
    }
  }

  // After the end of a child nobody begins another study, and all children are ended before it is told.
  const ends = await Promise.allSettled(Array.from({ length: Math.min(jobs, tasks.length) }, work))
  for (const end of ends) if (end.status === 'rejected') throw end.reason
  return measurements.map(({ trials }, index) => {
    const curves: Record<string, Improvements[]> = {}
    for (const [id, runs] of found[index] ?? []) if (!refused[index]?.has(id)) curves[id] = runs.filter((run) => run !== undefined)
    const studies = Object.values(curves).reduce((sum, runs) => sum + runs.length, 0)
    return { curves, refused: [...(refused[index] ?? [])], failed: failed[index] ?? [], cpuSecondsPerTrial: (cpu[index] ?? 0) / (studies * trials) }
  })
}

async function ask(child: ChildProcess, ended: Promise<never>, task: CurveTask): Promise<CurveAnswer> {
  const answer = once(child, 'message')
  child.send(task)
  const [message] = (await Promise.race([answer, ended])) as [CurveAnswer]
  return message
}
