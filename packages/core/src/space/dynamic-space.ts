import type { FlatParams, Scalar } from '../contracts/values.ts'
import { AttuneError } from '../errors.ts'
import { checkLeaf } from './check-leaf.ts'
import { checkName, makeDimension } from './compile.ts'
import type { Leaf } from './definition.ts'
import { describeLeaf } from './describe-leaf.ts'
import { join, refuse } from './layout.ts'
import type { LeafDimension } from './leaf-dimension.ts'

/** More names than anybody writes down: a name is then made of something that changes from trial to trial. */
const MOST_LEAVES = 2_000

type Mutable = { [key: string]: unknown }

/** The nested form of what one trial met of a space defined by running. */
export function nestDynamic(dimensions: readonly LeafDimension[], flat: FlatParams): Mutable {
  const out: Mutable = {}
  for (const { path } of dimensions) {
    if (!Object.hasOwn(flat, path)) continue
    const names = path.split('.')
    const last = names.pop() as string
    let group = out
    for (const name of names) {
      if (!Object.hasOwn(group, name)) group[name] = {}
      group = group[name] as Mutable
    }
    group[last] = flat[path]
  }
  return out
}

/** The inverse of `nestDynamic`. Throws PARAMS at the first that is wrong. */
export function flattenDynamic(byPath: ReadonlyMap<string, LeafDimension>, value: unknown, out: { [path: string]: Scalar }, place: string): void {
  const dimension = byPath.get(place)
  if (dimension !== undefined) {
    if (!dimension.has(value)) refuse(place, value, `give a value of ${describeLeaf(dimension.leaf)}`)
    out[place] = value as Scalar
    return
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    refuse(place, value, place === '' ? 'give an object' : 'no trial has met such a parameter; remove it or correct its name')
  }
  for (const name of Object.keys(value)) {
    if ((value as Mutable)[name] !== undefined) flattenDynamic(byPath, (value as Mutable)[name], out, join(place, name))
  }
}

/** Dimensions with further leaves appended. Throws NAME_FORBIDDEN, DUPLICATE_NAME, DEFINITION (too many) and what is wrong with a leaf. */
export function growDimensions(dimensions: readonly LeafDimension[], leaves: readonly (readonly [path: string, leaf: Leaf])[]): readonly LeafDimension[] {
  const grown = [...dimensions]
  for (const [path, leaf] of leaves) {
    for (const name of path.split('.')) checkName(name, '')
    const clash = grown.find((other) => `${other.path}.`.startsWith(`${path}.`) || `${path}.`.startsWith(`${other.path}.`))
    if (clash !== undefined) {
      throw new AttuneError('DUPLICATE_NAME', `'${path}' and '${clash.path}' cannot both be parameters, since one would hold the other: rename one of them.`, { details: { path } })
    }
    checkLeaf(leaf, path)
    if (grown.length === MOST_LEAVES) {
      throw new AttuneError('DEFINITION', `'${path}' would be parameter ${MOST_LEAVES + 1} of a space defined by running: give the same names in every trial.`, { details: { path } })
    }
    grown.push(makeDimension(leaf, path, grown.length, [], true))
  }
  return grown
}
