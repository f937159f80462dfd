import type { History, Json } from '@attune/core'

/** A note that a sampler left with one of its suggestions. */
export interface OwnNote {
  /** Of the trial that it was left with. */
  readonly number: number
  readonly note: Json
}

/**
 * The latest note that a sampler left with a suggestion, whoever made that suggestion: this instance, another one, another process.
 * Inside `blend`, `fixed` and other wrappers it works unchanged: they show each sampler its own notes and nobody else's.
 *
 * Looks at each trial once, so make one for each instance of a sampler.
 */
export class OwnNotes {
  readonly #history: History
  readonly #prefix: string
  readonly #accepts: (note: Json) => boolean
  #seen = 0
  #latest: OwnNote | undefined

  /**
   * @param id the sampler's `SamplerFactory.id`; notes of all its revisions are found
   * @param accepts whether it is a note that is looked for; a sampler whose format has changed with its revision checks that here
   */
  constructor(history: History, id: string, accepts: (note: Json) => boolean = () => true) {
    this.#history = history
    this.#prefix = `${id}@`
    this.#accepts = accepts
  }

  /** That of the trial with the highest number; void trials do not count. Undefined if there is none yet. */
  latest(): OwnNote | undefined {
    const { length } = this.#history
    let number = length
    while (number-- > this.#seen) {
      const { suggestion, voided } = this.#history.trial(number)
      if (voided !== undefined || suggestion?.note === undefined || !suggestion.sampler.startsWith(this.#prefix) || !this.#accepts(suggestion.note)) continue
      this.#latest = { number, note: suggestion.note }
      break
    }
    this.#seen = length
    return this.#latest
  }
}
