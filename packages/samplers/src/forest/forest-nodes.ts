import { categoryAt } from './training-rows.ts'

/** Of so many categories a split says for each where it goes; of more, for those that were seen. */
export const mostListed = 128

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
  /** For each split by very many categories: how many were seen, bits for those that were not, and the seen ones ascending, each twice and 1 more if it goes left. */
  #seen: Int32Array
  #seenCount = 0

  constructor(capacity: number) {
    this.#feature = new Int32Array(capacity)
    this.#threshold = new Float64Array(capacity)
    this.#side = new Int32Array(capacity)
    this.#left = new Int32Array(capacity)
    this.#mean = new Float64Array(capacity)
    this.#variance = new Float64Array(capacity)
    this.#isLeft = new Uint8Array(capacity)
    this.#seen = new Int32Array(16)
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

  /** The same of a dimension of more than `mostListed` categories. Those that are not among `sides` (ascending: a category twice, and 1 more if it goes left) go by chance, of which `bits` are the source. */
  setManyCategories(node: number, feature: number, sides: Int32Array, bits: number, left: number): void {
    const start = this.#seenCount
    this.#seenCount += sides.length + 2
    if (this.#seenCount > this.#seen.length) {
      const grown = new Int32Array(2 * this.#seenCount)
      grown.set(this.#seen)
      this.#seen = grown
    }
    this.#seen[start] = sides.length
    this.#seen[start + 1] = bits
    this.#seen.set(sides, start + 2)
    this.#feature[node] = feature
    this.#threshold[node] = NaN
    this.#side[node] = start
    this.#left[node] = left
  }

  #goesLeft(start: number, cells: number, unit: number): boolean {
    const category = categoryAt(cells, unit)
    if (cells <= mostListed) return this.#isLeft[start + category] === 1
    let low = start + 2
    let high = low + (this.#seen[start] as number)
    while (low < high) {
      const middle = (low + high) >> 1
      const side = this.#seen[middle] as number
      if (side >> 1 === category) return (side & 1) === 1
      if (side >> 1 < category) low = middle + 1
      else high = middle
    }
    return (mixed((this.#seen[start + 1] as number) ^ category) & 1) === 1
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
      else left = this.#goesLeft(this.#side[node] as number, cells[feature] as number, unit)
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

/** Bits of which each depends on all of a word (the finaliser of MurmurHash3). */
function mixed(word: number): number {
  let bits = Math.imul(word ^ (word >>> 16), 0x85ebca6b)
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35)
  return bits ^ (bits >>> 16)
}
