/** A process that runs studies for measure-curves.ts, one after the other, as it is told by messages. */
import { anytimeCurve, type CurveOptions } from './anytime-curve.ts'
import { type AttuneProblem, attuneProblem } from './problems/attune-problem.ts'
import { loadProblems, problemEntries } from './problems/load.ts'
import type { Improvements } from './problems/regret.ts'
import { samplerNamed } from './samplers.ts'

export interface CurveTask extends CurveOptions {
  readonly sampler: string
  readonly list: string
  readonly problem: string
  readonly data: string
  readonly seed: number
  readonly trials: number
}

export interface CurveAnswer {
  /** Undefined: the sampler refuses the space. */
  readonly curve: Improvements | undefined
  readonly cpuSeconds: number
  readonly error?: string
}

const problems = new Map<string, AttuneProblem>()

async function problemOf({ list, data, problem }: CurveTask): Promise<AttuneProblem> {
  const key = `${list} ${problem}`
  const known = problems.get(key)
  if (known !== undefined) return known
  for (const one of await loadProblems(data, problemEntries(list))) problems.set(`${list} ${one.id}`, attuneProblem(one))
  const found = problems.get(key)
  if (found === undefined) throw new Error(`${list} has no problem ${problem}`)
  return found
}

async function answer(task: CurveTask): Promise<CurveAnswer> {
  try {
    const problem = await problemOf(task)
    const before = process.cpuUsage()
    const curve = await anytimeCurve(problem, samplerNamed(task.sampler), task.seed, task.trials, task)
    const { user, system } = process.cpuUsage(before)
    return { curve, cpuSeconds: (user + system) / 1e6 }
  } catch (error) {
    return { curve: undefined, cpuSeconds: 0, error: `${task.sampler} on ${task.problem}, seed ${task.seed}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}` }
  }
}

process.on('message', (task: CurveTask) => void answer(task).then((found) => process.send?.(found)))
