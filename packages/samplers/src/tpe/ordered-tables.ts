import { exp, log } from '@attune/core'
import type { Axis } from '../model/axis.ts'
import { logNormalInterval, logTruncatedMass } from '../numeric/truncated-normal.ts'

/** Bandwidths of axes with cells are rounded to so many steps for each doubling, so that tables serve again. */
const stepsPerDoubling = 16
const mostKept = 6
const logTwo = 0.6931471805599453

/** The kernels of one bandwidth along an ordered axis of cells. */
export interface OrderedTable {
  readonly deviation: number
  /** log mass of a cell under the kernel around another: `masses[cell * (cells + 1) + centre]`; the centre after the last cell stands for the prior. */
  readonly masses: Float64Array
}

/** Tables of one axis by bandwidth. The last few are kept. */
export class OrderedTables {
  readonly #axis: Axis
  readonly #tables = new Map<number, OrderedTable>()

  constructor(axis: Axis) {
    this.#axis = axis
  }

  /** The table of the bandwidth nearest to this one. */
  near(deviation: number): OrderedTable {
    const level = Math.round((stepsPerDoubling * log(deviation)) / logTwo)
    let table = this.#tables.get(level)
    if (table === undefined) {
      if (this.#tables.size === mostKept) this.#tables.delete(this.#tables.keys().next().value as number)
      const rounded = exp((level * logTwo) / stepsPerDoubling)
      table = { deviation: rounded, masses: massesOf(this.#axis, rounded) }
    } else this.#tables.delete(level)
    this.#tables.set(level, table)
    return table
  }
}

/** The masses of the cells under normals around the centre of each, truncated to [0, 1]. */
function massesOf({ cells, edges, centres, logPrior, even }: Axis, deviation: number): Float64Array {
  const masses = new Float64Array(cells * (cells + 1))
  const precision = 1 / deviation
  // In cells of one width a mass depends on the distance alone.
  const half = (0.5 / cells) * precision
  const byDistance = even ? Float64Array.from({ length: cells }, (_, distance) => logNormalInterval((2 * distance - 1) * half, (2 * distance + 1) * half)) : undefined
  for (let centre = 0; centre < cells; centre++) {
    const middle = centres[centre] as number
    const truncated = logTruncatedMass(middle, deviation)
    for (let cell = 0; cell < cells; cell++) {
      const mass = byDistance === undefined
        ? logNormalInterval(((edges[cell] as number) - middle) * precision, ((edges[cell + 1] as number) - middle) * precision)
        : (byDistance[Math.abs(centre - cell)] as number)
      masses[cell * (cells + 1) + centre] = mass - truncated
    }
  }
  for (let cell = 0; cell < cells; cell++) masses[cell * (cells + 1) + cells] = logPrior[cell] as number
  return masses
}
