import { type PrunerFactory, type RandomStream, ThreefryRandom, type Trial } from '@attune/core'
import { describe, expect, it } from 'vitest'
import { asha } from './asha.ts'
import { median } from './median.ts'
import { type Obvious, obviousAsha, obviousPercentile } from './obvious.test-support.ts'
import { percentile } from './percentile.ts'
import { script } from './script.test-support.ts'

/** One of a few losses, so that there are ties, or something odd. */
function drawLoss(random: RandomStream): number | undefined {
  const kind = random.uniform()
  if (kind < 0.02) return NaN
  if (kind < 0.04) return Infinity
  if (kind < 0.05) return -Infinity
  if (kind < 0.1) return undefined
  return random.integer(12) / 4
}

/** A study of random trials that overlap, with every verdict compared. Answers how many were stopped. */
async function compare(pruner: PrunerFactory, goesOn: Obvious, seed: number): Promise<number> {
  const random = new ThreefryRandom(seed).stream(-1, 'obvious')
  const study = await script(pruner)
  const running: { trial: Trial; step: number }[] = []
  const ended: number[] = []
  let stopped = 0
  for (let action = 0; action < 250; action++) {
    const chosen = random.integer(running.length + 1)
    const one = running[chosen]
    if (one === undefined) {
      if (running.length < 5) running.push({ trial: await study.start(), step: 0 })
      continue
    }
    const { number } = one.trial
    const kind = random.uniform()
    if (kind < 0.85) {
      one.step += 1 + random.integer(4)
      const loss = drawLoss(random)
      const verdict = await study.report(one.trial, one.step, loss)
      expect(verdict, `seed ${seed}, action ${action}: trial ${number} at step ${one.step} with loss ${loss}`).toBe(goesOn(study.study.trials(), number))
      if (verdict) continue
      await study.study.prune(one.trial)
      stopped++
    } else if (kind < 0.95) {
      await study.complete(one.trial, 1)
    } else {
      await study.study.fail(one.trial, new Error('This trial fails on purpose.'))
    }
    running.splice(chosen, 1)
    ended.push(number)
    if (random.uniform() < 0.1) await study.discard(ended.splice(random.integer(ended.length), 1)[0] as number)
  }
  return stopped
}

describe.each<readonly [name: string, make: () => PrunerFactory, obvious: Obvious]>([
  ['median', () => median(), obviousPercentile(50, 5, undefined, 1, 1)],
  ['median, judging now and then', () => median({ startupTrials: 2, warmupSteps: 3, interval: 4, minTrials: 3 }), obviousPercentile(50, 2, 3, 4, 3)],
  ['percentile 30', () => percentile(30, { startupTrials: 1, warmupSteps: 0 }), obviousPercentile(30, 1, 0, 1, 1)],
  ['asha', () => asha(), obviousAsha(undefined, 3, undefined)],
  ['asha up to a step', () => asha({ reductionFactor: 4, maxResource: 60 }), obviousAsha(undefined, 4, 60)],
  ['asha by thirds', () => asha({ minResource: 2, reductionFactor: 3, maxResource: 40 }), obviousAsha(2, 3, 40)],
  ['asha by a broken factor', () => asha({ minResource: 1, reductionFactor: 1.5 }), obviousAsha(1, 1.5, undefined)],
])('%s', (_name, make, obvious) => {
  it('answers what the obvious version answers, on random studies', async () => {
    let stopped = 0
    for (let seed = 1; seed <= 20; seed++) stopped += await compare(make(), obvious, seed)
    expect(stopped).toBeGreaterThan(20)
  })
})
