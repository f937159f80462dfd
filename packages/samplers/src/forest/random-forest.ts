import type { RandomStream } from '@attune/core'
import type { Axis } from '../model/axis.ts'
import type { Surrogate } from '../model/surrogate.ts'
import { ForestNodes } from './forest-nodes.ts'
import { TreeGrower } from './grow-tree.ts'
import { trainingRows } from './training-rows.ts'

export interface ForestSettings {
  readonly trees: number
  /** True: each tree sees as many rows, drawn with replacement, which averages noise out. False: all rows, so that the trees agree at them. */
  readonly bootstrap: boolean
  /** A node of fewer different rows is not split. */
  readonly leastToSplit: number
  /**
   * Variance of what a leaf may hold beside its rows if it were the whole space, in units of that of the targets: it falls with the root of the leaf's part of the space.
   * Without it, all that lies beyond the outermost row would seem as certain as that row.
   */
  readonly unknown: number
}

/** No variance is below this part of that of the targets. */
const leastVariance = 1e-6
/** So many rows times dimensions times trees are grown between pauses: some 10 ms. */
const workBetweenPauses = 50_000

/**
 * A forest of extremely randomised regression trees (Geurts, Ernst & Wehenkel 2006) as a surrogate. The mean is that of the trees; the variance is how far
 * they differ plus what is left within their leaves (Hutter et al. 2014, section 4.3.2), and more in leaves that are a large part of the space. To lack a coordinate is a side of a split like any other, so a
 * conditional space needs nothing filled in. The same stream gives the same forest.
 */
export class RandomForest implements Surrogate {
  readonly #nodes: ForestNodes
  readonly #roots: readonly number[]
  readonly #cells: Int32Array
  readonly #middle: number
  readonly #leastVariance: number

  private constructor(nodes: ForestNodes, roots: readonly number[], cells: Int32Array, middle: number, least: number) {
    this.#nodes = nodes
    this.#roots = roots
    this.#cells = cells
    this.#middle = middle
    this.#leastVariance = least
  }

  /**
   * @param units coordinates of the rows, row by row, NaN where inactive
   * @param targets one finite number for each row; at least one
   */
  static fit(axes: readonly Axis[], units: Float64Array, targets: Float64Array, settings: ForestSettings, random: RandomStream): RandomForest {
    const steps = RandomForest.fitInParts(axes, units, targets, settings, random)
    let step = steps.next()
    while (step.done !== true) step = steps.next()
    return step.value
  }

  /** As `fit`, with pauses. */
  static * fitInParts(axes: readonly Axis[], units: Float64Array, targets: Float64Array, { trees, bootstrap, leastToSplit, unknown }: ForestSettings, random: RandomStream): Generator<void, RandomForest, undefined> {
    const count = targets.length
    let middle = 0
    for (const target of targets) middle += target / count
    const centred = targets.map((target) => target - middle)
    let variance = 0
    for (const target of centred) variance += (target * target) / count
    const nodes = new ForestNodes(2 * trees * count)
    const grower = new TreeGrower(trainingRows(axes, units, centred), leastToSplit, unknown * variance, nodes, random)
    const weights = new Float64Array(count)
    const roots: number[] = []
    let work = 0
    for (let tree = 0; tree < trees; tree++) {
      weights.fill(bootstrap ? 0 : 1)
      for (let draw = 0; bootstrap && draw < count; draw++) {
        const row = random.integer(count)
        weights[row] = (weights[row] as number) + 1
      }
      roots.push(grower.grow(weights))
      work += count * axes.length
      if (work < workBetweenPauses) continue
      work = 0
      yield
    }
    return new RandomForest(nodes, roots, Int32Array.from(axes, ({ cells }) => cells), middle, Math.max(leastVariance * variance, Number.MIN_VALUE))
  }

  predict(units: Float64Array, count: number, mean: Float64Array, variance: Float64Array): void {
    const nodes = this.#nodes
    const trees = this.#roots.length
    for (let point = 0; point < count; point++) {
      const offset = point * this.#cells.length
      let sum = 0
      let squares = 0
      let within = 0
      for (let tree = 0; tree < trees; tree++) {
        const leaf = nodes.leafOf(this.#roots[tree] as number, units, offset, this.#cells)
        const one = nodes.meanOf(leaf)
        sum += one
        squares += one * one
        within += nodes.varianceOf(leaf)
      }
      const average = sum / trees
      mean[point] = this.#middle + average
      variance[point] = Math.max(this.#leastVariance, (squares + within) / trees - average * average)
    }
  }
}
