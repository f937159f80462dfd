/**
 * How far a trial must have come to be judged, by default: a sixteenth of a whole trial. The first reports say little about
 * the last ones, and pruners that trust them lose the best trials.
 */
export function firstJudgedStep(length: number): number {
  return Math.max(1, Math.ceil(length / 16))
}
