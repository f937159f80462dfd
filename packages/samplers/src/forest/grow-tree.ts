/*
 * Above 150 lines: the loops over the rows of a node share their scratch arrays and sums, and are where the time goes.
 */
import type { RandomStream } from '@attune/core'
import type { Axis } from '../model/axis.ts'
import { type ForestNodes, mostListed } from './forest-nodes.ts'
import type { TrainingRows } from './training-rows.ts'

/** Where rows that lack the dimension of a split go; `unseen`: there is none in the node. */
type Missing = 'left' | 'right' | 'unseen'

/** Squared errors below this part of the weight are rounding. */
const negligible = 1e-14
/** Nor do splits differ that leave so nearly the same part of the error. */
const rounding = 1e-9

/**
 * Grows extremely randomised regression trees (Geurts, Ernst & Wehenkel 2006): for each dimension one random split of a node, and of these the one that leaves
 * the least squared error. Random thresholds make the mean of many trees smooth, and let the trees differ where there are no rows.
 */
export class TreeGrower {
  readonly #rows: TrainingRows
  readonly #leastToSplit: number
  readonly #nodes: ForestNodes
  readonly #random: RandomStream
  readonly #unknown: number
  /** How often each row is in the bag of the tree that grows. */
  #weights: Float64Array
  /** Rows in the bag: a node is a stretch of it. */
  readonly #members: Int32Array
  readonly #buffer: Int32Array
  readonly #goesLeft: Uint8Array
  // Of the members of the node: coordinate along one dimension, weight, and weight times target.
  readonly #unitOf: Float64Array
  readonly #weightOf: Float64Array
  readonly #productOf: Float64Array
  readonly #categoryWeights: Float64Array
  readonly #categorySums: Float64Array
  /** 1 for categories that were met while rows are counted or divided; 0 in between. */
  readonly #isMet: Uint8Array
  /** Bounds of the node along each ordered dimension. */
  readonly #low: Float64Array
  readonly #high: Float64Array
  // Sums of the node that is being split.
  #weight = 0
  #sum = 0
  /** Splits whose scores differ by less are equally good. */
  #tie = 0
  // The best split found for it.
  #score = 0
  #feature = -1
  #threshold = 0
  #missing: Missing = 'unseen'
  #leftCategories: readonly number[] = []
  #rightCategories: readonly number[] = []

  /**
   * @param leastToSplit a node of fewer different rows is a leaf
   * @param unknown variance of what a leaf would hold beside its rows if it were the whole space; it falls with the root of the leaf's part of the space
   */
  constructor(rows: TrainingRows, leastToSplit: number, unknown: number, nodes: ForestNodes, random: RandomStream) {
    this.#unknown = unknown
    this.#rows = rows
    this.#leastToSplit = leastToSplit
    this.#nodes = nodes
    this.#random = random
    this.#weights = new Float64Array(0)
    this.#members = new Int32Array(rows.count)
    this.#buffer = new Int32Array(rows.count)
    this.#goesLeft = new Uint8Array(rows.count)
    this.#low = new Float64Array(rows.axes.length)
    this.#high = new Float64Array(rows.axes.length)
    this.#unitOf = new Float64Array(rows.count)
    this.#weightOf = new Float64Array(rows.count)
    this.#productOf = new Float64Array(rows.count)
    const mostCategories = rows.axes.reduce((most, axis) => (axis.shape === 'categorical' ? Math.max(most, axis.cells) : most), 0)
    this.#categoryWeights = new Float64Array(mostCategories + 1)
    this.#categorySums = new Float64Array(mostCategories + 1)
    this.#isMet = new Uint8Array(mostCategories + 1)
  }

  /** Adds one tree and answers its root. Rows of weight 0 are left out; some weight is above 0. */
  grow(weights: Float64Array): number {
    this.#weights = weights
    let inBag = 0
    for (let row = 0; row < weights.length; row++) if ((weights[row] as number) > 0) this.#members[inBag++] = row
    const root = this.#nodes.add(1)
    for (let index = 0; index < this.#rows.axes.length; index++) {
      this.#low[index] = 0
      this.#high[index] = 1
    }
    this.#growAt(root, 0, inBag, 1)
    return root
  }

