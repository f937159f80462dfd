import { createStudy, maximize, minimize, type SamplerFactory } from '@attune/core'
import type { AttuneProblem } from './problems/attune-problem.ts'
import { type Improvements, improvements } from './problems/regret.ts'

/** Runs one study by ask and tell and answers how its best value improved. */
export async function anytimeCurve({ problem, space, configuration }: AttuneProblem, sampler: SamplerFactory, seed: number, trials: number): Promise<Improvements> {
  const objective = problem.direction === 'maximize' ? maximize('value') : minimize('value')
  const study = await createStudy({ name: problem.id, space, objective, sampler, seed })
  const values: number[] = []
  for (let count = 0; count < trials; count++) {
    const trial = await study.ask()
    const value = await problem.evaluate(configuration(trial.flatParams))
    values.push(value)
    await study.tell(trial, { value })
  }
  await study.close()
  return improvements(values, problem.direction)
}
