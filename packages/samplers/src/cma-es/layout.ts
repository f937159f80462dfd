import { type Axis, cellAt, priorUnit } from '../model/axis.ts'
import type { Points } from '../model/points.ts'
import { Margin, type OrderedCoordinate } from './margin.ts'
import type { NormalStart } from './normal-search.ts'

/** Distance between the quantiles of a uniform prior that are one deviation from the middle of a normal one. */
const uniformSpread = 0.6827

/**
 * Which part of the model each dimension of a space belongs to: numbers and ordinals to the normal distribution, with a margin where they have
 * cells; categories and everything that has two cells to categorical distributions; what has one cell to none.
 */
export class Layout {
  readonly points: Points
  /** Dimensions of the normal coordinates. */
  readonly normal: readonly number[]
  /** By normal coordinate: 1 if it has no cells. */
  readonly bounded: Uint8Array
  /** Normal coordinates with cells. */
  readonly ordered: readonly OrderedCoordinate[]
  /** Dimensions of the categorical distributions. */
  readonly categorical: readonly number[]

  constructor(points: Points) {
    this.points = points
    const dimensions = points.axes.map(({ dimension }) => dimension).filter(({ cells }) => cells > 1)
    const isCategorical = ({ kind, cells }: Axis['dimension']): boolean => kind === 'categorical' || cells === 2
    this.normal = dimensions.filter((dimension) => !isCategorical(dimension)).map(({ index }) => index)
    this.categorical = dimensions.filter(isCategorical).map(({ index }) => index)
    this.bounded = Uint8Array.from(this.normal, (index) => Number(this.axis(index).dimension.cells === Infinity))
    this.ordered = this.normal.flatMap((index, at) => (this.bounded[at] === 1 ? [] : [{ at, axis: this.axis(index) }]))
  }

  /** Parameters with more than one value. */
  get parameters(): number {
    return this.normal.length + this.categorical.length
  }

  /** What keeps neighbouring cells in reach, at the start of a run. */
  margin(): Margin {
    return new Margin(this.ordered, this.ordered.length + this.categorical.length)
  }

  axis(dimension: number): Axis {
    return this.points.axes[dimension] as Axis
  }

  /** Cell of a categorical parameter at a coordinate, -1 where it is inactive. */
  categoryOf(dimension: number, unit: number): number {
    return Number.isNaN(unit) ? -1 : cellAt(this.axis(dimension), unit)
  }

  /** The middle and width of the priors: 0.5 and `deviation` where they are uniform, and never wider. */
  start(deviation: number): NormalStart {
    const n = this.normal.length
    const mean = new Float64Array(n)
    const covariance = new Float64Array(n * n)
    for (const [at, index] of this.normal.entries()) {
      const axis = this.axis(index)
      const skewed = axis.dimension.hasPrior
      mean[at] = skewed ? priorUnit(axis, 0.5) : 0.5
      const spread = skewed ? Math.min(1, Math.max(0.05, (priorUnit(axis, 0.84135) - priorUnit(axis, 0.15865)) / uniformSpread)) : 1
      covariance[at * n + at] = spread * spread
    }
    return { mean, deviation, covariance }
  }

  /** Prior probabilities of the categories. */
  priors(): readonly Float64Array[] {
    return this.categorical.map((index) => {
      const { weights, cells } = this.axis(index).dimension
      return weights?.slice() ?? new Float64Array(cells).fill(1 / cells)
    })
  }
}
