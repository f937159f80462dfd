import type { Json } from '../contracts/values.ts'
import { canonical, differenceOfNodes } from './difference.ts'

interface Form {
  readonly space?: Json
  readonly leaves?: readonly (readonly [path: string, leaf: Json])[]
  readonly constraints?: readonly Json[]
}

function constraintsByName(form: Form): { readonly [name: string]: string } {
  return Object.fromEntries((form.constraints ?? []).map((one) => [(one as { readonly name: string }).name, canonical(one)]))
}

/** What changed from one JSON form of a space to another, one message for each change; empty if they are equal. */
export function differenceOfForms(before: Json, after: Json): readonly string[] {
  const [a, b] = [before as unknown as Form, after as unknown as Form]
  const out: string[] = []
  const tree = ({ space, leaves }: Form): Json => space ?? (Object.fromEntries(leaves ?? []) as Json)
  differenceOfNodes(tree(a), tree(b), '', out)
  const [old, now] = [constraintsByName(a), constraintsByName(b)]
  for (const name of new Set([...Object.keys(old), ...Object.keys(now)])) {
    if (old[name] === now[name]) continue
    out.push(`constraint '${name}': ${old[name] === undefined ? 'added' : now[name] === undefined ? 'removed' : `${old[name]} → ${now[name]}`}`)
  }
  return out
}
