import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { createStudy, maximize, minimize, type SamplerFactory } from '@attune/core'
import { peerPython } from './peers.ts'
import { attuneProblem } from './problems/attune-problem.ts'
import { dominates } from './problems/hypervolume.ts'
import { benchmarksFolder } from './problems/load.ts'
import type { Configuration } from './problems/problem.ts'
import { type FrontProblem, lossesOf } from './problems/several-objectives.ts'

/** The trials of a run that nothing before them dominated: [trial counted from 1, ...objective values in their own direction]. */
export type FrontRun = readonly (readonly number[])[]

/** Runs one optimiser on a problem. */
export interface FrontRunner {
  readonly name: string
  run(problem: FrontProblem, seed: number, trials: number): Promise<FrontRun>
  close(): void
}

class Gathered {
  readonly run: (readonly number[])[] = []
  readonly #front: (readonly number[])[] = []
  #trial = 0

  add(values: readonly number[], { id, directions }: FrontProblem): void {
    if (!values.every(Number.isFinite)) throw new Error(`${id} answered ${values.join()}`)
    this.#trial++
    const losses = lossesOf(values, directions)
    if (this.#front.some((other) => dominates(other, losses) || other.every((loss, i) => loss === losses[i]))) return
    this.#front.push(losses)
    this.run.push([this.#trial, ...values.map((value) => Number(value.toPrecision(6)))])
  }
}

export function attuneRunner(name: string, sampler: SamplerFactory): FrontRunner {
  return {
    name,
    async run(problem, seed, trials) {
      const { space, configuration } = attuneProblem(problem)
      const metrics = problem.directions.map((direction, i) => (direction === 'maximize' ? maximize : minimize)(`m${i}`))
      const study = await createStudy({ name: problem.id, space, objective: metrics, sampler, seed })
      const gathered = new Gathered()
      for (let count = 0; count < trials; count++) {
        const trial = await study.ask()
        const values = await problem.evaluate(configuration(trial.flatParams))
        gathered.add(values, problem)
        await study.tell(trial, Object.fromEntries(values.map((value, i) => [`m${i}`, value])))
      }
      await study.close()
      return gathered.run
    },
    close() {},
  }
}

/** Optuna in a process of its own, which asks this one for values. */
export async function optunaRunner(sampler: string, requirements: string): Promise<FrontRunner & { readonly version: string }> {
  const child = spawn(peerPython(requirements), [join(benchmarksFolder, 'peers', 'optuna_multi_objective.py'), '--sampler', sampler], { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, OMP_NUM_THREADS: '1' } })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const read = async (): Promise<unknown> => {
    const { value, done } = await lines.next()
    if (done === true) throw new Error(`optuna_multi_objective.py --sampler ${sampler} ended`)
    return JSON.parse(value) as unknown
  }
  const write = (message: unknown): boolean => child.stdin.write(`${JSON.stringify(message)}\n`)
  const { version } = (await read()) as { readonly version: string }
  return {
    name: `optuna ${version} ${sampler}`,
    version,
    async run(problem, seed, trials) {
      write({ seed, trials, directions: problem.directions, parameters: problem.parameters })
      const gathered = new Gathered()
      for (let count = 0; count < trials; count++) {
        const values = await problem.evaluate((await read()) as Configuration)
        gathered.add(values, problem)
        write(values)
      }
      return gathered.run
    },
    close: () => child.stdin.end(),
  }
}
