import { describe, expect, it } from 'vitest'
import { median } from './median.ts'
import { percentile } from './percentile.ts'
import { type Point, type Script, script } from './script.test-support.ts'

/** Complete trials with these losses at step 1. */
async function after(pruned: Script, ...losses: readonly number[]): Promise<Script> {
  for (const loss of losses) await pruned.run([1, loss])
  return pruned
}

/** Whether a trial with these reports goes on after the last one. */
async function goesOn({ start, report }: Script, ...points: readonly Point[]): Promise<boolean> {
  const trial = await start()
  let last = true
  for (const [step, loss] of points) last = await report(trial, step, loss)
  return last
}

describe('median', () => {
  it('stops what is worse than the median of the complete trials', async () => {
    const study = await after(await script(median()), 5, 1, 3, 2, 4)
    expect(await goesOn(study, [1, 3])).toBe(true)
    expect(await goesOn(study, [1, 3.001])).toBe(false)
  })

  it('takes the middle between two, of an even number', async () => {
    const study = await after(await script(median({ startupTrials: 4 })), 1, 2, 3, 10)
    expect(await goesOn(study, [1, 2.5])).toBe(true)
    expect(await goesOn(study, [1, 2.6])).toBe(false)
  })

  it('turns the comparison round when it maximises', async () => {
    // Losses are negated by the script: 3 is reported as -3, and more is better.
    const study = await after(await script(median(), 'maximize'), 5, 1, 3, 2, 4)
    expect(await goesOn(study, [1, 3])).toBe(true)
    expect(await goesOn(study, [1, 3.001])).toBe(false)
  })

  it('compares the best loss so far, so that a bump costs nothing', async () => {
    const study = await script(median({ startupTrials: 2 }))
    await study.run([1, 2], [2, 2])
    await study.run([1, 2], [2, 2])
    expect(await goesOn(study, [1, 1], [2, 50])).toBe(true)
    expect(await goesOn(study, [1, 2], [2, 50])).toBe(true)
  })

  it('waits for the startup trials', async () => {
    const study = await after(await script(median({ startupTrials: 3 })), 1, 1)
    expect(await goesOn(study, [1, 100])).toBe(true)
    await after(study, 1)
    expect(await goesOn(study, [1, 100])).toBe(false)
  })

  it('counts complete trials alone', async () => {
    const study = await after(await script(median({ startupTrials: 2 })), 1)
    await study.study.fail(await study.start(), new Error('This trial fails on purpose.'))
    await study.study.prune(await study.start())
    expect(await goesOn(study, [1, 100])).toBe(true)
  })

  it('spares the steps of the warm-up', async () => {
    const study = await script(median({ startupTrials: 1, warmupSteps: 3 }))
    await study.run([1, 1], [2, 1], [3, 1])
    expect(await goesOn(study, [1, 9])).toBe(true)
    expect(await goesOn(study, [1, 9], [2, 9])).toBe(true)
    expect(await goesOn(study, [1, 9], [2, 9], [3, 9])).toBe(false)
  })

  it('spares a sixteenth of the longest complete trial, when no warm-up is given', async () => {
    const study = await script(median({ startupTrials: 1 }))
    await study.run([1, 1], [48, 1])
    expect(await goesOn(study, [1, 9], [2, 9])).toBe(true)
    expect(await goesOn(study, [1, 9], [2, 9], [3, 9])).toBe(false)
  })

  it('judges the first report in each interval', async () => {
    const study = await script(median({ startupTrials: 1, warmupSteps: 2, interval: 5 }))
    await study.run([1, 10], [2, 10], [3, 1], [12, 1])
    const trial = await study.start()
    // Intervals are 2 to 6, 7 to 11, 12 to 16. At step 2 the loss is still good enough.
    expect(await study.report(trial, 2, 9)).toBe(true)
    expect(await study.report(trial, 4, 9)).toBe(true)
    expect(await study.report(trial, 6, 9)).toBe(true)
    expect(await study.report(trial, 8, 9)).toBe(false)
  })

  it('needs enough comparable trials', async () => {
    const study = await script(median({ startupTrials: 2, minTrials: 2 }))
    await study.run([1, 1])
    await study.run([5, 1])
    expect(await goesOn(study, [2, 9])).toBe(true)
    expect(await goesOn(study, [6, 9])).toBe(false)
  })
})

