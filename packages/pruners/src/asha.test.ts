import { describe, expect, it } from 'vitest'
import { asha, type AshaOptions } from './asha.ts'
import { type Script, script } from './script.test-support.ts'

/** Whether trials with these losses at a step go on, each after the other. */
async function pass({ start, report }: Script, step: number, ...losses: readonly number[]): Promise<readonly boolean[]> {
  const verdicts: boolean[] = []
  for (const loss of losses) verdicts.push(await report(await start(), step, loss))
  return verdicts
}

const thirds: AshaOptions = { minResource: 1, reductionFactor: 3 }

describe('a rung', () => {
  it('lets every trial pass until there are as many as the reduction factor', async () => {
    expect(await pass(await script(asha(thirds)), 1, 1, 2)).toEqual([true, true])
    expect(await pass(await script(asha(thirds)), 1, 1, 2, 3)).toEqual([true, true, false])
    expect(await pass(await script(asha(thirds)), 1, 3, 2, 1)).toEqual([true, true, true])
    expect(await pass(await script(asha({ minResource: 1, reductionFactor: 4 })), 1, 1, 2, 3, 4)).toEqual([true, true, true, false])
  })

  it('lets the best third pass', async () => {
    // n:      1     2     3     4      5     6 (two pass)  7      8     9 (three pass)
    const losses = [0.9, 0.8, 0.7, 0.75, 0.6, 0.65, 0.7, 0.5, 0.6]
    expect(await pass(await script(asha(thirds)), 1, ...losses)).toEqual([true, true, true, false, true, true, false, true, true])
  })

  it('lets equal losses pass together', async () => {
    expect(await pass(await script(asha(thirds)), 1, 1, 1, 1, 1, 1)).toEqual([true, true, true, true, true])
  })

  it('counts trials that run, are pruned and failed', async () => {
    const study = await script(asha(thirds))
    const running = await study.start()
    await study.report(running, 1, 1)
    const failed = await study.start()
    await study.report(failed, 1, 2)
    await study.study.fail(failed, new Error('This trial fails on purpose.'))
    await study.study.prune(await study.start())
    // The trial that was pruned without a report has not reached the rung: this is the third.
    expect(await pass(study, 1, 1.5)).toEqual([false])
    expect(await pass(study, 1, 0.5)).toEqual([true])
  })

  it('is at the minimum times a power of the factor', async () => {
    const study = await script(asha({ minResource: 2, reductionFactor: 3 }))
    for (const loss of [1, 2]) {
      const trial = await study.start()
      for (const step of [1, 2, 6]) expect(await study.report(trial, step, loss)).toBe(true)
    }
    const trial = await study.start()
    expect(await study.report(trial, 1, 9)).toBe(true)
    expect(await study.report(trial, 2, 0)).toBe(true)
    for (const step of [3, 4, 5]) expect(await study.report(trial, step, 9)).toBe(true)
    expect(await study.report(trial, 6, 9)).toBe(false)
  })

  it('takes the first report at or after it', async () => {
    const study = await script(asha({ minResource: 4, reductionFactor: 3 }))
    for (const loss of [1, 2]) {
      const trial = await study.start()
      // 9 at step 3 and 0 at step 8 do not count for the rung at 4.
      for (const [step, value] of [[3, 9], [5, loss], [8, 0]] as const) await study.report(trial, step, value)
    }
    const trial = await study.start()
    expect(await study.report(trial, 6, 1.5)).toBe(false)
    expect(await pass(study, 7, 0.5)).toEqual([true])
  })

  it('is judged at the highest that a report passes, and counts on the others', async () => {
    const study = await script(asha(thirds))
    // Reports at 10 pass the rungs 1, 3 and 9.
    expect(await pass(study, 10, 1, 2)).toEqual([true, true])
    // At rung 9 this is the third and best; at rung 1 as well.
    expect(await pass(study, 10, 0.5)).toEqual([true])
    // Rung 1 has four trials now, of which one may pass.
    expect(await pass(study, 1, 0.9)).toEqual([false])
    // Rung 3 still has three, and this is the fourth.
    expect(await pass(study, 3, 0.4)).toEqual([true])
  })
})

