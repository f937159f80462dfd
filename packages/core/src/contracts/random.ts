/**
 * A stream of pseudo-random numbers. Streams are cheap (no warm-up, a few words of state) and
 * never shared: whoever needs numbers asks for a stream of their own by purpose.
 */
export interface RandomStream {
  /** A uniform number in [0, 1), with 53 random bits. */
  uniform(): number
  /** A uniform integer in [0, bound). `bound` is between 1 and 2 ** 32. */
  integer(bound: number): number
  /** A standard normal number. */
  normal(): number
  /** A uniform 32-bit unsigned integer: the raw output of the generator. */
  bits(): number
}

/**
 * The source of all randomness in a study. The same (seed, trial, purpose) gives the same
 * stream in every process, restart and JavaScript engine; no state is stored anywhere.
 */
export interface Random {
  readonly specVersion: 'v1'
  /** The study's seed, an integer in [0, 2 ** 53). */
  readonly seed: number
  /** The stream of one purpose for one trial (`-1` for the study as a whole). */
  stream(trial: number, purpose: string): RandomStream
}