describe('trials whose steps do not line up', () => {
  it('count with their last report at or before the step', async () => {
    const study = await script(median({ startupTrials: 3 }))
    await study.run([1, 8], [4, 5])
    await study.run([2, 7], [6, 4])
    await study.run([3, 6], [9, 3])
    // At step 5 the three stand at 5, 7 and 6: the median is 6.
    expect(await goesOn(study, [5, 6])).toBe(true)
    expect(await goesOn(study, [5, 6.5])).toBe(false)
  })

  it('count with their last report when they ended early', async () => {
    const study = await script(median({ startupTrials: 1 }))
    await study.run([1, 1], [2, 0.5])
    expect(await goesOn(study, [100, 0.6])).toBe(false)
  })

  it('do not count when they began later', async () => {
    const study = await script(median({ startupTrials: 1 }))
    await study.run([10, 1])
    expect(await goesOn(study, [9, 100])).toBe(true)
  })
})

describe('percentile', () => {
  it('keeps the given part', async () => {
    // Of 1 to 5, the 25th percentile is 2 and the 80th is 4.2.
    const quarter = await after(await script(percentile(25)), 3, 1, 5, 2, 4)
    expect(await goesOn(quarter, [1, 2])).toBe(true)
    expect(await goesOn(quarter, [1, 2.1])).toBe(false)
    const most = await after(await script(percentile(80)), 3, 1, 5, 2, 4)
    expect(await goesOn(most, [1, 4.2])).toBe(true)
    expect(await goesOn(most, [1, 4.3])).toBe(false)
    const all = await after(await script(percentile(100)), 3, 1, 5, 2, 4)
    expect(await goesOn(all, [1, 5])).toBe(true)
    expect(await goesOn(all, [1, 5.1])).toBe(false)
  })

  it('is lenient between an infinite loss and a finite one', async () => {
    const study = await script(percentile(50, { startupTrials: 2 }))
    await study.run([1, 1])
    await study.run([1, Infinity])
    expect(await goesOn(study, [1, 1e9])).toBe(true)
    const best = await script(percentile(50, { startupTrials: 2 }))
    await best.run([1, -Infinity])
    await best.run([1, 1])
    expect(await goesOn(best, [1, 1])).toBe(true)
    expect(await goesOn(best, [1, 2])).toBe(false)
  })
})

describe('a loss that is no number', () => {
  it('prunes when it was reported', async () => {
    const study = await script(median())
    expect(await goesOn(study, [1, NaN])).toBe(false)
  })

  it('says nothing when it was not', async () => {
    const study = await after(await script(median()), 1, 1, 1, 1, 1)
    expect(await goesOn(study, [1, undefined])).toBe(true)
    expect(await goesOn(study, [1, undefined], [2, 9])).toBe(false)
  })
})

describe('what the user should know', () => {
  it('is that no trial reports the objective', async () => {
    const study = await script(median())
    const trial = await study.start()
    for (let step = 1; step <= 9; step++) await study.report(trial, step, undefined)
    expect(await study.warnings()).toEqual([])
    for (let step = 10; step <= 20; step++) await study.report(trial, step, undefined)
    expect(await study.warnings()).toEqual([expect.stringContaining('do not report "loss"')])
  })

  it('is that nothing can be compared', async () => {
    const study = await script(median())
    for (let i = 0; i < 14; i++) await study.run([10, 1])
    await goesOn(study, [1, 1])
    expect(await study.warnings()).toEqual([])
    await study.run([10, 1])
    await goesOn(study, [1, 1])
    await goesOn(study, [2, 1])
    expect(await study.warnings()).toEqual([expect.stringContaining('nothing is pruned')])
  })
})
