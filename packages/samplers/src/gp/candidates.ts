import type { RandomStream } from '@attune/core'
import type { Axis } from '../model/axis.ts'
import type { Points } from '../model/points.ts'
import { mostSobolDimensions } from '../quasi-random/directions.ts'
import { Sobol } from '../quasi-random/sobol.ts'
import { snapRow, writePoint } from './latent.ts'
import type { Region } from './trust-region.ts'

/** Latent rows that keep the constraints of the space, and their points. */
export class Candidates {
  readonly latent: Float64Array
  readonly units: Float64Array
  readonly #points: Points
  #length = 0

  constructor(points: Points, capacity: number) {
    this.#points = points
    this.latent = new Float64Array(capacity * points.width)
    this.units = new Float64Array(capacity * points.width)
  }

  get length(): number {
    return this.#length
  }

  /** Adds the latent row that was written to `next()`, unless its point breaks a constraint of the space or `refuse` says so. */
  accept(refuse?: (units: Float64Array, offset: number) => boolean): boolean {
    const offset = this.#length * this.#points.width
    writePoint(this.#points, this.latent, offset, this.units, offset)
    if (!this.#points.allows(this.units, offset) || refuse?.(this.units, offset) === true) return false
    this.#length++
    return true
  }

  /** Where the next latent row is to be written. */
  next(): Float64Array {
    const { width } = this.#points
    return this.latent.subarray(this.#length * width, (this.#length + 1) * width)
  }

  latentAt(index: number): Float64Array {
    const { width } = this.#points
    return this.latent.subarray(index * width, (index + 1) * width)
  }

  unitsAt(index: number): Float64Array {
    const { width } = this.#points
    return this.units.subarray(index * width, (index + 1) * width)
  }
}

/** How many points may be refused for each that is wanted. */
const mostRefusals = 4

/** Adds up to `count` points spread evenly over the space, or over a region of it; where priors are not uniform, every second one follows them, save in a region. */
export function addSpread(candidates: Candidates, points: Points, count: number, random: RandomStream, refuse?: (units: Float64Array, offset: number) => boolean, region?: Region): void {
  const dimensions = Math.min(points.width, mostSobolDimensions)
  const sobol = new Sobol(dimensions, random.bits())
  for (let index = 0, added = 0; added < count && index < mostRefusals * count; index++) {
    const row = candidates.next()
    sobol.point(index, row)
    for (let axis = dimensions; axis < points.width; axis++) row[axis] = random.uniform()
    if (region !== undefined) moveInto(region, points, row, random)
    snapRow(points, row, 0, region === undefined && index % 2 === 1)
    if (candidates.accept(refuse)) added++
  }
}

/** Takes a latent row of the whole space to one of a region, of which some axes are those of its centre. */
function moveInto({ centre, lower, upper, change }: Region, { axes }: Points, row: Float64Array, random: RandomStream): void {
  for (let axis = 0; axis < axes.length; axis++) {
    const low = lower[axis] as number
    if (change < 1 && random.uniform() >= change) row[axis] = centre[axis] as number
    else if (axes[axis]?.shape !== 'categorical') row[axis] = low + (row[axis] as number) * ((upper[axis] as number) - low)
  }
}

/** Steps of mutated numbers, as deviations. */
const steps = [0.2, 0.07, 0.02]

/** Adds up to `count` copies of good latent rows with some coordinates changed: another category, a neighbouring level, or a step along a number. */
export function addMutants(candidates: Candidates, points: Points, parents: readonly Float64Array[], count: number, random: RandomStream, refuse?: (units: Float64Array, offset: number) => boolean): void {
  const { axes, width } = points
  const probability = Math.max(1 / width, 0.25)
  for (let i = 0; i < count; i++) {
    const row = candidates.next()
    row.set(parents[i % parents.length] as Float64Array)
    const certain = random.integer(width)
    for (let index = 0; index < width; index++) if (index === certain || random.uniform() < probability) row[index] = mutated(axes[index] as Axis, row[index] as number, random)
    snapRow(points, row, 0, false)
    candidates.accept(refuse)
  }
}

function mutated({ shape, cells, centres }: Axis, unit: number, random: RandomStream): number {
  if (shape === 'categorical') {
    const own = Math.floor(unit * cells)
    return cells < 2 ? unit : (centres[(own + 1 + random.integer(cells - 1)) % cells] as number)
  }
  if (shape === 'ordered' && random.uniform() < 0.5) {
    const own = centres.indexOf(unit)
    const next = own + (random.uniform() < 0.5 ? -1 : 1)
    return centres[next < 0 ? 1 : next === cells ? cells - 2 : next] ?? unit
  }
  return Math.min(1, Math.max(0, unit + (steps[random.integer(steps.length)] as number) * random.normal()))
}
