/**
 * Rows that no other row dominates, ascending; of equal rows the first.
 * @param points losses, row by row: `objectives` numbers each, lower is better
 */
export function nonDominatedRows(points: Float64Array, objectives: number): Int32Array {
  const count = points.length / objectives
  const order = Int32Array.from({ length: count }, (_, row) => row)
  // In lexical order a row comes after whatever dominates it, so it is compared with the rows kept before it only.
  order.sort((a, b) => lexical(points, a, b, objectives) || a - b)
  const kept: number[] = []
  for (const row of order) {
    if (!kept.some((other) => covers(points, other, row, objectives))) kept.push(row)
  }
  return Int32Array.from(kept).sort()
}

/** True if the row at `a` is nowhere worse than the row at `b`. */
export function covers(points: Float64Array, a: number, b: number, objectives: number): boolean {
  for (let i = 0; i < objectives; i++) if (!((points[a * objectives + i] as number) <= (points[b * objectives + i] as number))) return false
  return true
}

function lexical(points: Float64Array, a: number, b: number, objectives: number): number {
  for (let i = 0; i < objectives; i++) {
    const x = points[a * objectives + i] as number
    const y = points[b * objectives + i] as number
    if (x !== y) return x < y ? -1 : 1
  }
  return 0
}
