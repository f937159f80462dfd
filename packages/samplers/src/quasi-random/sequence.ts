/** Points in the unit cube, each a function of its number alone, so that workers need no counter between them. */
export interface Sequence {
  /** Writes the coordinates of point `index`, from 0, into `out`. */
  point(index: number, out: Float64Array): void
}

/** Two words to one: every bit of both moves every bit of the answer (the finaliser of MurmurHash3). */
export function hashed(word: number, other: number): number {
  let h = Math.imul(word, 0x9e3779b1) ^ other
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}
