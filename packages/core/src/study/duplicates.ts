import type { RandomStream } from '../contracts/random.ts'
import type { SearchSpace } from '../contracts/space.ts'
import type { TrialRecord } from '../contracts/trial-record.ts'
import type { FlatParams } from '../contracts/values.ts'
import type { StudyHistory } from '../history/study-history.ts'

/** Draws before a duplicate is taken after all. */
const tries = 200

function keyOf(params: FlatParams): string {
  return JSON.stringify(Object.entries(params).sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** Knows which parameters were tried. */
export class Duplicates {
  readonly #history: StudyHistory
  readonly #numbers = new Map<string, number>()
  #outdated = true

  constructor(history: StudyHistory) {
    this.#history = history
  }

  add(trial: TrialRecord): void {
    const key = keyOf(trial.flatParams)
    if (trial.voided === undefined && trial.state !== 'failed' && !this.#numbers.has(key)) this.#numbers.set(key, trial.number)
  }

  /** A trial was amended, and may be void. */
  forget(): void {
    this.#outdated = true
  }

  /** Number of the first trial with these parameters that ended well, runs or is paused. */
  find(params: FlatParams): number | undefined {
    if (this.#outdated) this.#relearn()
    const key = keyOf(params)
    const open = (number: number): boolean => keyOf(this.#history.params(number)) === key
    return this.#numbers.get(key) ?? this.#history.running().find(open) ?? this.#history.paused().find(open)
  }

  /** Other parameters out of the prior, or the same if a bounded number of draws finds none. */
  avoid(params: FlatParams, space: SearchSpace, random: RandomStream): FlatParams {
    for (let i = 0; i < tries; i++) {
      const other = space.sample(random)
      if (this.find(other) === undefined) return other
    }
    return params
  }

  /** True if there is no point that was not tried. */
  exhausted(space: SearchSpace): boolean {
    return this.#numbers.size >= space.size
  }

  #relearn(): void {
    this.#outdated = false
    this.#numbers.clear()
    for (const number of this.#history.ended()) this.add(this.#history.trial(number))
  }
}
