import type { Json, Scalar } from '../contracts/values.ts'
import { AttuneError } from '../errors.ts'
import { linear } from './constraint.ts'
import type { Constraint, FunctionConstraint } from './constraint.ts'
import { checkLeaf } from './check-leaf.ts'
import type { Branches, Definition, Leaf, SpaceNode, OneOf, Prior, Repeat } from './definition.ts'
import { boolean, choice, constant, float, int, logNormal, normal, oneOf, ordinal, repeat } from './builders.ts'
import { isGroup, sharedNodes } from './shared-nodes.ts'
import { show } from './show.ts'

// The JSON form is the definition itself. A node that branches share stands once, under `shared` by its path
// inside the branches, and each branch refers to it by `{ ".kind": "shared" }` at that path.

type JsonObject = { readonly [key: string]: Json }

export const FORMAT = 'attune-space/1'

/** JSON form of one parameter. */
export function leafToJson(leaf: Leaf): JsonObject {
  return withoutUndefined(leaf as unknown as { readonly [key: string]: Json | undefined })
}

export function definitionToJson(definition: Definition): JsonObject {
  return groupToJSON(definition)
}

function withoutUndefined(fields: { readonly [key: string]: Json | undefined }): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter((field): field is [string, Json] => field[1] !== undefined))
}

function groupToJSON(group: Definition, shared?: ReadonlyMap<string, SpaceNode>, inside = ''): JsonObject {
  return Object.fromEntries(Object.entries(group).map(([name, node]) => {
    const path = inside + name
    if (shared?.get(path) === node) return [name, { '.kind': 'shared' }]
    return [name, isGroup(node) ? groupToJSON(node, shared, `${path}.`) : nodeToJSON(node)]
  }))
}

function nodeToJSON(node: SpaceNode): Json {
  if (isGroup(node)) return groupToJSON(node)
  if (node['.kind'] === 'repeat') return { ...(node as Repeat), of: nodeToJSON((node as Repeat).of) } as unknown as Json
  if (node['.kind'] !== 'oneOf') return leafToJson(node as Leaf)
  const { branches, weights } = node as OneOf
  const shared = new Map(sharedNodes(branches).map(({ path, node: common }) => [path, common]))
  return withoutUndefined({
    '.kind': 'oneOf',
    shared: shared.size === 0 ? undefined : Object.fromEntries([...shared].map(([path, common]) => [path, nodeToJSON(common)])),
    branches: Object.fromEntries(Object.entries(branches).map(([name, branch]) => [name, groupToJSON(branch, shared)])),
    weights,
  })
}

function malformed(where: string, value: unknown, remedy: string): never {
  throw new AttuneError('SPACE_JSON', `The JSON form of a space is malformed at ${where === '' ? 'its root' : `'${where}'`}: ${show(value)} ${remedy}.`, { details: { path: where } })
}

function asObject(value: unknown, where: string): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) malformed(where, value, 'should be an object')
  return value as JsonObject
}

/** One parameter from its JSON form. Throws SPACE_JSON. */
export function leafFromJson(json: Json): Leaf {
  return readingSpace(() => {
    const leaf = parseNode(json, 'leaf', 0)
    if (!('low' in leaf || 'values' in leaf)) malformed('leaf', json, 'should be a single parameter')
    checkLeaf(leaf as Leaf, 'leaf')
    return leaf as Leaf
  })
}

/** Paths and leaves of a space defined by running. */
export function leavesFromJson(json: readonly Json[]): readonly (readonly [path: string, leaf: Leaf])[] {
  return json.map((entry, index) => {
    const { path, ...leaf } = asObject(entry, `leaves.${index}`)
    return [typeof path === 'string' ? path : malformed(`leaves.${index}`, entry, 'should have a path'), leafFromJson(leaf)]
  })
}

/** A definition from its JSON form; what compiling it checks is not checked here. */
export function definitionFromJson(json: Json | undefined): Definition {
  return parseGroup(asObject(json, 'space'), 'space', 0)
}

/** Runs what reads JSON; whatever it refuses becomes SPACE_JSON. */
export function readingSpace<T>(read: () => T): T {
  try {
    return read()
  } catch (cause) {
    if (!(cause instanceof AttuneError) || cause.code === 'SPACE_JSON' || cause.code === 'CONSTRAINT') throw cause
    throw new AttuneError('SPACE_JSON', `The JSON form of a space is malformed: ${cause.message}`, { cause, details: cause.details })
  }
}

function parseGroup(json: JsonObject, where: string, level: number, shared?: ReadonlyMap<string, SpaceNode>, inside = ''): Definition {
  if (level > 40) malformed(where, json, 'is nested too deeply')
  return Object.fromEntries(Object.entries(json).map(([name, value]) => [name, parseMember(value, `${where}.${name}`, level, shared, inside + name)]))
}

