import type { NextTrial, PrunerFactory } from '@attune/core'
import type { SimParams } from './objectives.ts'

/** Prunes, pauses, promotes and forks at random, by the streams of the study: every way that a trial may go. */
export function testScheduler(): PrunerFactory {
  return {
    specVersion: 'v1',
    id: 'test-scheduler',
    create: ({ history }) => ({
      judge({ step, random, trial }) {
        const roll = random.uniform()
        // What is drawn depends on trial and step alone: paused without a checkpoint, a trial would be paused there for ever.
        if (trial.attempt > 3) return 'continue'
        return step >= 2 && roll < 0.12 ? 'prune' : step >= 2 && roll < 0.35 ? 'pause' : 'continue'
      },
      next({ random, mayCreate }): NextTrial | undefined {
        const paused = history.paused()
        if (paused.length > 0 && random.uniform() < 0.5) {
          const promote = paused[Math.floor(random.uniform() * paused.length)]!
          const step = history.trial(promote).reports.at(-1)?.step ?? 0
          const roll = random.uniform()
          return roll < 0.15 ? { prune: promote } : roll < 0.6 ? { promote } : { promote, toStep: step + 2 }
        }
        if (!mayCreate) return undefined
        if (random.uniform() < 0.1) return { suggest: true, toStep: 2, attributes: { bracket: 1 } }
        if (history.length > 2 && random.uniform() < 0.25) {
          const fork = Math.floor(random.uniform() * history.length)
          const parent = history.trial(fork)
          if (parent.checkpoint === undefined || history.state(fork) === 'running') return undefined
          const { n } = parent.flatParams as unknown as SimParams
          return { fork, params: { x: random.uniform(), n: (n % 5) + 1 } }
        }
        return undefined
      },
    }),
  }
}
