import type { FlatParams, Scalar } from '../contracts/values.ts'
import type { Constraint, LinearConstraint } from './constraint.ts'
import { describeLeaf } from './describe-leaf.ts'
import type { LeafDimension } from './leaf-dimension.ts'
import { NumberDimension } from './number-dimension.ts'
import { show } from './show.ts'

/** Values of a leaf that are looked at one by one. Of more, which are steps from the first, these tell for all. */
const mostCells = 10_000

/** What one space is as an extension of another. */
export interface Extension {
  /** Why there are points of the old space that the new one does not have, a message each; empty if it has them all. */
  readonly problems: readonly string[]
  /** The new parameters that points of the old space need a value for and were given none, as `dropout, float(0, 0.5)`. */
  readonly needed: readonly string[]
  /** What those points have: the given values that they need, by their full paths. */
  readonly values: FlatParams
}

/** What is compared of a space. */
export interface Extendable {
  readonly dimensions: readonly LeafDimension[]
  readonly definedConstraints: readonly Constraint<never>[]
}

/**
 * Whether every point of the old space is a point of the new one, once it has the `given` values for the parameters that
 * are new to it. A path in `given` may stand for all elements of a list: `layers.*.dropout`.
 */
export function extensionOf(before: Extendable, after: Extendable, given: FlatParams): Extension {
  const known = new Map(before.dimensions.map((dimension) => [dimension.path, dimension]))
  const paths = new Set(after.dimensions.flatMap(({ path }) => [path, starred(path)]))
  const problems = new Set<string>()
  const needed: string[] = []
  const values: { [path: string]: Scalar } = {}
  /** Values that a parameter on which others depend can have on points of the old space. */
  const possible = (path: string): readonly Scalar[] => [...valuesOf(known.get(path)), ...(Object.hasOwn(values, path) ? [values[path]!] : [])]

  for (const { path, leaf } of before.dimensions) if (!paths.has(path)) problems.add(`${starred(path)}: removed, was ${describeLeaf(leaf)}`)
  for (const path of Object.keys(given)) if (!paths.has(path)) problems.add(`${path}: there is a value for it, but no such parameter`)
  for (const dimension of after.dimensions) {
    const { path, leaf } = dimension
    const old = known.get(path)
    for (const problem of old === undefined ? [] : narrowings(old, dimension)) problems.add(`${starred(path)}: ${problem}`)
    const { lost, gained } = activityOf(old, before, dimension, after, possible)
    if (lost !== undefined) problems.add(`${starred(path)}: ${lost}`)
    if (!gained) continue
    const value = Object.hasOwn(given, path) ? given[path] : given[starred(path)]
    if (value === undefined) needed.push(`${path}, ${describeLeaf(leaf)}`)
    else if (dimension.has(value)) values[path] = value
    else problems.add(`${path}: the value ${show(value)} for old trials is not one of ${describeLeaf(leaf)}`)
  }
  for (const constraint of after.definedConstraints) {
    const old = before.definedConstraints.find(({ name }) => name === constraint.name)
    if (old === undefined) problems.add(`constraint '${constraint.name}': added, so that old trials may break it`)
    else if (!isLooser(old, constraint)) problems.add(`constraint '${constraint.name}': changed, so that old trials may break it`)
  }
  return { problems: [...problems], needed, values }
}

/** The same path for all elements of a list. */
function starred(path: string): string {
  return path.split('.').map((name) => (/^\d+$/.test(name) ? '*' : name)).join('.')
}

/** Where points of the old space have lost a parameter that they have, and whether there are some that now need one. */
function activityOf(old: LeafDimension | undefined, before: Extendable, now: LeafDimension, after: Extendable, possible: (path: string) => readonly Scalar[]): { readonly lost: string | undefined; readonly gained: boolean } {
  const condition = now.conditions[0]
  const oldCondition = old?.conditions[0]
  const oldParent = oldCondition === undefined ? undefined : before.dimensions[oldCondition.parent]!
  if (condition === undefined) return { lost: undefined, gained: old === undefined || (oldParent !== undefined && oldCondition!.cells.size < oldParent.cells) }
  const parent = after.dimensions[condition.parent]!
  const isActive = (value: Scalar): boolean => condition.cells.has(parent.cellOf(value))
  // An element of a list that was always there may depend on the length by now: it was there whatever the length was.
  const wasActive = (value: Scalar): boolean => old !== undefined && (oldParent?.path !== parent.path || oldCondition!.cells.has(oldParent.cellOf(value)))
  const reached = possible(parent.path)
  const lost = reached.find((value) => wasActive(value) && !isActive(value))
  return { lost: lost === undefined ? undefined : `is there no more where '${parent.path}' is ${show(lost)}`, gained: reached.some((value) => isActive(value) && !wasActive(value)) }
}

function valuesOf(dimension: LeafDimension | undefined): readonly Scalar[] {
  return dimension === undefined ? [] : Array.from({ length: dimension.cells }, (_, cell) => dimension.valueAt(cell))
}

/** In what the new leaf has not all the values of the old one. */
function narrowings(old: LeafDimension, now: LeafDimension): readonly string[] {
  const change = `${describeLeaf(old.leaf)} → ${describeLeaf(now.leaf)}`
  const isKind = old.leaf['.kind'] === now.leaf['.kind'] || (now.leaf['.kind'] === 'choice' && old.kind === 'categorical')
  // What had one value only may become anything that has it.
  if (!isKind && old.cells > 1) return [`${change}, another kind`]
  if (old instanceof NumberDimension && now instanceof NumberDimension) {
    const { low, high } = old.leaf
    const bounds = [...(now.leaf.low > low ? [`low ${low} → ${now.leaf.low}`] : []), ...(now.leaf.high < high ? [`high ${high} → ${now.leaf.high}`] : [])]
    if (bounds.length > 0) return [`${bounds.join(', ')}, which is narrower`]
    if (old.cells === Infinity) return now.cells === Infinity ? [] : [`${change}, which has only steps of the values`]
  }
  const cells = old.cells <= mostCells ? Array.from({ length: old.cells }, (_, cell) => cell) : [0, 1, old.cells - 1]
  const gone = cells.map((cell) => old.valueAt(cell)).filter((value) => !now.has(value))
  if (gone.length === 0) return []
  return [`${gone.slice(0, 5).map(show).join(', ')}${gone.length > 5 ? ', …' : ''} ${gone.length === 1 ? 'is' : 'are'} gone: ${change}`]
}

function isLooser(old: Constraint<never>, now: Constraint<never>): boolean {
  if (old.kind === 'function') return now.kind === 'function' && old.version === now.version
  if (now.kind === 'function') return false
  const sum = ({ coefficients }: LinearConstraint): string => JSON.stringify(Object.entries(coefficients).sort(([a], [b]) => (a < b ? -1 : 1)))
  return sum(old) === sum(now) && (now.atMost ?? Infinity) >= (old.atMost ?? Infinity) && (now.atLeast ?? -Infinity) <= (old.atLeast ?? -Infinity)
}
