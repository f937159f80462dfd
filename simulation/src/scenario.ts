import type { Dice } from './dice.ts'

/** What a seed stands for: everything that is drawn before the first step. */
export interface Scenario {
  readonly storage: 'file' | 'server' | 'sync'
  readonly goal: number
  /** Milliseconds. */
  readonly lease: number
  readonly latency: number
  /** Longest piece of work of an objective, in milliseconds. */
  readonly pace: number
  readonly concurrency: number
  readonly workers: number
  readonly machines: number
  readonly retry: number
  readonly checkpointEvery: number
  readonly artifacts: boolean
  /** Models of so many trials are kept. */
  readonly keep: { readonly best: number; readonly last: number }
  readonly scheduler: boolean
  /** Trials that processes ask for by hand, beside those of `optimize`. */
  readonly byHand: number
  /** Leases are renewed by threads. */
  readonly thread: boolean
  /** Nothing fails and nobody is frozen: processes only die, come, leave, and block their event loops. */
  readonly calm: boolean
  readonly trialTimeout: number | undefined
}

export function scenarioOf(dice: Dice): Scenario {
  const calm = dice.chance(0.25)
  return {
    storage: dice.pick(['file', 'file', 'server', 'server', 'sync']),
    goal: 4 + dice.below(20),
    lease: dice.pick([5000, 20_000, 60_000]),
    latency: dice.pick([1, 20, 400]),
    pace: dice.pick([10, 1000, 8000]),
    concurrency: 1 + dice.below(3),
    workers: 1 + dice.below(4),
    machines: 1 + dice.below(2),
    retry: dice.below(3),
    checkpointEvery: 1 + dice.below(2),
    artifacts: dice.chance(0.7),
    keep: { best: 1 + dice.below(3), last: dice.below(2) },
    scheduler: dice.chance(0.6),
    byHand: dice.chance(0.25) ? 1 + dice.below(5) : 0,
    thread: calm || dice.chance(0.5),
    calm,
    trialTimeout: dice.chance(0.2) ? 20_000 : undefined,
  }
}
