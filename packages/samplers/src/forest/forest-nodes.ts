import { categoryAt } from './training-rows.ts'

/** The nodes of many trees in columns. The two children of a node are neighbours, the left one first. */
export class ForestNodes {
  #count = 0
  /** Dimension of the split; -1 for a leaf. */
  #feature: Int32Array
  /** Coordinates up to it go left; NaN for a split by categories. */
  #threshold: Float64Array
  /** Of a threshold 1 where inactive coordinates go left, of categories where its part of `#isLeft` begins. */
  #side: Int32Array
  #left: Int32Array
  #mean: Float64Array
  #variance: Float64Array
  /** For each split by categories 1 for each that goes left, the last for inactive. */
  #isLeft: Uint8Array
  #isLeftCount = 0

  constructor(capacity: number) {
    this.#feature = new Int32Array(capacity)
    this.#threshold = new Float64Array(capacity)
    this.#side = new Int32Array(capacity)
    this.#left = new Int32Array(capacity)
    this.#mean = new Float64Array(capacity)
    this.#variance = new Float64Array(capacity)
    this.#isLeft = new Uint8Array(capacity)
  }

  /** Makes room for so many nodes, siblings, and answers the first. The capacity given at first is for all. */
  add(count: number): number {
    const first = this.#count
    this.#count += count
    return first
  }

  setLeaf(node: number, mean: number, variance: number): void {
    this.#feature[node] = -1
    this.#mean[node] = mean
    this.#variance[node] = variance
  }

  setThreshold(node: number, feature: number, threshold: number, missingLeft: boolean, left: number): void {
    this.#feature[node] = feature
    this.#threshold[node] = threshold
    this.#side[node] = missingLeft ? 1 : 0
    this.#left[node] = left
  }

  setCategories(node: number, feature: number, isLeft: Uint8Array, left: number): void {
    const start = this.#isLeftCount
    this.#isLeftCount += isLeft.length
    if (this.#isLeftCount > this.#isLeft.length) {
      const grown = new Uint8Array(2 * this.#isLeftCount)
      grown.set(this.#isLeft)
      this.#isLeft = grown
    }
    this.#isLeft.set(isLeft, start)
    this.#feature[node] = feature
    this.#threshold[node] = NaN
    this.#side[node] = start
    this.#left[node] = left
  }

  /** The leaf under `root` that a point, `units` from `offset`, falls into. `cells` has the number of categories by dimension. */
  leafOf(root: number, units: Float64Array, offset: number, cells: Int32Array): number {
    const features = this.#feature
    let node = root
    for (let feature = features[node] as number; feature >= 0; feature = features[node] as number) {
      const unit = units[offset + feature] as number
      const threshold = this.#threshold[node] as number
      let left: boolean
      if (unit <= threshold) left = true
      else if (unit > threshold) left = false
      else if (threshold === threshold) left = this.#side[node] === 1
      else {
        left = this.#isLeft[(this.#side[node] as number) + categoryAt(cells[feature] as number, unit)] === 1
      }
      node = (this.#left[node] as number) + (left ? 0 : 1)
    }
    return node
  }

  meanOf(leaf: number): number {
    return this.#mean[leaf] as number
  }

  varianceOf(leaf: number): number {
    return this.#variance[leaf] as number
  }
}
