import type { Condition } from '../contracts/space.ts'
import { AttuneError } from '../errors.ts'
import { choice, int } from './builders.ts'
import { checkLeaf, isLeaf } from './check-leaf.ts'
import type { Definition, Leaf, OneOf, Repeat, SpaceNode } from './definition.ts'
import { join } from './layout.ts'
import type { GroupLayout, Layout, LeafLayout, OneOfLayout, RepeatLayout } from './layout.ts'
import type { LeafDimension } from './leaf-dimension.ts'
import { LevelDimension } from './level-dimension.ts'
import { NumberDimension } from './number-dimension.ts'
import { isGroup, sharedNodes } from './shared-nodes.ts'
import { show } from './show.ts'

// Bounds on one space: a definition may come from elsewhere, and one that holds itself has no end.
const MOST_NODES = 20_000
const MOST_LEVELS = 32
const MOST_ELEMENTS = 1000

/** A node that is shared by branches, and what it was compiled to. */
type SharedLayouts = ReadonlyMap<string, { readonly node: SpaceNode; readonly layout: Layout }>

/**
 * Turns a definition into dimensions, parents before children and otherwise by name:
 * equal definitions give equal dimensions in whatever order their names were written.
 */
export class Compiler {
  readonly dimensions: LeafDimension[] = []
  readonly #paths = new Set<string>()
  #nodes = 0

  /** Compiles a whole definition, once. */
  compile(definition: Definition): GroupLayout {
    if (!isGroup(definition)) throw new AttuneError('DEFINITION', `A space is a plain object of parameters, not ${show(definition)}: write space({ x: float(0, 1) }).`)
    const layout = this.#group(definition, '', [], 0)
    if (this.dimensions.length === 0) throw new AttuneError('EMPTY_SPACE', 'The space has no parameters; add at least one, as in space({ x: float(0, 1) }).')
    return layout
  }

