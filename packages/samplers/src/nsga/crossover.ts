import type { RandomStream } from '@attune/core'
import type { Axis } from '../model/axis.ts'
import { power } from '../numeric/power.ts'

/** How the numbers of parents become those of a child. Categories are always taken from one parent or the other. */
export type Crossover = 'uniform' | 'blx-alpha' | 'sbx' | 'vsbx' | 'spx' | 'undx'

export const crossovers: readonly Crossover[] = ['uniform', 'blx-alpha', 'sbx', 'vsbx', 'spx', 'undx']

export function parentsOf(crossover: Crossover): 2 | 3 {
  return crossover === 'spx' || crossover === 'undx' ? 3 : 2
}

/**
 * Writes a child of some rows of coordinates into `out`. A number that is active in all parents comes from the crossover; everything else from one of
 * the parents in which it is active, NaN if there is none: `Points.settle` goes down the tree afterwards. Coordinates may be beyond [0, 1].
 */
export function cross(crossover: Crossover, index: number, parents: readonly Float64Array[], axes: readonly Axis[], random: RandomStream, out: Float64Array): void {
  const numbers: number[] = []
  for (let axis = 0; axis < axes.length; axis++) {
    const having = parents.filter((parent) => !Number.isNaN(parent[axis]))
    out[axis] = having.length === 0 ? Number.NaN : (having[having.length === 1 ? 0 : random.integer(having.length)] as Float64Array)[axis] as number
    if (having.length === parents.length && (axes[axis] as Axis).shape !== 'categorical') numbers.push(axis)
  }
  if (numbers.length === 0 || crossover === 'uniform') return
  const pick = (parent: number): Float64Array => Float64Array.from(numbers, (axis) => (parents[parent] as Float64Array)[axis] as number)
  const [a, b] = [pick(0), pick(1)]
  const child = crossover === 'blx-alpha' ? blend(a, b, random)
    : crossover === 'sbx' ? simulatedBinary(a, b, index, random)
      : crossover === 'vsbx' ? vectorSimulatedBinary(a, b, index, random)
        : crossover === 'spx' ? simplex([a, b, pick(2)], random)
          : unimodalNormal(a, b, pick(2), random)
  for (let i = 0; i < numbers.length; i++) out[numbers[i] as number] = child[i] as number
}

/** BLX-α, α = 0.5 (Eshelman & Schaffer, Foundations of Genetic Algorithms 2, 1993). */
function blend(a: Float64Array, b: Float64Array, random: RandomStream): Float64Array {
  return a.map((x, i) => {
    const y = b[i] as number
    return x + (y - x) * (2 * random.uniform() - 0.5)
  })
}

/** How far from the middle a child is, in half distances of the parents. */
function spreadOf(uniform: number, index: number): number {
  return power(uniform <= 0.5 ? 2 * uniform : 1 / (2 * (1 - uniform)), 1 / (index + 1))
}

/** SBX (Deb & Agrawal, Complex Systems 9, 1995): each number crosses with probability 1/2. */
function simulatedBinary(a: Float64Array, b: Float64Array, index: number, random: RandomStream): Float64Array {
  return a.map((x, i) => {
    const y = b[i] as number
    const keep = random.uniform()
    if (keep < 0.5) return keep < 0.25 ? x : y
    const side = random.uniform() < 0.5 ? 1 : -1
    return 0.5 * (x + y + side * spreadOf(random.uniform(), index) * Math.abs(y - x))
  })
}

/** vSBX (Ballester & Carter, GECCO 2004): one spread for all numbers, so the child lies on the line through its parents. */
function vectorSimulatedBinary(a: Float64Array, b: Float64Array, index: number, random: RandomStream): Float64Array {
  const part = spreadOf(random.uniform(), index)
  const side = random.uniform() < 0.5 ? 1 : -1
  return a.map((x, i) => 0.5 * (x + (b[i] as number)) + 0.5 * side * part * ((b[i] as number) - x))
}

/** SPX with three parents (Tsutsui, Yamamura & Higuchi, GECCO 1999): uniform in the triangle that they span, enlarged by √(parents + 1). */
function simplex(parents: readonly Float64Array[], random: RandomStream): Float64Array {
  const [first = new Float64Array(0)] = parents
  const rate = Math.sqrt(parents.length + 1)
  const centre = first.map((_, i) => parents.reduce((sum, parent) => sum + (parent[i] as number), 0) / parents.length)
  const corners = parents.map((parent) => parent.map((x, i) => (centre[i] as number) + rate * (x - (centre[i] as number))))
  let offset = first.map(() => 0)
  for (let k = 1; k < corners.length; k++) {
    const part = power(random.uniform(), 1 / k)
    offset = offset.map((x, i) => part * ((corners[k - 1] as Float64Array)[i] as number) - part * ((corners[k] as Float64Array)[i] as number) + part * x)
  }
  return offset.map((x, i) => x + ((corners.at(-1) as Float64Array)[i] as number))
}

/** UNDX (Ono & Kobayashi, ICGA 1997): normal around the middle of two parents, along their difference and across it by the distance of the third. */
function unimodalNormal(a: Float64Array, b: Float64Array, c: Float64Array, random: RandomStream): Float64Array {
  const along = a.map((x, i) => (b[i] as number) - x)
  const length = Math.sqrt(along.reduce((sum, x) => sum + x * x, 0))
  const unit = along.map((x) => (length > 0 ? x / length : 0))
  const toThird = c.map((x, i) => x - (a[i] as number))
  const projection = toThird.reduce((sum, x, i) => sum + x * (unit[i] as number), 0)
  const distance = Math.sqrt(Math.max(0, toThird.reduce((sum, x) => sum + x * x, 0) - projection * projection))
  const step = 0.5 * random.normal()
  const noise = a.map(() => (0.35 / Math.sqrt(a.length)) * distance * random.normal())
  const parallel = noise.reduce((sum, x, i) => sum + x * (unit[i] as number), 0)
  return a.map((x, i) => 0.5 * (x + (b[i] as number)) + step * (along[i] as number) + (noise[i] as number) - parallel * (unit[i] as number))
}
