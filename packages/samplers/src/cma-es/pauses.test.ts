import { constraint, createStudy, float, type Problem, type Sampler, type SuggestContext, space, type TrialRecord } from '@attune/core'
import { expect, it } from 'vitest'
import { cmaEs } from './cma-es.ts'

const names = Array.from({ length: 240 }, (_, i) => `x${i}`)

/** A problem of 240 parameters, and the trials of a few generations on it. */
async function problemAndTrials(): Promise<{ readonly problem: Problem; readonly trials: readonly TrialRecord[] }> {
  let problem: Problem | undefined
  const sampler = cmaEs({ population: 8 })
  const study = await createStudy({ name: 'many', space: Object.fromEntries(names.map((name) => [name, float(0, 1)])), sampler: { ...sampler, create: (known) => sampler.create((problem = known)) }, seed: 1 })
  await study.optimize(({ flatParams }) => names.reduce((sum, name) => sum + ((flatParams[name] as number) - 0.3) ** 2, 0), { trials: 60 })
  return { problem: problem as Problem, trials: study.trials() }
}

it('lets other work have its turn in hundreds of dimensions, and goes on where it was aborted', async () => {
  const { problem, trials } = await problemAndTrials()
  const contextOf = (signal: AbortSignal): SuggestContext => ({ number: trials.length, random: problem.random.stream(trials.length, 'sampler'), running: [], signal })
  const told = (): Sampler => {
    const sampler = cmaEs({ population: 8 }).create(problem)
    for (const trial of trials) sampler.observe?.(trial)
    return sampler
  }
  let turns = 0
  const timer = setInterval(() => turns++, 0)
  const expected = await told().suggest(contextOf(new AbortController().signal))
  clearInterval(timer)
  expect(turns).toBeGreaterThan(2)

  const aborted = told()
  for (let attempt = 0; attempt < 3; attempt++) await expect(aborted.suggest(contextOf(AbortSignal.abort()))).rejects.toThrow('aborted')
  expect(await aborted.suggest(contextOf(new AbortController().signal))).toEqual(expected)
})

it('lets other work have its turn while all that it draws breaks a constraint', async () => {
  const wide = space(Object.fromEntries(names.slice(0, 80).map((name) => [name, float(0, 1)])), { constraints: [constraint<{ readonly x0: number }>('x0 is tiny', ({ x0 }) => x0 - 0.01)] })
  const study = await createStudy({ name: 'corner', space: wide, sampler: cmaEs({ initialDeviation: 0.05 }), seed: 1 })
  let turns = 0
  const timer = setInterval(() => turns++, 0)
  const { number } = await study.ask()
  clearInterval(timer)
  expect(turns).toBeGreaterThan(20)
  expect(study.explain(number).model).toBe('prior')
})
