import type { FlatParams, Scalar } from '../contracts/values.ts'
import { AttuneError } from '../errors.ts'
import { describeLeaf } from './describe-leaf.ts'
import type { LeafDimension } from './leaf-dimension.ts'
import { show } from './show.ts'

/** How nested parameters are made of flat ones: the definition with the paths and dimensions looked up. */
export type Layout = LeafLayout | GroupLayout | OneOfLayout | RepeatLayout

export interface LeafLayout {
  readonly kind: 'leaf'
  readonly path: string
  readonly index: number
}

export interface GroupLayout {
  readonly kind: 'group'
  readonly names: readonly string[]
  readonly parts: readonly Layout[]
}

export interface OneOfLayout {
  readonly kind: 'oneOf'
  /** Of the dimension that says which branch is taken. */
  readonly path: string
  readonly branches: readonly string[]
  readonly parts: readonly GroupLayout[]
}

export interface RepeatLayout {
  readonly kind: 'repeat'
  /** Of the dimension that says how many there are; undefined if the number is fixed. */
  readonly path: string | undefined
  readonly min: number
  readonly parts: readonly Layout[]
}

type Mutable = { [key: string]: unknown }

/** The nested parameters of a flat point that has no problems. */
export function nest(layout: Layout, flat: FlatParams): unknown {
  if (layout.kind === 'leaf') return flat[layout.path]
  if (layout.kind === 'group') return nestInto({}, layout, flat)
  if (layout.kind === 'oneOf') {
    const type = flat[layout.path] as string
    const branch = layout.parts[layout.branches.indexOf(type)]
    if (branch === undefined) throw new AttuneError('PARAMS', `'${layout.path}' is ${show(type)}: it must be one of ${layout.branches.join(', ')}.`, { details: { path: layout.path } })
    return nestInto({ type }, branch, flat)
  }
  const length = layout.path === undefined ? layout.min : (flat[layout.path] as number)
  const list: unknown[] = []
  for (let i = 0; i < length; i++) list.push(nest(layout.parts[i] as Layout, flat))
  return list
}

function nestInto(out: Mutable, { names, parts }: GroupLayout, flat: FlatParams): Mutable {
  for (let i = 0; i < names.length; i++) {
    const part = parts[i] as Layout
    out[names[i] as string] = part.kind === 'leaf' ? flat[part.path] : nest(part, flat)
  }
  return out
}

/** Writes the flat form of nested parameters into `out`; `place` is where the value stands. Throws PARAMS at the first that is wrong. */
export function flatten(layout: Layout, value: unknown, out: { [path: string]: Scalar }, place: string, dimensions: readonly LeafDimension[]): void {
  if (layout.kind === 'leaf') {
    const dimension = dimensions[layout.index] as LeafDimension
    if (!dimension.has(value)) refuse(place, value, `give a value of ${describeLeaf(dimension.leaf)}`)
    out[layout.path] = value as Scalar
    return
  }
  if (layout.kind === 'repeat') {
    const { path, min, parts } = layout
    if (!Array.isArray(value) || value.length < min || value.length > parts.length) {
      refuse(place, value, `give an array of ${min === parts.length ? min : `${min} to ${parts.length}`} elements`)
    }
    if (path !== undefined) out[path] = value.length
    value.forEach((element, i) => flatten(parts[i] as Layout, element, out, `${place}.${i}`, dimensions))
    return
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) refuse(place, value, 'give an object')
  let group = layout as GroupLayout
  if (layout.kind === 'oneOf') {
    const type = Object.hasOwn(value, 'type') ? (value as Mutable)['type'] : undefined
    const branch = layout.parts[layout.branches.indexOf(type as string)]
    if (branch === undefined) refuse(join(place, 'type'), type, `give one of ${layout.branches.join(', ')}`)
    out[layout.path] = type as string
    group = branch
  }
  for (const name of Object.keys(value)) {
    if ((value as Mutable)[name] === undefined || group.names.includes(name) || (name === 'type' && group !== layout)) continue
    refuse(join(place, name), (value as Mutable)[name], `there is no such parameter here, only ${group.names.join(', ') || 'none'}; remove it or correct its name`)
  }
  group.names.forEach((name, i) => {
    flatten(group.parts[i] as Layout, Object.hasOwn(value, name) ? (value as Mutable)[name] : undefined, out, join(place, name), dimensions)
  })
}

/** Number of different points of a layout. */
export function sizeOf(layout: Layout, dimensions: readonly LeafDimension[]): number {
  if (layout.kind === 'leaf') return (dimensions[layout.index] as LeafDimension).cells
  if (layout.kind === 'group') return layout.parts.reduce((size, part) => size * sizeOf(part, dimensions), 1)
  if (layout.kind === 'oneOf') return layout.parts.reduce((size, part) => size + sizeOf(part, dimensions), 0)
  let size = 0
  let product = 1
  for (let length = 0; length <= layout.parts.length; length++) {
    if (length > 0) product *= sizeOf(layout.parts[length - 1] as Layout, dimensions)
    if (length >= layout.min) size += product
  }
  return size
}

export function join(place: string, name: string): string {
  return place === '' ? name : `${place}.${name}`
}

export function refuse(place: string, value: unknown, remedy: string): never {
  const where = place === '' ? 'The parameters' : `'${place}'`
  throw new AttuneError('PARAMS', value === undefined ? `${where} is missing: ${remedy}.` : `${where} is ${show(value)}: ${remedy}.`, { details: { path: place, value } })
}
