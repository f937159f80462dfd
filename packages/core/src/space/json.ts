import type { Json } from '../contracts/values.ts'
import { AttuneError } from '../errors.ts'
import { levelLeaf, numberLeaf, oneOf, repeat } from './builders.ts'
import { checkLeaf, isLeaf } from './check-leaf.ts'
import { linear } from './constraint.ts'
import type { Constraint, FunctionConstraint } from './constraint.ts'
import type { Branches, Definition, Leaf, Repeat, SpaceNode } from './definition.ts'
import { isGroup, sharedNodes } from './shared-nodes.ts'
import { show } from './show.ts'

// The JSON form is the definition itself. A node that branches share stands once, under `shared` by its path
// inside the branches, and each branch refers to it by `{ ".kind": "shared" }` at that path.

type JsonObject = { readonly [key: string]: Json }

type SharedByPath = ReadonlyMap<string, SpaceNode>

export const FORMAT = 'attune-space/1'

/** Levels of a JSON form that are read: more than a space may have, and few enough for the stack. */
const MOST_LEVELS = 100

/** JSON form of one parameter. */
export function leafToJson(leaf: Leaf): JsonObject {
  return withoutUndefined(leaf as unknown as { readonly [key: string]: Json | undefined })
}

function withoutUndefined(fields: { readonly [key: string]: Json | undefined }): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter((field): field is [string, Json] => field[1] !== undefined))
}

export function groupToJson(group: Definition, shared?: SharedByPath, inside = ''): JsonObject {
  return mapValues(group, (node, name) => {
    const path = inside + name
    if (shared !== undefined && shared.get(path) === node) return { '.kind': 'shared' }
    return isGroup(node) ? groupToJson(node, shared, `${path}.`) : nodeToJson(node)
  })
}

function nodeToJson(node: SpaceNode): Json {
  if (isGroup(node)) return groupToJson(node)
  if (node['.kind'] === 'repeat') return { ...node, of: nodeToJson(node.of) }
  if (node['.kind'] !== 'oneOf') return leafToJson(node)
  const { branches, weights } = node
  const shared = new Map(sharedNodes(branches).map((one) => [one.path, one.node]))
  return withoutUndefined({
    '.kind': 'oneOf',
    shared: shared.size === 0 ? undefined : mapValues(Object.fromEntries(shared), nodeToJson),
    branches: mapValues(branches, (branch) => groupToJson(branch, shared)),
    weights,
  })
}

/** Keeps every name its own, `__proto__` too, so that compiling can refuse it. */
function mapValues<A, B>(object: { readonly [name: string]: A }, map: (value: A, name: string) => B): { readonly [name: string]: B } {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, map(value, name)]))
}

/** Runs what reads JSON; what the parts of a space refuse becomes SPACE_JSON. */
export function readingSpace<T>(read: () => T): T {
  try {
    return read()
  } catch (cause) {
    if (!(cause instanceof AttuneError) || cause.code === 'SPACE_JSON' || cause.code === 'CONSTRAINT') throw cause
    throw new AttuneError('SPACE_JSON', `The JSON form of a space is malformed: ${cause.message}`, { cause, details: cause.details })
  }
}

function malformed(where: string, value: unknown, remedy: string): never {
  throw new AttuneError('SPACE_JSON', `The JSON form of a space is malformed at '${where}': ${show(value)} ${remedy}.`, { details: { path: where } })
}

function asObject(value: Json | undefined, where: string): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) malformed(where, value, 'should be an object')
  return value as JsonObject
}

/** One parameter from its JSON form. Throws SPACE_JSON. */
export function leafFromJson(json: Json, path = 'leaf'): Leaf {
  return readingSpace(() => {
    const leaf = nodeFromJson(json, path, 0)
    if (!isLeaf(leaf)) malformed(path, json, 'should be one parameter')
    checkLeaf(leaf, path)
    return leaf
  })
}

/** A definition from its JSON form; what compiling refuses is not looked for. */
export function groupFromJson(json: Json | undefined, where: string, level = 0, shared?: SharedByPath, inside = ''): Definition {
  if (level > MOST_LEVELS) malformed(where, json, 'is nested too deeply')
  return mapValues(asObject(json, where), (value, name) => nodeFromJson(value, `${where}.${name}`, level + 1, shared, inside + name))
}

function nodeFromJson(json: Json | undefined, where: string, level: number, shared?: SharedByPath, path = ''): SpaceNode {
  const node = asObject(json, where)
  const kind = node['.kind']
  if (kind === undefined) return groupFromJson(node, where, level, shared, `${path}.`)
  if (kind === 'shared') return shared?.get(path) ?? malformed(where, json, 'refers to a shared parameter that is not there')
  if (kind === 'oneOf') {
    const common = new Map(Object.entries(mapValues(asObject(node['shared'] ?? {}, where), (value, name) => nodeFromJson(value, `${where}.${name}`, level + 1))))
    const branches = mapValues(asObject(node['branches'], where), (branch, name) => groupFromJson(branch, `${where}.${name}`, level + 1, common))
    return oneOf<Branches>(branches, node)
  }
  if (kind === 'repeat') return repeat(nodeFromJson(node['of'], `${where}.*`, level + 1), node as unknown as Repeat)
  const fields = node as unknown as Leaf
  return 'values' in fields ? levelLeaf(fields['.kind'], fields.values, fields.weights) : numberLeaf(fields['.kind'], fields.low, fields.high, fields)
}

export function constraintsToJson(constraints: readonly Constraint<never>[]): readonly Json[] {
  return constraints
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map((one) => (one.kind === 'linear' ? withoutUndefined({ ...one }) : { kind: one.kind, name: one.name, version: one.version }))
}

/** Constraints from their JSON form; functions are taken from those given. Throws CONSTRAINT if one is missing or another version. */
export function constraintsFromJson<P>(json: Json, given: readonly Constraint<P>[]): readonly Constraint<P>[] {
  if (!Array.isArray(json)) malformed('constraints', json, 'should be a list')
  const parsed = (json as readonly Json[]).map((value): Constraint<P> => {
    const one = asObject(value, 'constraints')
    const { kind, name, version } = one
    if (kind === 'linear') return linear(asObject(one['coefficients'], 'constraints') as { [path: string]: number }, one)
    const match = given.find((other): other is FunctionConstraint<P> => other.kind === 'function' && other.name === name && other.version === version)
    if (match !== undefined) return match
    if (kind !== 'function') malformed('constraints', kind, 'should be linear or function')
    throw new AttuneError('CONSTRAINT', `The space has a constraint ${show(name)} (version ${show(version)}), a function, which is not stored: give it again as constraint(${show(name)}, …, { version: ${show(version)} }).`, { details: { name, version } })
  })
  const extra = given.find((one) => !parsed.some(({ name }) => name === one.name))
  if (extra === undefined) return parsed
  throw new AttuneError('CONSTRAINT', `The constraint ${show(extra.name)} is not one of the space's; leave it out, or build a new space.`, { details: { name: extra.name } })
}
