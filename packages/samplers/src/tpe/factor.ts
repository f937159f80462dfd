import { exp, log } from '@attune/core'
import { logTruncatedMasses } from '../numeric/truncated-mass-table.ts'
import { logNormalInterval, logTruncatedMass } from '../numeric/truncated-normal.ts'
import { type Axis, cellAt } from '../model/axis.ts'

const logSqrtTwoPi = 0.9189385332046727

/** The kernels of a mixture along an axis with cells: log probabilities by cell of the kernel's centre. */
export interface TableFactor {
  readonly kind: 'table'
  /** Cell of each kernel's centre; the row of the prior where it has none. The last kernel is the prior. */
  readonly rows: Int32Array
  /** Row by row; the row after the last cell is the prior. */
  readonly table: Float64Array
}

/** The kernels of a mixture along a continuous axis: normals truncated to [0, 1], of one width. */
export interface NormalFactor {
  readonly kind: 'normal'
  readonly deviation: number
  /** 1 / (√2 · deviation): the log density falls by the square of the distance times this. */
  readonly precision: number
  /** Centre times precision of each kernel, NaN where it has none. The prior is not among them. */
  readonly scaledCentres: Float64Array
  /** What is to be subtracted of the log density beside that square. */
  readonly normalisers: Float64Array
  /** True if every kernel has a centre. */
  readonly whole: boolean
}

export type Factor = TableFactor | NormalFactor

/** How much wider than its observations a mixture is. Bandwidths are in units of the coordinate, which runs from 0 to 1. */
export interface Smoothing {
  /** No bandwidth is below this. */
  readonly minimum: number
  /** Nor below so many cells of an axis that has cells. */
  readonly minimumCells: number
  /** Nor below `floor · (n + 2) ^ −floorPower`, with n kernels: few observations say little. */
  readonly floor: number
  readonly floorPower: number
  /** Nor below `spread` times Scott's rule, deviation · n ^ (−1 / (dimensions + 4)). */
  readonly spread: number
  /** Pseudo-observations of each category, shared among the kernels. */
  readonly categories: number
}

/** The factor of an axis, from the coordinates of the observations along it (NaN where inactive). */
export function fitFactor(axis: Axis, centres: Float64Array, dimensions: number, smoothing: Smoothing): Factor {
  let active = 0
  let sum = 0
  for (const centre of centres) {
    if (Number.isNaN(centre)) continue
    active++
    sum += centre
  }
  if (axis.shape === 'categorical') return { kind: 'table', rows: rowsOf(axis, centres), table: categoricalTable(axis, (smoothing.categories * axis.cells) / (active + 1)) }
  const deviation = Math.min(1, Math.max(smoothing.minimumCells / axis.dimension.cells, bandwidth(centres, active, sum / active, dimensions, smoothing)))
  return axis.shape === 'ordered' ? { kind: 'table', rows: rowsOf(axis, centres), table: orderedTable(axis, deviation) } : normalFactor(centres, deviation, active === centres.length)
}

function bandwidth(centres: Float64Array, active: number, mean: number, dimensions: number, { minimum, floor, floorPower, spread }: Smoothing): number {
  let squares = 0
  for (const centre of centres) if (!Number.isNaN(centre)) squares += (centre - mean) ** 2
  const scott = active > 1 ? Math.sqrt(squares / (active - 1)) * power(active, -1 / (dimensions + 4)) : 0
  return Math.max(minimum, floor * power(active + 2, -floorPower), spread * scott)
}

/** The same in every JavaScript engine, which `**` is not. */
function power(base: number, exponent: number): number {
  return exp(exponent * log(base))
}

function rowsOf(axis: Axis, centres: Float64Array): Int32Array {
  const rows = new Int32Array(centres.length + 1).fill(axis.cells)
  for (let i = 0; i < centres.length; i++) {
    const centre = centres[i] as number
    if (!Number.isNaN(centre)) rows[i] = cellAt(axis, centre)
  }
  return rows
}

/** Each row: the observed category, and the prior with the weight of `pseudo` observations. */
function categoricalTable({ cells, logPrior }: Axis, pseudo: number): Float64Array {
  const table = new Float64Array((cells + 1) * cells)
  for (let cell = 0; cell < cells; cell++) {
    const prior = pseudo * exp(logPrior[cell] as number)
    const missed = log(prior / (1 + pseudo))
    for (let row = 0; row < cells; row++) table[row * cells + cell] = missed
    table[cell * cells + cell] = log((1 + prior) / (1 + pseudo))
    table[cells * cells + cell] = logPrior[cell] as number
  }
  return table
}

/** Each row: the masses of the cells under a normal around the centre of one of them, truncated to [0, 1]. */
function orderedTable({ cells, edges, centres, logPrior, even }: Axis, deviation: number): Float64Array {
  const table = new Float64Array((cells + 1) * cells)
  const precision = 1 / deviation
  // In cells of one width a mass depends on the distance alone.
  const half = (0.5 / cells) * precision
  const byDistance = even ? Float64Array.from({ length: cells }, (_, distance) => logNormalInterval((2 * distance - 1) * half, (2 * distance + 1) * half)) : undefined
  for (let row = 0; row < cells; row++) {
    const centre = centres[row] as number
    const truncated = logTruncatedMass(centre, deviation)
    for (let cell = 0; cell < cells; cell++) {
      const mass = byDistance === undefined
        ? logNormalInterval(((edges[cell] as number) - centre) * precision, ((edges[cell + 1] as number) - centre) * precision)
        : (byDistance[Math.abs(row - cell)] as number)
      table[row * cells + cell] = mass - truncated
    }
  }
  table.set(logPrior, cells * cells)
  return table
}

function normalFactor(centres: Float64Array, deviation: number, whole: boolean): NormalFactor {
  const precision = Math.SQRT1_2 / deviation
  const constant = log(deviation) + logSqrtTwoPi
  const normalisers = new Float64Array(centres.length)
  logTruncatedMasses(centres, deviation, normalisers)
  for (let i = 0; i < centres.length; i++) normalisers[i] = (normalisers[i] as number) + constant
  return { kind: 'normal', deviation, precision, scaledCentres: centres.map((centre) => centre * precision), normalisers, whole }
}