  /** Splits a node, whose bounds are in `#low` and `#high`, and its children in turn. There are at most as many in each other as rows. */
  #growAt(node: number, start: number, end: number, part: number): void {
    if (!this.#findSplit(node, start, end, part)) return
    const index = this.#feature
    const threshold = this.#threshold
    const middle = this.#divide(start, end)
    const left = this.#nodes.add(2)
    this.#record(node, left)
    if (this.#rows.categories[index] !== undefined || threshold === Infinity) {
      const share = threshold === Infinity ? 0.5 : this.#leftCategories.length / (this.#leftCategories.length + this.#rightCategories.length)
      this.#growAt(left, start, middle, part * share)
      this.#growAt(left + 1, middle, end, part * (1 - share))
      return
    }
    const low = this.#low[index] as number
    const high = this.#high[index] as number
    const share = (threshold - low) / (high - low)
    this.#high[index] = threshold
    this.#growAt(left, start, middle, part * share)
    this.#high[index] = high
    this.#low[index] = threshold
    this.#growAt(left + 1, middle, end, part * (1 - share))
    this.#low[index] = low
  }

  /** Finds a split of a node and says whether there is one; as a leaf it gets its mean and variance. `part` is its part of the space. */
  #findSplit(node: number, start: number, end: number, part: number): boolean {
    const { targets, categories } = this.#rows
    let weight = 0
    let sum = 0
    for (let i = start; i < end; i++) {
      const row = this.#members[i] as number
      const times = this.#weights[row] as number
      const product = times * (targets[row] as number)
      this.#weightOf[i] = times
      this.#productOf[i] = product
      weight += times
      sum += product
    }
    const mean = sum / weight
    let squares = 0
    for (let i = start; i < end; i++) {
      const row = this.#members[i] as number
      const difference = (targets[row] as number) - mean
      squares += (this.#weights[row] as number) * difference * difference
    }
    this.#nodes.setLeaf(node, mean, squares / weight + this.#unknown * Math.sqrt(part))
    if (end - start < this.#leastToSplit || !(squares > negligible * weight)) return false
    this.#weight = weight
    this.#sum = sum
    this.#tie = rounding * squares
    this.#score = -Infinity
    this.#feature = -1
    // Of equally good splits the first is taken, so the dimensions take turns. Any split of two rows is as good as another.
    const width = categories.length
    const first = this.#random.integer(width)
    for (let i = 0; i < width; i++) {
      const index = (first + i) % width
      if (categories[index] === undefined) this.#tryThreshold(index, start, end)
      else this.#tryCategories(index, start, end)
      if (end - start === 2 && this.#feature >= 0) break
    }
    return this.#feature >= 0
  }

  /** A random threshold with inactive rows on either side, and all active ones against those. */
  #tryThreshold(index: number, start: number, end: number): void {
    const column = this.#rows.columns[index] as Float64Array
    const members = this.#members
    const units = this.#unitOf
    const weights = this.#weightOf
    const products = this.#productOf
    let low = Infinity
    let high = -Infinity
    let missing = 0
    let missingWeight = 0
    let missingSum = 0
    for (let i = start; i < end; i++) {
      const unit = column[members[i] as number] as number
      units[i] = unit
      if (unit < low) low = unit
      if (unit > high) high = unit
      if (unit === unit) continue
      missing++
      missingWeight += weights[i] as number
      missingSum += products[i] as number
    }
    if (missing === end - start) return
    if (missing > 0) this.#offer(index, this.#weight - missingWeight, this.#sum - missingSum, Infinity, 'right')
    if (low === high) return
    const drawn = low + this.#random.uniform() * (high - low)
    const threshold = drawn < high ? drawn : low
    let leftWeight = 0
    let leftSum = 0
    for (let i = start; i < end; i++) {
      if (!((units[i] as number) <= threshold)) continue
      leftWeight += weights[i] as number
      leftSum += products[i] as number
    }
    this.#offer(index, leftWeight, leftSum, threshold, missing > 0 ? 'right' : 'unseen')
    if (missing > 0) this.#offer(index, leftWeight + missingWeight, leftSum + missingSum, threshold, 'left')
  }

  #offer(index: number, leftWeight: number, leftSum: number, threshold: number, missing: Missing): boolean {
    const rightSum = this.#sum - leftSum
    const score = (leftSum * leftSum) / leftWeight + (rightSum * rightSum) / (this.#weight - leftWeight)
    if (!(score > this.#score + this.#tie)) return false
    this.#score = score
    this.#feature = index
    this.#threshold = threshold
    this.#missing = missing
    return true
  }

  /** Of all subsets of categories those worth trying are the first few in the order of their means (Breiman et al. 1984, theorem 4.5): one of these, by chance. */
  #tryCategories(index: number, start: number, end: number): void {
    const categories = this.#rows.categories[index] as Int32Array
    const weights = this.#categoryWeights
    const sums = this.#categorySums
    const order: number[] = []
    for (let i = start; i < end; i++) {
      const category = categories[this.#members[i] as number] as number
      if (this.#isMet[category] === 0) {
        order.push(category)
        this.#isMet[category] = 1
        weights[category] = 0
        sums[category] = 0
      }
      weights[category] = (weights[category] as number) + (this.#weightOf[i] as number)
      sums[category] = (sums[category] as number) + (this.#productOf[i] as number)
    }
    for (const category of order) this.#isMet[category] = 0
    if (order.length < 2) return
    const mean = (category: number): number => (sums[category] as number) / (weights[category] as number)
    order.sort((a, b) => mean(a) - mean(b) || a - b)
    const split = 1 + (order.length === 2 ? 0 : this.#random.integer(order.length - 1))
    let leftWeight = 0
    let leftSum = 0
    for (let i = 0; i < split; i++) {
      leftWeight += weights[order[i] as number] as number
      leftSum += sums[order[i] as number] as number
    }
    if (!this.#offer(index, leftWeight, leftSum, NaN, 'unseen')) return
    this.#leftCategories = order.slice(0, split)
    this.#rightCategories = order.slice(split)
  }

  /** Puts the members that go left before the others; answers where the others begin. */
  #divide(start: number, end: number): number {
    const goesLeft = this.#goesLeft
    const members = this.#members
    const categories = this.#rows.categories[this.#feature]
    const column = this.#rows.columns[this.#feature] as Float64Array
    if (categories !== undefined) for (const category of this.#leftCategories) this.#isMet[category] = 1
    for (let i = start; i < end; i++) {
      const row = members[i] as number
      const unit = column[row] as number
      const left = categories !== undefined ? this.#isMet[categories[row] as number] === 1 : Number.isNaN(unit) ? this.#missing === 'left' : unit <= this.#threshold
      goesLeft[row] = left ? 1 : 0
    }
    if (categories !== undefined) for (const category of this.#leftCategories) this.#isMet[category] = 0
    let middle = start
    let others = 0
    for (let i = start; i < end; i++) {
      const row = members[i] as number
      if (goesLeft[row] === 1) members[middle++] = row
      else this.#buffer[others++] = row
    }
    for (let i = 0; i < others; i++) members[middle + i] = this.#buffer[i] as number
    return middle
  }

  /** What the node has not seen (a category, or that the dimension is inactive) goes to a side by chance: there the trees differ. */
  #record(node: number, left: number): void {
    const index = this.#feature
    const { dimension, shape, cells } = this.#rows.axes[index] as Axis
    if (shape !== 'categorical') {
      const maybeMissing = dimension.dynamic || dimension.conditions.length > 0
      const missingLeft = this.#missing === 'unseen' ? maybeMissing && (this.#random.bits() & 1) === 1 : this.#missing === 'left'
      this.#nodes.setThreshold(node, index, this.#threshold, missingLeft, left)
      return
    }
    if (cells > mostListed) {
      const sides = Int32Array.from([...this.#leftCategories.map((category) => 2 * category + 1), ...this.#rightCategories.map((category) => 2 * category)]).sort()
      this.#nodes.setManyCategories(node, index, sides, this.#random.bits(), left)
      return
    }
    const isLeft = new Uint8Array(cells + 1)
    for (let category = 0; category <= cells; category++) isLeft[category] = this.#random.bits() & 1
    for (const category of this.#leftCategories) isLeft[category] = 1
    for (const category of this.#rightCategories) isLeft[category] = 0
    this.#nodes.setCategories(node, index, isLeft, left)
  }
}
