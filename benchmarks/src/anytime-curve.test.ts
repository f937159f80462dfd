import { AttuneError, type Sampler, type SamplerFactory } from '@attune/core'
import { tpe } from '@attune/samplers'
import { describe, expect, it } from 'vitest'
import { anytimeCurve } from './anytime-curve.ts'
import { attuneProblem } from './problems/attune-problem.ts'
import type { Problem } from './problems/problem.ts'
import { hasSampler, samplerNamed } from './samplers.ts'

const problem: Problem = {
  id: 'line',
  family: 'tables',
  direction: 'minimize',
  parameters: [{ name: 'x', kind: 'float', low: 0, high: 1, log: false }],
  evaluate: ({ x }) => Number(x),
  evaluateMany: (configurations) => Promise.resolve(Float64Array.from(configurations, ({ x }) => Number(x))),
  // The worse, the luckier: whoever trusts it ends at a high mean.
  measureOnce: ({ x }) => -Number(x),
}

/** Random, and notes how many trials ran while it suggested. */
function watched(seen: number[]): SamplerFactory {
  const inner = samplerNamed('random')
  return {
    ...inner,
    create(given) {
      const sampler: Sampler = inner.create(given)
      return {
        observe: (trial) => sampler.observe?.(trial),
        suggest(context) {
          seen.push(context.running.length)
          return sampler.suggest(context)
        },
      }
    },
  }
}

describe('anytimeCurve', () => {
  it('keeps the improvements, the same for the same seed', async () => {
    const curve = await anytimeCurve(attuneProblem(problem), tpe(), 3, 30)
    expect(curve).toEqual(await anytimeCurve(attuneProblem(problem), tpe(), 3, 30))
    expect(curve?.map(([, value]) => value)).toEqual([...(curve ?? [])].map(([, value]) => value).sort((a, b) => b - a))
    expect(curve?.at(-1)?.[1]).toBeLessThan(0.05)
  })

  it('asks for a batch before it tells one of it', async () => {
    const seen: number[] = []
    await anytimeCurve(attuneProblem(problem), watched(seen), 1, 10, { concurrency: 4, batches: true })
    expect(seen).toEqual([0, 1, 2, 3, 0, 1, 2, 3, 0, 1])
  })

  it('asks for another trial when one has ended', async () => {
    const seen: number[] = []
    await anytimeCurve(attuneProblem(problem), watched(seen), 1, 7, { concurrency: 4 })
    expect(seen).toEqual([0, 1, 2, 3, 3, 3, 3])
  })

  it('with noise answers the true mean of what measured best', async () => {
    const curve = await anytimeCurve(attuneProblem(problem), samplerNamed('random'), 1, 50, { noise: true })
    expect(curve?.at(-1)?.[1]).toBeGreaterThan(0.9)
  })

  it('answers nothing where a sampler refuses the space, and hides no other error', async () => {
    const throwing = (error: Error): SamplerFactory => ({ ...tpe(), create: () => { throw error } })
    expect(await anytimeCurve(attuneProblem(problem), throwing(new AttuneError('UNSUPPORTED', 'not this space')), 1, 5)).toBeUndefined()
    await expect(anytimeCurve(attuneProblem(problem), throwing(new AttuneError('OPTION', 'not this option')), 1, 5)).rejects.toThrow('option')
  })
})

it('samplers are found by their ids', () => {
  expect(samplerNamed('random').id).toBe('random')
  expect(samplerNamed('quasi-random').id).toBe('quasi-random')
  expect(hasSampler('no-such-sampler')).toBe(false)
  expect(() => samplerNamed('no-such-sampler')).toThrow('no-such-sampler')
})