function parseMember(value: Json, where: string, level: number, shared: ReadonlyMap<string, SpaceNode> | undefined, path: string): SpaceNode {
  const json = asObject(value, where)
  if (json['.kind'] === 'shared') return shared?.get(path) ?? malformed(where, json, 'refers to a shared parameter that is not there')
  return Object.hasOwn(json, '.kind') ? parseNode(json, where, level + 1) : parseGroup(json, where, level + 1, shared, `${path}.`)
}

function parseNode(value: Json | undefined, where: string, level: number): SpaceNode {
  if (level > 40) malformed(where, value, 'is nested too deeply')
  const json = asObject(value, where)
  if (!Object.hasOwn(json, '.kind')) return parseGroup(json, where, level)
  const kind = json['.kind']
  switch (kind) {
    case 'float':
    case 'int': {
      const { low, high, scale, step, prior } = json
      const options = { scale: scale as 'log', ...(step !== undefined && { step: step as number }), ...(prior !== undefined && { prior: parsePrior(prior, where) }) }
      if (typeof low !== 'number' || typeof high !== 'number') malformed(where, json, 'should have two numbers, low and high')
      return kind === 'float' ? float(low, high, options) : int(low, high, options)
    }
    case 'choice':
    case 'ordinal':
    case 'boolean':
    case 'constant': {
      const { values, weights } = json
      if (!Array.isArray(values) || (weights !== undefined && !Array.isArray(weights))) malformed(where, json, 'should have lists of values and weights')
      const list = values as readonly Scalar[]
      if (kind === 'constant' && list.length === 1) return constant(list[0] as Scalar)
      if (kind === 'boolean' && list.length === 2 && list[0] === false && list[1] === true) return boolean(weights && { weight: (weights as readonly number[])[1] as number })
      if (kind === 'constant' || kind === 'boolean') malformed(where, json, 'should have the values of its kind')
      return (kind === 'choice' ? choice : ordinal)(list, weights && { weights: weights as readonly number[] })
    }
    case 'repeat':
      return repeat(parseNode(json['of'], `${where}.of`, level + 1), { min: json['min'] as number, max: json['max'] as number })
    case 'oneOf': {
      const shared = new Map<string, SpaceNode>()
      for (const [path, node] of Object.entries(asObject(json['shared'] ?? {}, `${where}.shared`))) shared.set(path, parseNode(node, `${where}.shared.${path}`, level + 1))
      const branches = Object.fromEntries(Object.entries(asObject(json['branches'], `${where}.branches`)).map(([name, branch]) => {
        const here = `${where}.${name}`
        return [name, parseGroup(asObject(branch, here), here, level + 1, shared)]
      }))
      const weights = json['weights'] === undefined ? {} : { weights: asObject(json['weights'], `${where}.weights`) as { [name: string]: number } }
      return oneOf<Branches>(branches, weights)
    }
    default:
      return malformed(where, kind, 'is not a kind of parameter; the space may come from a newer version, which then has to be installed')
  }
}

function parsePrior(value: Json, where: string): Prior {
  const json = asObject(value, where)
  if (json['kind'] === 'normal') return normal(json['mean'] as number, json['deviation'] as number)
  if (json['kind'] === 'logNormal') return logNormal(json['mu'] as number, json['sigma'] as number)
  return malformed(where, value, 'is not a prior')
}

export function constraintsToJson(constraints: readonly Constraint<never>[]): readonly Json[] {
  return constraints
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map((one) => (one.kind === 'linear' ? withoutUndefined({ ...one }) : { kind: one.kind, name: one.name, version: one.version }))
}

/** Constraints from their JSON form; functions are taken from those given. Throws CONSTRAINT if one is missing or another version. */
export function constraintsFromJson<P>(json: Json | undefined, given: readonly Constraint<P>[]): readonly Constraint<P>[] {
  if (!Array.isArray(json ?? [])) malformed('constraints', json, 'should be a list')
  const parsed = ((json ?? []) as readonly Json[]).map((value): Constraint<P> => {
    const { kind, name, version, coefficients, atMost, atLeast } = asObject(value, 'constraints')
    if (typeof name !== 'string') malformed('constraints', value, 'should have a name')
    if (kind === 'linear') {
      return linear(asObject(coefficients, `constraints.${name}`) as { [path: string]: number }, {
        name,
        ...(atMost !== undefined && { atMost: atMost as number }),
        ...(atLeast !== undefined && { atLeast: atLeast as number }),
      })
    }
    if (kind !== 'function') malformed('constraints', value, 'should be linear or a function')
    const match = given.find((one): one is FunctionConstraint<P> => one.kind === 'function' && one.name === name && one.version === version)
    if (match !== undefined) return match
    throw new AttuneError('CONSTRAINT', `The space has the constraint '${name}' (version ${String(version)}), a function, which is not stored: give it again as constraint('${name}', …, { version: ${String(version)} }).`, { details: { name, version } })
  })
  const extra = given.find((one) => !parsed.some(({ name }) => name === one.name))
  if (extra !== undefined) throw new AttuneError('CONSTRAINT', `The constraint '${extra.name}' is not one of the space's; leave it out, or build a new space.`, { details: { name: extra.name } })
  return parsed
}
