import { type Dimension, log, type SearchSpace } from '@attune/core'

/** Up to so many cells probabilities are kept for every cell; beyond, a cell is a point of a density. */
const mostTabulated = 64
const priorPieces = 256

/** One dimension of the space as the mixtures see it. */
export interface Axis {
  readonly dimension: Dimension
  /** `ordered` and `categorical` have cells with tables, `continuous` has a density on [0, 1]. */
  readonly shape: 'continuous' | 'ordered' | 'categorical'
  /** Number of tabulated cells; 0 for a continuous axis. */
  readonly cells: number
  /** Bounds of the cells of an ordered axis, from 0 to 1. */
  readonly edges: Float64Array
  /** True if these cells have one width. */
  readonly even: boolean
  /** Coordinate of each cell. */
  readonly centres: Float64Array
  /** log prior probability of each cell; of a continuous axis log densities between `priorKnots`, empty if uniform. */
  readonly logPrior: Float64Array
  /** Coordinates from 0 to 1 between which the density of a prior that is not uniform is taken for constant. */
  readonly priorKnots: Float64Array
}

export function axesOf(space: SearchSpace): readonly Axis[] {
  return space.dimensions.map(axisOf)
}

/** Cell of a coordinate. For a continuous axis with very many cells it serves to look up conditions. */
export function cellAt({ shape, cells, edges, dimension }: Axis, unit: number): number {
  if (shape !== 'ordered') return Math.min(dimension.cells - 1, Math.floor(unit * dimension.cells))
  let low = 0
  let high = cells - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if ((edges[middle + 1] as number) > unit) high = middle
    else low = middle + 1
  }
  return low
}

/** The coordinate of the value that `unit` stands for. */
export function snap(axis: Axis, unit: number): number {
  if (axis.cells > 0) return axis.centres[cellAt(axis, unit)] as number
  return axis.dimension.cells === Infinity ? unit : axis.dimension.encode(axis.dimension.decode(unit))
}

/** A coordinate from the prior. */
export function priorUnit({ dimension }: Axis, probability: number): number {
  return dimension.encode(dimension.quantile(probability))
}

/** log prior density at a coordinate of a continuous axis. */
export function logPriorAt({ logPrior, priorKnots }: Axis, unit: number): number {
  if (priorKnots.length === 0) return 0
  let low = 0
  let high = logPrior.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if ((priorKnots[middle + 1] as number) > unit) high = middle
    else low = middle + 1
  }
  return logPrior[low] as number
}

/** log prior at a coordinate: a probability where there are cells, a density elsewhere. */
export function logPriorOf(axis: Axis, unit: number): number {
  return axis.cells === 0 ? logPriorAt(axis, unit) : (axis.logPrior[cellAt(axis, unit)] as number)
}

/** Whether a dimension is active, given the coordinates of those before it in `units` from `offset`. */
export function isActive(axes: readonly Axis[], index: number, units: Float64Array, offset: number): boolean {
  const { conditions } = (axes[index] as Axis).dimension
  if (conditions.length === 0) return true
  for (const { parent, cells } of conditions) {
    const unit = units[offset + parent] as number
    if (!Number.isNaN(unit) && cells.has(cellAt(axes[parent] as Axis, unit))) return true
  }
  return false
}

const none = new Float64Array(0)

function axisOf(dimension: Dimension): Axis {
  const { cells, kind } = dimension
  if (kind === 'categorical') {
    const centres = Float64Array.from({ length: cells }, (_, cell) => (cell + 0.5) / cells)
    return { dimension, shape: 'categorical', cells, edges: none, even: false, centres, logPrior: priorOfLevels(dimension), priorKnots: none }
  }
  const edges = cells <= mostTabulated ? edgesOf(dimension) : undefined
  if (edges !== undefined) {
    const centres = Float64Array.from({ length: cells }, (_, cell) => dimension.encode(dimension.decode(((edges[cell] as number) + (edges[cell + 1] as number)) / 2)))
    const logPrior = dimension.weights !== undefined ? priorOfLevels(dimension) : priorOfNumbers(dimension, edges)
    return { dimension, shape: 'ordered', cells, edges, even: !dimension.log, centres, logPrior, priorKnots: none }
  }
  if (!dimension.hasPrior) return { dimension, shape: 'continuous', cells: 0, edges: none, even: false, centres: none, logPrior: none, priorKnots: none }
  const { priorKnots, logPrior } = densityOfPrior(dimension)
  return { dimension, shape: 'continuous', cells: 0, edges: none, even: false, centres: none, logPrior, priorKnots }
}

