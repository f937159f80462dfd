import type { Json } from '../contracts/values.ts'
import { describeLeaf } from './describe-leaf.ts'
import type { Leaf } from './definition.ts'
import { join } from './layout.ts'

type Fields = { readonly [key: string]: Json | undefined }

/** Fields of a node that hold nodes by name. */
const holders = ['branches', 'shared', 'of']

/** What changed from one JSON form of a node to another, one message for each change. */
export function differenceOfNodes(before: Json | undefined, after: Json | undefined, path: string, out: string[]): void {
  if (before === undefined || after === undefined) {
    if (before !== after) out.push(`${path}: ${before === undefined ? `added, ${describe(after as Fields)}` : `removed, was ${describe(before as Fields)}`}`)
    return
  }
  const from = before as Fields
  const to = after as Fields
  if (from['.kind'] !== to['.kind']) {
    out.push(`${path}: ${describe(from)} → ${describe(to)}`)
    return
  }
  const isGroup = from['.kind'] === undefined
  for (const key of new Set([...Object.keys(from), ...Object.keys(to)])) {
    const [a, b] = [from[key], to[key]]
    if (isGroup) differenceOfNodes(a, b, join(path, key), out)
    else if (key === 'of') differenceOfNodes(a, b, join(path, '*'), out)
    else if (holders.includes(key)) differenceOfNodes(a ?? {}, b ?? {}, path, out)
    else if (canonical(a) !== canonical(b)) out.push(`${path}: ${key} ${text(a)} → ${text(b)}`)
  }
}

function text(value: Json | undefined): string {
  return value === undefined ? 'none' : canonical(value)
}

function describe(node: Fields): string {
  const kind = node['.kind']
  if (kind === undefined) return 'a group'
  if (kind === 'shared') return 'shared between branches'
  return kind === 'oneOf' || kind === 'repeat' ? `${kind}(…)` : describeLeaf(node as unknown as Leaf)
}

/** JSON text with sorted keys: equal for equal values. */
export function canonical(value: Json | undefined): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const fields = value as Fields
  return `{${Object.keys(fields).sort().map((key) => `${JSON.stringify(key)}:${canonical(fields[key])}`).join(',')}}`
}
