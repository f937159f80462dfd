/** How often a trial may go on in vain, which is to pause again where it was paused, before its pruner is no longer heard: it would go on so for ever. */
const mostInVain = 5

/** Notices trials that are promoted and paused again and again, and come no further. */
export class Promotions {
  /** How far trials had come that were promoted, and how often they have come no further since. */
  readonly #promoted = new Map<number, { readonly step: number; readonly inVain: number }>()

  /** Throws if promoting a trial that is paused at this step is of no use. */
  check(number: number, step: number): void {
    const inVain = this.#inVain(number, step)
    if (inVain > mostInVain) throw new Error(`trial ${number} went on ${inVain} times, and was paused each time before it came further. Without a checkpoint it begins anew each time: yield one with each report, and give the study an artefact store`)
  }

  promoted(number: number, step: number): void {
    this.#promoted.set(number, { step: Math.max(step, this.#promoted.get(number)?.step ?? -Infinity), inVain: this.#inVain(number, step) })
  }

  #inVain(number: number, step: number): number {
    const before = this.#promoted.get(number)
    return before === undefined || step > before.step ? 0 : before.inVain + 1
  }
}
