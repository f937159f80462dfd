/** Points that are looked at before other work has its turn: some ten milliseconds' worth where a constraint is asked. */
const mostAtOnce = 4096

/** When so many points in a row are forbidden, nobody looks further. */
const mostForbidden = 20_000

/** What a point is to a study; `repeated` is one of a finite space that an earlier point of the same round stands for as well. */
export type Verdict = 'good' | 'forbidden' | 'repeated'

export interface PointJudge {
  /** Asked of each point of a round once, in their order. */
  judge(index: number): Verdict
  /** When so many points in a row bring only repetitions, a new round begins: everything is new again. */
  readonly longestRow: number
  beginRound(): void
}

/**
 * Counts the good points of a sequence, in its order: trial n gets the n-th of them. So what is left out leaves no gap, and no more
 * than the number of the trial must be known. What it remembers is only a shortcut.
 */
export class AcceptedPoints {
  readonly #judge: PointJudge
  /** Number and index of the last good point. */
  #ordinal = -1
  #index = -1
  /** Points looked at. */
  #looked = 0
  /** Points since the last good one that were forbidden, and that were repetitions. */
  #forbidden = 0
  #repeated = 0
  #barren = false

  constructor(judge: PointJudge) {
    this.#judge = judge
    judge.beginRound()
  }

  /** The index of a good point; `more` if others must be looked at first (ask again), `none` if there seems to be none. */
  find(ordinal: number): number | 'more' | 'none' {
    if (ordinal < this.#ordinal) this.#restart()
    for (let looked = 0; this.#ordinal < ordinal; looked++) {
      if (this.#barren) return 'none'
      if (looked === mostAtOnce) return 'more'
      this.#look()
    }
    return this.#index
  }

  #look(): void {
    const index = this.#looked++
    const verdict = this.#judge.judge(index)
    if (verdict === 'good') {
      this.#ordinal++
      this.#index = index
      this.#forbidden = 0
      this.#repeated = 0
    } else if (verdict === 'forbidden') {
      this.#barren = ++this.#forbidden >= mostForbidden && this.#repeated === 0
    } else this.#repeated++
    if (this.#repeated > 0 && this.#repeated + this.#forbidden >= this.#judge.longestRow) {
      this.#repeated = 0
      this.#forbidden = 0
      this.#judge.beginRound()
    }
  }

  #restart(): void {
    this.#ordinal = -1
    this.#index = -1
    this.#looked = 0
    this.#forbidden = 0
    this.#repeated = 0
    this.#barren = false
    this.#judge.beginRound()
  }
}