  #leaf(leaf: Leaf, path: string, conditions: readonly Condition[]): LeafLayout {
    checkLeaf(leaf, path)
    if (this.#paths.has(path)) {
      throw new AttuneError('DUPLICATE_NAME', `Two parameters have the path '${path}'; rename one of them.`, { details: { path } })
    }
    this.#paths.add(path)
    const index = this.dimensions.length
    this.dimensions.push(makeDimension(leaf, path, index, conditions, false))
    return { kind: 'leaf', path, index }
  }

  #group(group: Definition, path: string, conditions: readonly Condition[], level: number, shared?: SharedLayouts, inside = ''): GroupLayout {
    this.#count(path, level)
    const names = Object.keys(group)
    for (const name of names) checkName(name, path)
    const layouts = new Map<string, Layout>()
    for (const name of names.toSorted()) {
      const node = group[name] as SpaceNode
      const known = shared?.get(inside + name)
      if (known !== undefined && known.node === node) layouts.set(name, known.layout)
      else if (isGroup(node)) layouts.set(name, this.#group(node, join(path, name), conditions, level + 1, shared, `${inside}${name}.`))
      else layouts.set(name, this.#node(node, join(path, name), conditions, level + 1))
    }
    return { kind: 'group', names, parts: names.map((name) => layouts.get(name) as Layout) }
  }

  #node(node: SpaceNode, path: string, conditions: readonly Condition[], level: number): Layout {
    this.#count(path, level)
    if (isGroup(node)) return this.#group(node, path, conditions, level)
    const kind = typeof node === 'object' && node !== null ? node['.kind'] : undefined
    if (kind === 'oneOf') return this.#oneOf(node as OneOf, path, conditions, level)
    if (kind === 'repeat') return this.#repeat(node as Repeat, path, conditions, level)
    if (isLeaf(node)) return this.#leaf(node, path, conditions)
    throw new AttuneError('DEFINITION', `'${path}' is ${kind === undefined ? show(node) : `of the unknown kind ${show(kind)}`}: give float(…), int(…), choice(…), another builder's result, or a plain object of them.`, { details: { path } })
  }

  #oneOf(node: OneOf, path: string, conditions: readonly Condition[], level: number): OneOfLayout {
    const { branches, weights } = node
    if (!isGroup(branches) || Object.keys(branches).length === 0) {
      throw new AttuneError('EMPTY_CHOICE', `'${path}' is oneOf without branches: give at least one, as in oneOf({ adam: {} }).`, { details: { path } })
    }
    const names = Object.keys(branches).sort()
    for (const name of names) {
      checkName(name, path)
      if (!isGroup(branches[name])) throw new AttuneError('DEFINITION', `'${path}.${name}' is ${show(branches[name])}: a branch is a plain object of parameters, possibly empty.`, { details: { path } })
      if (Object.hasOwn(branches[name], 'type')) throw new AttuneError('NAME_FORBIDDEN', `'${path}.${name}' has a parameter 'type', but in the parameters 'type' names the branch: choose another name.`, { details: { path } })
    }
    if (weights !== undefined && Object.keys(weights).sort().join('.') !== names.join('.')) {
      throw new AttuneError('WEIGHTS', `'${path}' needs one weight for each branch, by name: ${names.join(', ')}.`, { details: { path } })
    }
    const selector = this.#leaf(choice(names, weights && { weights: names.map((name) => weights[name] as number) }), `${path}.type`, conditions)
    const inBranches = (isActive: (name: string) => boolean): readonly Condition[] => [
      { parent: selector.index, cells: new Set([...names.keys()].filter((cell) => isActive(names[cell] as string))) },
    ]
    const shared = new Map<string, { node: SpaceNode; layout: Layout }>()
    for (const one of sharedNodes(branches)) {
      shared.set(one.path, { node: one.node, layout: this.#node(one.node, `${path}.${one.path}`, inBranches((name) => one.branches.has(name)), level + 1) })
    }
    const parts = names.map((name) => this.#group(branches[name] as Definition, `${path}.${name}`, inBranches((other) => other === name), level + 1, shared))
    return { kind: 'oneOf', path: selector.path, branches: names, parts }
  }

  #repeat(node: Repeat, path: string, conditions: readonly Condition[], level: number): RepeatLayout {
    const { of, min, max } = node
    if (!Number.isInteger(min) || !Number.isInteger(max) || min < 0 || max < 1 || min > max || max > MOST_ELEMENTS) {
      throw new AttuneError('REPEAT_BOUNDS', `'${path}' is repeat(…, { min: ${show(min)}, max: ${show(max)} }): give whole numbers with 0 <= min <= max and 1 <= max <= ${MOST_ELEMENTS}.`, { details: { path, min, max } })
    }
    const length = min === max ? undefined : this.#leaf(int(min, max), `${path}.length`, conditions)
    const parts: Layout[] = []
    for (let i = 0; i < max; i++) {
      const longer = new Set<number>()
      for (let cell = Math.max(0, i + 1 - min); cell <= max - min; cell++) longer.add(cell)
      parts.push(this.#node(of, `${path}.${i}`, length === undefined || i < min ? conditions : [{ parent: length.index, cells: longer }], level + 1))
    }
    return { kind: 'repeat', path: length?.path, min, parts }
  }

  #count(path: string, level: number): void {
    this.#nodes++
    if (level <= MOST_LEVELS && this.#nodes <= MOST_NODES) return
    throw new AttuneError('DEFINITION', `The space is too large at '${path}': at most ${MOST_LEVELS} levels and ${MOST_NODES} nodes; lower the bounds of repeat, or look for a group that holds itself.`, { details: { path } })
  }
}

export function makeDimension(leaf: Leaf, path: string, index: number, conditions: readonly Condition[], dynamic: boolean): LeafDimension {
  return 'values' in leaf
    ? new LevelDimension(leaf, path, index, conditions, dynamic)
    : new NumberDimension(leaf, path, index, conditions, dynamic)
}

/** Throws NAME_FORBIDDEN for names that paths or objects cannot hold. */
export function checkName(name: string, path: string): void {
  if (name !== '' && !name.includes('.') && name !== '__proto__' && name !== 'prototype' && name !== 'constructor') return
  const why = name === '' ? 'a name needs at least one character' : name.includes('.') ? "'.' separates the names of a path" : 'JavaScript objects use it themselves'
  throw new AttuneError('NAME_FORBIDDEN', `${path === '' ? 'The space' : `'${path}'`} has a parameter named '${name}': ${why}; choose another name.`, { details: { path, name } })
}
