/** So many of some rows, evenly through their order; all of them if there are no more. */
export function evenly(rows: readonly number[], most: number): readonly number[] {
  if (rows.length <= most) return rows
  return Array.from({ length: most }, (_, i) => rows[Math.floor(((i + 0.5) * rows.length) / most)] as number)
}
