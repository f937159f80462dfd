import type { Json } from '../contracts/values.ts'
import { canonicalJson } from './canonical-json.ts'
import type { Leaf } from './definition.ts'
import { describeLeaf } from './describe-leaf.ts'
import { join } from './layout.ts'

type Fields = { readonly [key: string]: Json }

/** What changed from one JSON form of a space to another, a message for each change. */
export function differenceOfForms(before: Json, after: Json): readonly string[] {
  const out: string[] = []
  compareNodes(treeOf(before), treeOf(after), '', out)
  const [from, to] = [constraintsOf(before), constraintsOf(after)]
  for (const name of keysOf(from, to)) {
    const [a, b] = [from[name], to[name]]
    if (text(a) !== text(b)) out.push(`constraint '${name}': ${a === undefined ? 'added' : b === undefined ? 'removed' : change(a, b)}`)
  }
  return out
}

function treeOf(json: Json): Fields {
  const { space, leaves } = json as { readonly space?: Fields; readonly leaves?: readonly Fields[] }
  return space ?? Object.fromEntries((leaves ?? []).map(({ path, ...leaf }) => [path as string, leaf]))
}

function constraintsOf(json: Json): Fields {
  const { constraints = [] } = json as { readonly constraints?: readonly Fields[] }
  return Object.fromEntries(constraints.map(({ name, ...rest }) => [name as string, rest]))
}

function compareNodes(from: Fields | undefined, to: Fields | undefined, path: string, out: string[]): void {
  if (from === undefined || to === undefined || from['.kind'] !== to['.kind']) {
    out.push(`${path}: ${from === undefined ? `added, ${describe(to as Fields)}` : to === undefined ? `removed, was ${describe(from)}` : `${describe(from)} → ${describe(to)}`}`)
    return
  }
  const isGroup = from['.kind'] === undefined
  for (const key of keysOf(from, to)) {
    const [a, b] = [from[key] as Fields | undefined, to[key] as Fields | undefined]
    if (text(a) === text(b)) continue
    if (isGroup) compareNodes(a, b, join(path, key), out)
    else if (key === 'of') compareNodes(a, b, `${path}.*`, out)
    else if (key === 'branches' || key === 'shared') compareNodes(a ?? {}, b ?? {}, path, out)
    else out.push(`${path}: ${key} ${change(a, b)}`)
  }
}

function keysOf(from: Fields, to: Fields): ReadonlySet<string> {
  return new Set([...Object.keys(from), ...Object.keys(to)])
}

function change(from: Json | undefined, to: Json | undefined): string {
  return `${text(from)} → ${text(to)}`
}

function text(value: Json | undefined): string {
  return value === undefined ? 'none' : canonicalJson(value)
}

function describe(node: Fields): string {
  const kind = node['.kind']
  if (kind === undefined) return `{ ${Object.keys(node).join(', ')} }`.replace('{  }', '{}')
  if (kind === 'shared') return 'shared by branches'
  if (kind === 'repeat') return `repeat(…, { min: ${text(node['min'])}, max: ${text(node['max'])} })`
  return kind === 'oneOf' ? `oneOf({ ${Object.keys(node['branches'] as Fields).join(', ')} })` : describeLeaf(node as unknown as Leaf)
}
