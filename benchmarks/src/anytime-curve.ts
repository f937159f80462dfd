import { createStudy, isAttuneError, maximize, minimize, type SamplerFactory, ThreefryRandom, type Trial } from '@attune/core'
import type { AttuneProblem } from './problems/attune-problem.ts'
import { type Improvements, improvements, isBetter } from './problems/regret.ts'

export interface CurveOptions {
  /** So many trials run at any time: one of them, drawn at random, ends, and another one is asked for. Default 1. */
  readonly concurrency?: number
  /** All running trials end, in random order, before others are asked for: as if all took equally long, and somebody waited for the last. */
  readonly batches?: boolean
  /** Each trial answers one of the repeated measurements instead of their mean; the curve is the true mean of the best measurement's configuration. */
  readonly noise?: boolean
}

/** Runs one study by ask and tell and answers how its best value improved, or undefined when the sampler refuses the space. */
export async function anytimeCurve({ problem, space, configuration }: AttuneProblem, sampler: SamplerFactory, seed: number, trials: number, { concurrency = 1, batches = false, noise = false }: CurveOptions = {}): Promise<Improvements | undefined> {
  const objective = problem.direction === 'maximize' ? maximize('value') : minimize('value')
  let study
  try {
    study = await createStudy({ name: problem.id, space, objective, sampler, seed })
  } catch (error) {
    if (isAttuneError(error) && error.code === 'UNSUPPORTED') return undefined
    throw error
  }
  const shuffle = new ThreefryRandom(seed).stream(0, 'order of the benchmark')
  const drawn = new ThreefryRandom(seed).stream(0, 'noise of the benchmark')
  const told: { readonly measured: number; readonly mean: number }[] = []
  const running: Trial<unknown>[] = []
  while (told.length < trials) {
    while (running.length < concurrency && told.length + running.length < trials) running.push(await study.ask())
    do {
      const [trial] = running.splice(running.length === 1 ? 0 : shuffle.integer(running.length), 1)
      if (trial === undefined) break
      const chosen = configuration(trial.flatParams)
      const mean = await problem.evaluate(chosen)
      const measured = noise ? problem.measureOnce?.(chosen, () => drawn.uniform()) : mean
      if (measured === undefined) throw new Error(`${problem.id} has no repeated measurements`)
      told.push({ measured, mean })
      await study.tell(trial, { value: measured })
    } while (batches && running.length > 0)
  }
  await study.close()
  if (!noise) return improvements(told.map(({ mean }) => mean), problem.direction)
  let best: (typeof told)[number] | undefined
  const curve: [number, number][] = []
  for (const [index, one] of told.entries()) {
    if (best !== undefined && !isBetter(one.measured, best.measured, problem.direction)) continue
    best = one
    curve.push([index + 1, one.mean])
  }
  return curve
}
