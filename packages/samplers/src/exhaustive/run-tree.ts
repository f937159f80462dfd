import type { FlatParams, Scalar } from '@attune/core'

/** What code met after it was given some values: another parameter, or its end. */
interface Node {
  readonly parent: Node | undefined
  /** The parameter met here; undefined if none is known: trials ended here, or none has come here yet. */
  path: string | undefined
  readonly children: Map<Scalar, Node>
  /** Children below which nothing is left. */
  completeChildren: number
  complete: boolean
}

/**
 * The parameters that running code met, as a tree: each node is what was met after the values above it. It grows with the trials,
 * and knows what is left as far as it is known.
 */
export class RunTree {
  readonly #cells: (path: string) => number
  readonly #root: Node = newNode(undefined)

  /** @param cells number of values of a parameter */
  constructor(cells: (path: string) => number) {
    this.#cells = cells
  }

  /** True if nothing is left. */
  get complete(): boolean {
    return this.#root.complete
  }

  /** True if no trial has shown yet what is met first. */
  get empty(): boolean {
    return this.#root.path === undefined && !this.#root.complete
  }

  /** Takes in a trial: parameters in the order in which they were met. */
  add(flatParams: FlatParams): void {
    const left = new Set(Object.keys(flatParams))
    let node = this.#root
    while (left.size > 0) {
      if (node.path === undefined) this.#meet(node, left.values().next().value as string)
      const path = node.path as string
      // Other code, or other chance: it shows nothing of this one.
      if (!left.delete(path)) return
      const value = flatParams[path] as Scalar
      let child = node.children.get(value)
      if (child === undefined) node.children.set(value, (child = newNode(node)))
      node = child
    }
    // A trial that failed on its way shows nothing of what others met after that.
    if (node.path === undefined) this.#close(node)
  }

  /**
   * Values that lead to something new, for the parameters on the way there; undefined if all that is left is being tried.
   * @param running parameters of trials whose end is not known
   * @param order in which the cells of a parameter are looked at
   */
  next(running: readonly FlatParams[], valueAt: (path: string, cell: number) => Scalar, order: (cells: number) => (position: number) => number): FlatParams | undefined {
    const busy = this.#busy(running)
    const pick = (node: Node, above: FlatParams): FlatParams | undefined => {
      if (node.path === undefined || node.complete) return undefined
      const cells = this.#cells(node.path)
      const cellAt = order(cells)
      for (let position = 0; position < cells; position++) {
        const value = valueAt(node.path, cellAt(position))
        const child = node.children.get(value)
        const params = { ...above, [node.path]: value }
        if (child === undefined) {
          if (busy.get(node)?.has(value) !== true) return params
        } else if (!child.complete) {
          const found = pick(child, params)
          if (found !== undefined) return found
        }
      }
      return undefined
    }
    return pick(this.#root, {})
  }

  /** At which nodes which values are being tried for the first time. */
  #busy(running: readonly FlatParams[]): Map<Node, Set<Scalar>> {
    const busy = new Map<Node, Set<Scalar>>()
    for (const flatParams of running) {
      let node: Node | undefined = this.#root
      while (node?.path !== undefined) {
        const value: Scalar | undefined = flatParams[node.path]
        if (value === undefined) break
        const child: Node | undefined = node.children.get(value)
        if (child === undefined) busy.set(node, (busy.get(node) ?? new Set()).add(value))
        node = child
      }
    }
    return busy
  }

  #meet(node: Node, path: string): void {
    node.path = path
    if (node.complete) this.#open(node)
  }

  #close(node: Node): void {
    if (node.complete) return
    node.complete = true
    const { parent } = node
    if (parent === undefined) return
    parent.completeChildren++
    if (parent.completeChildren === this.#cells(parent.path as string)) this.#close(parent)
  }

  /** An earlier trial ended before it met what others do. */
  #open(node: Node): void {
    node.complete = false
    const { parent } = node
    if (parent === undefined) return
    parent.completeChildren--
    if (parent.complete) this.#open(parent)
  }
}

function newNode(parent: Node | undefined): Node {
  return { parent, path: undefined, children: new Map(), completeChildren: 0, complete: false }
}