describe('the first rung', () => {
  it('is at a sixteenth of the longest complete trial, when it is not given', async () => {
    const study = await script(asha())
    expect(await pass(study, 2, 1, 2, 3, 4, 5)).toEqual([true, true, true, true, true])
    await study.run([1, 1], [32, 1])
    // At step 2 there are six: 1, 1, 2, 3, 4, 5. Two of seven pass.
    expect(await pass(study, 1, 9)).toEqual([true])
    expect(await pass(study, 2, 1.5)).toEqual([false])
    await study.run([1, 0], [2, 0], [160, 0])
    // Now it is at step 10, which only the two long trials have reached.
    expect(await pass(study, 9, 9)).toEqual([true])
    expect(await pass(study, 10, 0.5, 0.6)).toEqual([false, false])
  })

  it('is at a sixteenth of the given length', async () => {
    const study = await script(asha({ maxResource: 48 }))
    expect(await pass(study, 2, 1, 2, 3, 4)).toEqual([true, true, true, true])
    expect(await pass(study, 3, 1, 2, 3)).toEqual([true, true, false])
  })
})

describe('the end of a trial', () => {
  it('is not judged: the last step of the longest complete trial', async () => {
    const study = await script(asha(thirds))
    for (const loss of [1, 2, 0.5]) expect((await study.run([1, loss], [3, loss], [9, loss])).state).toBe('complete')
    const trial = await study.start()
    expect(await study.report(trial, 1, 0.4)).toBe(true)
    expect(await study.report(trial, 3, 0.4)).toBe(true)
    expect(await study.report(trial, 9, 100)).toBe(true)
  })

  it('can be given', async () => {
    const study = await script(asha({ ...thirds, maxResource: 3 }))
    expect(await pass(study, 3, 1, 2, 3, 4)).toEqual([true, true, true, true])
    expect(await study.warnings()).toEqual([])
    expect(await pass(study, 4, 5)).toEqual([true])
    expect(await study.warnings()).toEqual([expect.stringContaining('maxResource')])
  })
})

describe('losses', () => {
  it('that are NaN prune; those that are missing do not', async () => {
    const study = await script(asha(thirds))
    expect(await study.report(await study.start(), 1, NaN)).toBe(false)
    expect(await study.warnings()).toEqual([expect.stringContaining('a parameter that the space does not have')])
    const trial = await study.start()
    expect(await study.report(trial, 1, undefined)).toBe(true)
    expect(await study.report(trial, 2, 1)).toBe(true)
    // The rung at 1 holds one loss, so this is the second.
    expect(await pass(study, 1, 9)).toEqual([true])
  })

  it('that are infinite are ordered', async () => {
    const study = await script(asha(thirds))
    expect(await pass(study, 1, Infinity, Infinity, Infinity, 1, Infinity, -Infinity)).toEqual([true, true, true, true, false, true])
  })

  it('are turned round when it maximises', async () => {
    expect(await pass(await script(asha(thirds), 'maximize'), 1, 1, 2, 3, 0.5)).toEqual([true, true, false, true])
  })

  it('of an attempt that failed do not count for the next one', async () => {
    const study = await script(asha(thirds))
    await study.study.optimize(
      async function* (trial) {
        yield { step: 1, loss: trial.attempt === 1 ? 0 : 5 }
        if (trial.attempt === 1) throw new Error('This attempt fails on purpose.')
      },
      { trials: 1, retry: 1 },
    )
    // Losses of the rung are 5 and 4: 3 is the best of three.
    expect(await pass(study, 1, 4, 3)).toEqual([true, true])
  })

  it('of void trials do not count', async () => {
    const study = await script(asha(thirds))
    await study.run([1, 0], [2, 0])
    await study.run([1, 3], [2, 3])
    await study.discard(0)
    expect(await pass(study, 1, 4)).toEqual([true])
    expect(await pass(study, 1, 2)).toEqual([true])
  })
})
