import { describe, expect, it } from 'vitest'
import type { SamplerFactory } from '../contracts/sampler.ts'
import { float } from '../space/builders.ts'
import { createStudy } from './create-study.ts'

/** At most two trials at once, whatever is asked for. */
const pairs = (later = false): SamplerFactory => ({
  specVersion: 'v1',
  id: 'pairs',
  revision: 1,
  create: () => ({
    suggest({ running, number }) {
      const answer = running.length >= 2 ? { wait: true } as const : { params: { x: number / 100 } }
      return later ? Promise.resolve(answer) : answer
    },
  }),
})

describe('a sampler that waits', () => {
  it.each([false, true])('starts nothing until a trial has ended, and all trials run (asynchronous: %s)', async (later) => {
    const study = await createStudy({ space: { x: float(0, 1) }, sampler: pairs(later) })
    let [now, most] = [0, 0]
    const { reason } = await study.optimize(async () => {
      most = Math.max(most, ++now)
      await new Promise((resolve) => void setTimeout(resolve, 1))
      now--
      return 0
    }, { trials: 12, concurrency: 5 })
    expect([most, study.counts.complete, reason]).toEqual([2, 12, '12 trials are done'])
  })

  it('tells whoever asks by hand', async () => {
    const study = await createStudy({ space: { x: float(0, 1) }, sampler: pairs() })
    const first = await study.ask()
    await study.ask()
    await expect(study.ask()).rejects.toMatchObject({ code: 'SAMPLER_WAITS' })
    // Those in hands may never be told: a run does not wait for them.
    await expect(study.optimize(() => 0, { more: 1 })).rejects.toMatchObject({ code: 'SAMPLER_WAITS', message: expect.stringContaining('by hand') })
    await study.tell(first, 1)
    expect((await study.ask()).number).toBe(2)
  })

  it('must have something to wait for', async () => {
    const study = await createStudy({ space: { x: float(0, 1) }, sampler: { ...pairs(), create: () => ({ suggest: () => ({ wait: true }) }) } })
    await expect(study.ask()).rejects.toMatchObject({ code: 'INVALID_SUGGESTION' })
  })
})
