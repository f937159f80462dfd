import { constraint, createStudy, float, int, MemoryStorage, oneOf, repeat, type SamplerFactory, space, type SpaceInput, systemClock, type Trial } from '@attune/core'
import { samplerSuite } from '@attune/testing'
import { describe, expect, it } from 'vitest'
import { grid } from '../grid/grid.ts'
import { exhaustive } from './exhaustive.ts'

samplerSuite('exhaustive', () => exhaustive(), { trials: 12 })

const tree = space({ kind: oneOf({ plain: {}, wide: { a: int(1, 3), b: oneOf({ x: { flag: int(0, 1) }, y: {} }) } }), layers: repeat({ units: int(8, 32, { step: 8 }) }, { min: 0, max: 2 }) })

async function visit(of: SpaceInput, sampler: SamplerFactory, seed = 1): Promise<{ readonly points: readonly string[]; readonly reason: string }> {
  const study = await createStudy({ name: 'all', space: of, sampler, seed })
  const { reason } = await study.optimize(() => 0, { trials: 10_000 })
  const points = study.trials().map(({ flatParams }) => JSON.stringify(flatParams))
  await study.close()
  return { points, reason }
}

/** As `tree`, met by code: 1 + 3 · (2 + 1) kinds, and 1 + 4 + 16 lists. */
function meet(trial: Trial): string {
  const words: string[] = [trial.choice('kind', ['plain', 'wide'])]
  if (words[0] === 'wide') {
    words.push(String(trial.int('a', 1, 3)), trial.choice('b', ['x', 'y']))
    if (words[2] === 'x') words.push(`flag ${trial.int('flag', 0, 1)}`)
  }
  const layers = trial.int('layers', 0, 2)
  for (let layer = 0; layer < layers; layer++) words.push(String(trial.int(`units${layer}`, 8, 32, { step: 8 })))
  return words.join()
}

describe('exhaustive', () => {
  it('visits each point of a declared space once, and ends the study', async () => {
    const { points, reason } = await visit(tree, exhaustive())
    expect(points).toHaveLength((1 + 3 * (2 + 1)) * (1 + 4 + 16))
    expect(new Set(points).size).toBe(points.length)
    expect(reason).toContain('All points of the space have been visited')
  })

  it('is a grid of all values', async () => {
    const odd = space({ a: int(1, 9), b: int(1, 4) }, { constraints: [constraint<{ readonly a: number }>('odd', ({ a }) => (a % 2 === 1 ? 0 : 1))] })
    for (const options of [{}, { shuffle: false }]) expect((await visit(odd, exhaustive(options))).points).toEqual((await visit(odd, grid(options))).points)
  })

  it.each([{ concurrency: 1 }, { concurrency: 1, shuffle: false }, { concurrency: 7 }])('walks a space that is defined by running: %j', async ({ concurrency, shuffle = true }) => {
    const study = await createStudy({ sampler: exhaustive({ shuffle }), seed: 5 })
    const met: string[] = []
    let [now, most] = [0, 0]
    const { reason } = await study.optimize(async (trial) => {
      most = Math.max(most, ++now)
      met.push(meet(trial))
      await new Promise((resolve) => void setTimeout(resolve))
      now--
      return 0
    }, { trials: 10_000, concurrency })
    await study.close()
    expect(met).toHaveLength(210)
    expect(new Set(met).size).toBe(210)
    expect(reason).toContain('All points that the code met have been visited')
    expect(most).toBe(concurrency)
    // The first trial is drawn: nothing is known yet.
    if (!shuffle) expect(met.slice(1).findIndex((words) => words.startsWith('wide'))).toBe(21 - Number(met[0]?.startsWith('plain')))
  })

  it('P10: an exhaustive walk goes on after a restart without a gap or a repetition, beside trials that were aborted', async () => {
    const storage = new MemoryStorage(systemClock)
    const met: string[] = []
    for (let part = 0; part < 8; part++) {
      const study = await createStudy({ name: 'parts', sampler: exhaustive(), seed: 5, storage, ifExists: 'resume' })
      for (let i = 0; i < 30; i++) {
        const trial = await study.ask().catch(() => undefined)
        if (trial === undefined) break
        const words = meet(trial)
        if (i % 10 === 3) await study.fail(trial, new Error('stopped'), 'aborted')
        else {
          met.push(words)
          await (i % 10 === 5 ? study.fail(trial, new Error('broken')) : i % 10 === 6 ? study.prune(trial) : study.tell(trial, 0))
        }
      }
      await study.close()
    }
    expect(met).toHaveLength(210)
    expect(new Set(met).size).toBe(210)
  })

  it('comes back to what a failed trial did not come to', async () => {
    const study = await createStudy({ sampler: exhaustive({ shuffle: false }), seed: 5 })
    const met: string[] = []
    let fails = true
    await study.optimize((trial) => {
      const a = trial.int('a', 0, 1)
      if (fails) {
        fails = false
        throw new Error('broken')
      }
      met.push(`${a}${trial.int('b', 0, 1)}`)
      return 0
    }, { trials: 100 })
    // The failed one is a point of its own until others show that more is met after it; `a` was drawn for the first trial.
    expect(new Set(met).size).toBe(met.length)
    expect(met.length).toBeGreaterThanOrEqual(2)
  })

  it('draws numbers without a step that it meets while running, and says so', async () => {
    const study = await createStudy({ sampler: exhaustive(), seed: 5 })
    const warnings: string[] = []
    study.on((event) => event.type === 'warning' && warnings.push(event.message))
    const met: number[] = []
    await study.optimize((trial) => trial.float('x', 0, 1) + met.push(trial.int('n', 1, 6)), { trials: 100 })
    await study.close()
    expect(met.sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6])
    expect(new Set(study.trials().map(({ flatParams }) => flatParams['x'])).size).toBe(6)
    expect(warnings).toEqual([expect.stringContaining("'x'")])
  })

  it('refuses what has no end, when it knows', async () => {
    await expect(createStudy({ name: 'x', space: { x: float(0, 1) }, sampler: exhaustive() })).rejects.toMatchObject({ code: 'UNSUPPORTED', message: expect.stringContaining('step') })
    for (const options of [{ shuffle: 1 }, { order: 'random' }]) expect(() => exhaustive(options as never)).toThrow(expect.objectContaining({ code: 'OPTION' }))
  })
})
