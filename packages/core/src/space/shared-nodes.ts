import type { Branches, Definition, SpaceNode } from './definition.ts'

/** A node that is one parameter (or group of them) in several branches. */
export interface SharedNode {
  readonly node: SpaceNode
  /** Where it stands inside each of its branches. */
  readonly path: string
  readonly branches: ReadonlySet<string>
}

/** The nodes that stand, the very same object, at the same path in two or more branches; by path. */
export function sharedNodes(branches: Branches): readonly SharedNode[] {
  const found = new Map<SpaceNode, Map<string, Set<string>>>()
  const visit = (group: Definition, branch: string, prefix: string, level: number): void => {
    for (const [name, node] of Object.entries(group)) {
      const path = prefix + name
      if (isGroup(node)) {
        if (level < 32) visit(node, branch, `${path}.`, level + 1)
        continue
      }
      const places = found.get(node) ?? new Map<string, Set<string>>()
      found.set(node, places.set(path, (places.get(path) ?? new Set<string>()).add(branch)))
    }
  }
  for (const [branch, group] of Object.entries(branches)) if (isGroup(group)) visit(group, branch, '', 0)
  const shared: SharedNode[] = []
  for (const [node, places] of found) {
    for (const [path, names] of places) if (names.size > 1) shared.push({ node, path, branches: names })
  }
  return shared.sort((a, b) => (a.path < b.path ? -1 : 1))
}

/** Whether this is a plain object without a kind of its own. */
export function isGroup(node: unknown): node is Definition {
  if (typeof node !== 'object' || node === null || Object.hasOwn(node, '.kind')) return false
  const prototype: unknown = Object.getPrototypeOf(node)
  return prototype === Object.prototype || prototype === null
}