function priorOfLevels({ weights, cells }: Dimension): Float64Array {
  return Float64Array.from({ length: cells }, (_, cell) => log(Math.max(1e-12, weights?.[cell] ?? 1 / cells)))
}

/** Bounds between the cells in coordinates. On a log scale cells are uneven, so they are searched for; undefined if not all are found. */
function edgesOf(dimension: Dimension): Float64Array | undefined {
  const { cells } = dimension
  if (!dimension.log) return Float64Array.from({ length: cells + 1 }, (_, cell) => cell / cells)
  const edges = [0]
  const probes = 8192
  for (let probe = 0; probe < probes; probe++) {
    let low = probe / probes
    let high = (probe + 1) / probes
    const value = dimension.decode(low)
    if (value === dimension.decode(high)) continue
    while (high - low > 1e-12) {
      const middle = (low + high) / 2
      if (dimension.decode(middle) === value) low = middle
      else high = middle
    }
    edges.push(high)
  }
  edges.push(1)
  return edges.length === cells + 1 ? Float64Array.from(edges) : undefined
}

function priorOfNumbers(dimension: Dimension, edges: Float64Array): Float64Array {
  const cells = edges.length - 1
  const mass = new Float64Array(cells)
  if (!dimension.hasPrior) {
    for (let cell = 0; cell < cells; cell++) mass[cell] = (edges[cell + 1] as number) - (edges[cell] as number)
    return mass.map(log)
  }
  const draws = 32 * cells
  const axis: Axis = { dimension, shape: 'ordered', cells, edges, even: !dimension.log, centres: none, logPrior: none, priorKnots: none }
  for (let draw = 0; draw < draws; draw++) {
    const cell = cellAt(axis, priorUnit(axis, (draw + 0.5) / draws))
    mass[cell] = (mass[cell] as number) + 1 / draws
  }
  // No cell is impossible: some mass is kept for those that no quantile fell into.
  const kept = mass.map((one) => Math.max(0.1 / draws, one))
  const total = kept.reduce((sum, one) => sum + one, 0)
  return kept.map((one) => log(one / total))
}

type PriorDensity = Pick<Axis, 'priorKnots' | 'logPrior'>

/** A histogram of the prior with pieces of equal mass, read off its quantiles. */
function densityOfPrior(dimension: Dimension): PriorDensity {
  if (dimension.cells < Infinity) return densityOfCells(dimension)
  const priorKnots = Float64Array.from({ length: priorPieces + 1 }, (_, piece) => (piece === priorPieces ? 1 : piece === 0 ? 0 : dimension.encode(dimension.quantile(piece / priorPieces))))
  const logPrior = new Float64Array(priorPieces)
  for (let piece = 0; piece < priorPieces; piece++) {
    logPrior[piece] = -log(Math.max(1e-9, (priorKnots[piece + 1] as number) - (priorKnots[piece] as number)) * priorPieces)
  }
  return { priorKnots, logPrior }
}

/** Many quantiles may be one value: the pieces lie around the values that occur, with as much mass as these have. */
function densityOfCells(dimension: Dimension): PriorDensity {
  const counts = new Map<number, number>()
  for (let piece = 0; piece < priorPieces; piece++) {
    const unit = dimension.encode(dimension.quantile((piece + 0.5) / priorPieces))
    counts.set(unit, (counts.get(unit) ?? 0) + 1)
  }
  const values = Float64Array.from(counts.keys()).sort()
  const priorKnots = Float64Array.from({ length: values.length + 1 }, (_, i) => (i === 0 ? 0 : i === values.length ? 1 : ((values[i - 1] as number) + (values[i] as number)) / 2))
  const logPrior = values.map((unit, i) => log((counts.get(unit) as number) / priorPieces / ((priorKnots[i + 1] as number) - (priorKnots[i] as number))))
  return { priorKnots, logPrior }
}
