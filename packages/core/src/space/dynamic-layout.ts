import type { FlatParams, Scalar } from '../contracts/values.ts'
import { describeLeaf } from './describe-leaf.ts'
import { join, refuse } from './layout.ts'
import type { LeafDimension } from './leaf-dimension.ts'

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
