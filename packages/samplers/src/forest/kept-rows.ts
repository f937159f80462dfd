import { evenly } from '../model/evenly.ts'
import type { ModelRows } from '../model/model-rows.ts'

/** Of too many rows the better half of what is kept, and of the others some, evenly through their order. From the best to the worst. */
export function keptRows(rows: ModelRows, width: number, most: number): ModelRows {
  if (rows.count <= most) return rows
  const best = most >> 1
  const chosen = [...rows.order.subarray(0, best), ...evenly(Array.from(rows.order.subarray(best)), most - best)]
  const useful = new Set(rows.order.subarray(0, rows.usefulCount))
  const units = new Float64Array(most * width)
  chosen.forEach((row, i) => units.set(rows.units.subarray(row * width, (row + 1) * width), i * width))
  return {
    ...rows,
    count: most,
    units,
    losses: Float64Array.from(chosen, (row) => rows.losses[row] as number),
    order: Int32Array.from(chosen.keys()),
    usefulCount: chosen.filter((row) => useful.has(row)).length,
  }
}
